"""Descriptors as text: a version put behind the others, a yank put into one that is there.

What is there stays as it is, comments, order and all. Whoever writes the result reads it first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from graft.indices.descriptor import Archive, Descriptor, Release
from graft.indices.gate import shown
from graft.indices.toml_descriptor import SECTIONS, SPEC
from graft.model.integrity import parse_integrity
from graft.model.namespaces import DEFAULT
from graft.model.requirement import Requirement
from graft.project.toml_lines import key_places
from graft.versions.specifier import INDEX

_BARE = re.compile("[A-Za-z0-9_-]+")


def new_descriptor(descriptor: Descriptor) -> str:
    """All but its versions."""
    lines = [
        f"spec = {SPEC}",
        f"namespace = {quoted(descriptor.namespace or DEFAULT)}",
        f"name = {quoted(descriptor.name)}",
    ]
    for key in ("description", "license", "repository"):
        said = getattr(descriptor, key)
        if said:
            lines.append(f"{key} = {quoted(said)}")
    return "\n".join(lines) + "\n"


def with_release(text: str, release: Release) -> str:
    """``text`` with the release at its end."""
    table = f"versions.{quoted(release.text)}"
    parts = [f"[{table}]", *_head(release)]
    for section in SECTIONS:
        found = [each for each in release.requirements if _section(each) == section]
        if found:
            parts += ["", f"[{table}.{section}]"]
            parts += [_asked(requirement) for requirement in found]
    newline = "\r\n" if "\r\n" in text else "\n"
    return text.rstrip() + 2 * newline + newline.join([*parts, ""])


def with_yank(text: str, version: str, reason: str) -> str | None:
    """``text`` with the version yanked for ``reason``, or not any more if that is empty. None where
    the version has no table with a header of its own."""
    places = key_places(text.replace("\r\n", "\n"))
    header, yanked = (places.get(("versions", version, *key)) for key in ((), ("yanked",)))
    if header is None or not header.is_header or (yanked and "\n" in yanked.value):
        return None
    lines = text.split("\n")
    end = "\r" if lines[header.line - 1].endswith("\r") else ""
    if yanked is not None:
        del lines[yanked.line - 1]
    if reason:
        lines.insert(header.line, f"yanked = {quoted(reason)}{end}")
    if lines[-1] and reason:
        lines.append("")
    return "\n".join(lines)


def quoted(text: str) -> str:
    """A text as TOML writes it."""
    said = json.dumps(text.encode(errors="replace").decode(), ensure_ascii=False)
    return said.replace("\x7f", "\\u007f")


def _head(release: Release) -> Iterable[str]:
    (archive,) = release.archives
    yield from _source(archive)
    for field in ("os", "cpu", "libc"):
        words = getattr(archive.platforms, field)
        if words:
            yield f"{field} = [{', '.join(map(quoted, words))}]"
    if release.node:
        yield f"node = {quoted(release.node)}"
    if release.has_scripts:
        yield "install-scripts = true"
    if release.bins:
        yield f"bins = {_inline(dict(release.bins))}"


def _source(archive: Archive) -> Iterable[str]:
    urls = [quoted(url) for url in archive.urls]
    yield f"url = {urls[0]}" if len(urls) == 1 else f"url = [{', '.join(urls)}]"
    integrity = parse_integrity(archive.integrity)
    if integrity.algorithm == "sha256":
        yield f'sha256 = "{integrity.digest.hex()}"'
    else:
        yield f"integrity = {quoted(str(integrity))}"


def _section(requirement: Requirement) -> str:
    kind = (
        requirement.kind,
        requirement.optional,
        requirement.specifier.startswith(INDEX),
    )
    return next((section for section, each in SECTIONS.items() if each == kind), "")


def _asked(requirement: Requirement) -> str:
    text = requirement.specifier.removeprefix(INDEX)
    name = requirement.local
    key = shown(name) if requirement.specifier.startswith(INDEX) else name
    return f"{_key(key)} = {quoted(text)}"


def _inline(table: Mapping[str, str]) -> str:
    pairs = (f"{_key(key)} = {quoted(value)}" for key, value in table.items())
    return f"{{ {', '.join(pairs)} }}"


def _key(text: str) -> str:
    return text if _BARE.fullmatch(text) else quoted(text)
