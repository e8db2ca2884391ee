"""``yarn.lock`` of yarn 1. An entry begins with all requirements that it answers:

    "@s/a@^1.0.0", "@s/a@^1.1.0":
      version "1.2.0"
      resolved "https://registry.example.com/@s/a/-/a-1.2.0.tgz#<sha1 in hexadecimal>"
      integrity sha512-…
      dependencies:
        b "^2.0.0"

It does not say what the project itself asks for.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from graft.lockfile.foreign.faults import unreadable
from graft.lockfile.foreign.fields import text, texts
from graft.lockfile.foreign.lock import ForeignLock, package, source_kind
from graft.lockfile.foreign.patterns import Patterns
from graft.lockfile.foreign.pins import Pin, pin
from graft.lockfile.foreign.places import between
from graft.model.names import split_spec
from graft.versions.specifier import parse_specifier

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",:][^\s",]*?))(?=[\s,:]|$)')
_SHA1 = re.compile(r"#([0-9a-f]{40})$")


def read(data: bytes, where: str) -> ForeignLock:
    """Raises ``import-unreadable``, and ValueError for a field that makes no sense."""
    entries = _parse(data.decode("utf-8-sig"), where)
    patterns: dict[str, str] = {}
    names: dict[str, str] = {}
    left_out: dict[str, str] = {}
    pins: dict[tuple[str, str], Pin] = {}
    for keys, said in entries.items():
        for key in keys:
            patterns[key] = keys[0]
        local, specifier = split_spec(keys[0])
        asked = parse_specifier(local, specifier)
        names[keys[0]] = asked.package
        kind = asked.foreign or source_kind(text(said, "version"))
        if kind:
            left_out[keys[0]] = kind
            known = pin(keys[0], text(said, "resolved"), text(said, "integrity"))
            if known is not None:
                pins |= {split_spec(key): known for key in keys}
    lookup = Patterns(patterns)
    owners = {keys[0]: lookup.edges(_asked(said)) for keys, said in entries.items()}
    kept = patterns.keys() & (owners.keys() - left_out.keys())
    found = between(owners, kept)
    return ForeignLock(
        format="yarn classic lockfile 1",
        patterns={pattern: id for pattern, id in patterns.items() if id in kept},
        packages={
            keys[0]: package(
                names[keys[0]], text(said, "version"), _integrity(said), found[keys[0]]
            )
            for keys, said in entries.items()
            if keys[0] in kept
        },
        left_out=left_out,
        pins=pins,
    )


def _asked(said: dict[str, Any]) -> list[tuple[str, str, bool]]:
    sections = (("dependencies", False), ("optionalDependencies", True))
    return [(*item, soft) for section, soft in sections for item in texts(said, section).items()]


def _integrity(said: dict[str, Any]) -> str:
    """The oldest locks have a sha1 behind the archive's address, and nothing else."""
    sha1 = _SHA1.search(text(said, "resolved"))
    if text(said, "integrity") or not sha1:
        return text(said, "integrity")
    return f"sha1-{base64.b64encode(bytes.fromhex(sha1[1])).decode()}"


def _parse(source: str, where: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Entries by their requirements. Depth is two blanks a level, and there are three levels."""
    entries: dict[tuple[str, ...], dict[str, Any]] = {}
    section: dict[str, str] | None = None
    current: dict[str, Any] | None = None
    for number, line in enumerate(source.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        depth = len(line) - len(line.lstrip(" "))
        words, opens = _words(line)
        if depth == 0 and words and opens:
            current, section = entries.setdefault(tuple(words), {}), None
        elif depth == 2 and current is not None and len(words) == 1 and opens:
            section = current.setdefault(words[0], {})
        elif depth == 2 and current is not None and len(words) == 2 and not opens:
            current[words[0]] = words[1]
        elif depth == 4 and section is not None and len(words) == 2 and not opens:
            section[words[0]] = words[1]
        else:
            raise unreadable(where, "the line makes no sense here", line=number)
    return entries


def _words(line: str) -> tuple[list[str], bool]:
    """The words of a line, and whether it ends in a colon; no words if it cannot be read."""
    words = []
    at = 0
    rest = line.rstrip()
    opens = rest.endswith(":")
    rest = rest[:-1] if opens else rest
    while at < len(rest):
        found = _TOKEN.match(rest, at)
        if found is None:
            return [], opens
        quoted, bare = found.groups()
        words.append(bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
        if rest[at : at + 1] == ",":
            at += 1
    return words, opens
