"""Which commit a git source means, from what a repository says of its branches and tags."""

from __future__ import annotations

import re
from collections.abc import Mapping

from graft.model.origins import is_commit
from graft.versions.npm import parse_range
from graft.versions.source_text import GitSource
from graft.versions.version import Version, parse_version

# npm finds a version at the end of a tag: v1.2.3, release-1.2.3, tool@1.2.3.
_VERSION = re.compile(r"v?(\d+\.\d+\.\d+(?:[-+].+)?)$")
_TAGS = "refs/tags/"
_PEELED = "^{}"


def read_refs(listed: str) -> dict[str, str]:
    """``git ls-remote`` -> ref -> commit; a tag with an object of its own is what it points at."""
    refs: dict[str, str] = {}
    peeled: dict[str, str] = {}
    for line in listed.splitlines():
        commit, _, ref = line.partition("\t")
        if is_commit(commit) and ref:
            if ref.endswith(_PEELED):
                peeled[ref.removesuffix(_PEELED)] = commit
            else:
                refs[ref] = commit
    return refs | peeled


def commit_of(source: GitSource, refs: Mapping[str, str]) -> tuple[str, str] | None:
    """The ref that is meant and its commit. None if no ref is."""
    if source.range:
        return _newest(source.range, refs)
    ref = source.ref
    tries = (f"{_TAGS}{ref}", f"refs/heads/{ref}", f"refs/{ref}", f"refs/{ref}/head", ref)
    for name in tries if ref else ("HEAD",):
        if name in refs:
            return name, refs[name]
    return None


def tagged_versions(refs: Mapping[str, str]) -> list[tuple[Version, str]]:
    found = []
    for ref in refs:
        match = _VERSION.search(ref) if ref.startswith(_TAGS) else None
        if match:
            try:
                found.append((parse_version(match[1]), ref))
            except ValueError:
                continue
    return sorted(found, key=lambda pair: (pair[0].key, pair[1]))


def _newest(text: str, refs: Mapping[str, str]) -> tuple[str, str] | None:
    range = parse_range(text)
    fitting = [ref for version, ref in tagged_versions(refs) if range.contains(version)]
    return (fitting[-1], refs[fitting[-1]]) if fitting else None
