"""One dependency of ``graft.toml``: a version, or an inline table that says more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.versions.specifier import INDEX

# What makes a table a dependency, and not a namespace with dependencies in it.
SOURCES = ("version", "path", "git", "workspace")
REFS = ("rev", "tag", "branch")
KEYS = (*SOURCES, *REFS, "optional", "editable")
# Where the clones are that are worked in, in the folder of who asks for them.
EDITABLES = "editable"
_REF_FOLDERS = {"rev": "", "tag": "refs/tags/", "branch": "refs/heads/"}
_GIT_URLS = ("https://", "http://", "ssh://", "file://")


def is_inline(value: object) -> bool:
    return isinstance(value, dict) and any(key in value for key in SOURCES)


def specifier_of(entry: str | Mapping[str, Any], name: str, *, is_index: bool) -> str:
    """What ``package.json`` would say of the same; ``index:`` and a constraint for a version of an
    index package. The entry is sound: ``wrong_entry`` has nothing to say of it."""
    said = {"version": entry} if isinstance(entry, str) else entry
    if "workspace" in said:
        return f"workspace:{'*' if said['workspace'] is True else said['workspace']}"
    if "path" in said:
        return f"file:{said['path']}"
    if "git" in said:
        return f"link:{EDITABLES}/{name}" if said.get("editable") else git_specifier(said)
    return f"{INDEX}{said['version']}" if is_index else said["version"]


def wrong_entry(entry: str | Mapping[str, Any], *, is_index: bool) -> Iterator[str]:
    """What is wrong with it."""
    if isinstance(entry, str):
        yield from _wrong_version(entry, is_index)
        return
    wrong_types = list(_wrong_types(entry))
    yield from wrong_types
    if wrong_types:
        return
    sources = [key for key in SOURCES if key in entry and key != "version"]
    refs = [key for key in REFS if key in entry]
    if len(sources) > 1:
        yield f"{' and '.join(sources)} are two sources; name one"
    if len(refs) > 1:
        yield f"{' and '.join(refs)} are two commits to take; name one"
    if refs and "git" not in entry:
        yield f"{refs[0]} says which commit, but git does not say of which repository"
    if entry.get("editable") and "git" not in entry:
        yield "editable is for what git says; a folder of the project can be edited anyway"
    if "version" in entry:
        yield from _wrong_version(entry["version"], is_index)
    if "git" in entry and len(refs) < 2:
        yield from _wrong_git(entry)
    path = entry.get("path", ".")
    if not path or not path.isprintable():
        yield f"path is {path!r}, which is no folder"


def _wrong_types(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in ("version", "path", "git", *REFS):
        if not isinstance(entry.get(key, ""), str):
            yield f"{key} is not a text"
    for key in ("optional", "editable"):
        if not isinstance(entry.get(key, False), bool):
            yield f"{key} is neither true nor false"
    workspace = entry.get("workspace", True)
    if not (workspace is True or (isinstance(workspace, str) and workspace)):
        yield "workspace is neither true nor a range"


def _wrong_version(text: str, is_index: bool) -> Iterator[str]:
    if not is_index:
        if not text.isprintable():
            yield f"{text!r} is no version"
        return
    from graft.versions.index_constraint import parse_constraint
    from graft.versions.mistakes import read_each

    for mistake in read_each(parse_constraint, [("", text)])[1]:
        yield str(mistake)


def _wrong_git(entry: Mapping[str, Any]) -> Iterator[str]:
    from graft.versions.source_text import GitSource, parse_source

    if "#" in entry["git"]:
        yield "git holds a '#'; name the commit by rev, tag or branch"
        return
    if any(key in entry and not entry[key] for key in REFS):
        yield "rev, tag and branch cannot be empty"
        return
    try:
        if not isinstance(parse_source(git_specifier(entry)), GitSource):
            yield "git is not the URL of a repository"
    except GraftError as error:
        yield error.diagnostic.message


def git_specifier(said: Mapping[str, Any]) -> str:
    """The repository of an entry, and what of it."""
    url = said["git"]
    address = f"git+{url}" if url.startswith(_GIT_URLS) else url
    from urllib.parse import quote  # costs more to load than most files of this kind to read

    ref = next((f"{_REF_FOLDERS[key]}{quote(said[key])}" for key in REFS if key in said), "")
    return f"{address}#{ref}" if ref else address
