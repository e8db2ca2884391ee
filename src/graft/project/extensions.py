"""``packageExtensions``: lines that a project adds to what packages say of themselves.

They mend packages that forgot to name something. What a package does say stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.model.manifest import Manifest
from graft.model.names import is_sound, split_spec
from graft.model.requirement import Kind, Requirement
from graft.versions.specifier import parse_specifier
from graft.versions.version import version_in_graph

_META = "peerDependenciesMeta"
# Later ones win where two name the same package, as npm has it.
_SECTIONS = {
    "peerDependencies": Kind.PEER,
    "dependencies": Kind.PROD,
    "optionalDependencies": Kind.OPTIONAL,
}


class Extension(Record):
    """``lines`` by local name, ``soft`` the peers that become optional."""

    name: str
    range: str
    lines: tuple[Requirement, ...]
    soft: frozenset[str]


class Extensions:
    """``texts`` maps each key, ``pkg`` or ``pkg@range``, to what it adds, as compact JSON."""

    def __init__(self, texts: Mapping[str, str], by_key: Mapping[str, Extension]) -> None:
        self.texts = dict(sorted(texts.items()))
        self._by_name: dict[str, list[Extension]] = {}
        for key in self.texts:
            self._by_name.setdefault(by_key[key].name, []).append(by_key[key])

    def apply(self, manifest: Manifest) -> Manifest:
        """The manifest with all that is added to it."""
        for extension in self._by_name.get(manifest.name, ()):
            if _is_for(extension.name, extension.range, manifest):
                manifest = _extended(manifest, extension)
        return manifest


def read_extensions(said: Mapping[str, Mapping[str, Any]], *, where: str) -> Extensions:
    """``said`` maps each place to what was written there. Raises ``extension-unsupported``, and
    ``override-conflict`` where two places say different things of one key."""
    texts: dict[str, str] = {}
    places: dict[str, str] = {}
    by_key: dict[str, Extension] = {}
    for place, entries in said.items():
        for key, value in entries.items():
            extension, text = _read(key, value, place, where)
            if texts.setdefault(key, text) != text:
                raise GraftError(
                    "override-conflict",
                    f"two extensions of '{key}' differ",
                    where=where,
                    why=[f"{places[key]} says {texts[key]}", f"{place} says {text}"],
                    fix="say it in one of the two places, or the same in both",
                )
            places.setdefault(key, place)
            by_key[key] = extension
    return Extensions(texts, by_key)


def _canonical(value: Any) -> str:
    """The same text for the same value, as locks have it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def changed(before: Mapping[str, str], now: Extensions | None) -> Callable[[Manifest], bool]:
    """Whether something else is added to a manifest now than when a lock was made, whose
    extensions were ``before``."""
    texts = now.texts if now else {}
    keys = [key for key in before.keys() | texts.keys() if before.get(key) != texts.get(key)]
    apart = [split_spec(key) for key in keys]
    return lambda manifest: any(_is_for(name, range, manifest) for name, range in apart)


def _read(key: str, value: Any, place: str, where: str) -> tuple[Extension, str]:
    name, range = split_spec(key)
    if not is_sound(name):
        raise _refused(key, f"'{name}' is not a package name", place, where)
    if range and parse_specifier(name, range).range is None:
        raise _refused(key, f"'{range}' is not a range", place, where)
    if not isinstance(value, dict):
        raise _refused(key, "it is not an object", place, where)
    unknown = sorted(value.keys() - {*_SECTIONS, _META})
    if unknown:
        raise _refused(key, f"{unknown[0]} cannot be extended", place, where)
    soft = frozenset(_optional_peers(key, value.get(_META), place, where))
    found = {
        local: Requirement(local=local, specifier="*", kind=Kind.PEER, optional=True)
        for local in soft
    }
    said: dict[str, Any] = {_META: {local: {"optional": True} for local in sorted(soft)}}
    for section, kind in _SECTIONS.items():
        said[section] = _lines(key, value.get(section), section, place, where)
        for local, specifier in said[section].items():
            found[local] = Requirement(
                local=local,
                specifier=specifier,
                kind=kind,
                optional=kind is Kind.OPTIONAL or (kind is Kind.PEER and local in soft),
            )
    lines = tuple(sorted(found.values(), key=lambda line: line.local))
    text = _canonical({section: entries for section, entries in said.items() if entries})
    return Extension(name=name, range=range, lines=lines, soft=soft), text


def _lines(key: str, said: Any, section: str, place: str, where: str) -> dict[str, str]:
    entries = said or {}
    if not isinstance(entries, dict):
        raise _refused(key, f"{section} is not an object of name: version", place, where)
    for local, specifier in entries.items():
        if not is_sound(local) or not isinstance(specifier, str):
            raise _refused(key, f"'{local}' in {section} is not a name and a version", place, where)
    return entries


def _optional_peers(key: str, said: Any, place: str, where: str) -> list[str]:
    entries = said or {}
    if not isinstance(entries, dict) or not all(map(is_sound, entries)):
        raise _refused(key, f"{_META} is not an object of names", place, where)
    # YAML's true is read as the text that it is.
    yes = (True, "true")
    return [k for k, v in entries.items() if isinstance(v, dict) and v.get("optional") in yes]


def _extended(manifest: Manifest, extension: Extension) -> Manifest:
    """npm's rules for who wins where a name stands in two sections hold here too: optional, then
    prod, then peer."""
    found = {requirement.local: requirement for requirement in manifest.requirements}
    for line in extension.lines:
        own = found.get(line.local)
        if own is None or _WEIGHT[line.kind] > _WEIGHT[own.kind]:
            found[line.local] = line
        elif own.kind is Kind.PEER and line.local in extension.soft:
            found[line.local] = replace(own, optional=True)
    ordered = tuple(sorted(found.values(), key=lambda requirement: requirement.local))
    return replace(manifest, requirements=ordered)


_WEIGHT = {Kind.PEER: 0, Kind.PROD: 1, Kind.DEV: 1, Kind.OPTIONAL: 2}


def _is_for(name: str, range: str, manifest: Manifest) -> bool:
    if name != manifest.name:
        return False
    wanted = parse_specifier(name, range).range if range else None
    return wanted is None or wanted.contains(version_in_graph(manifest.version))


def _refused(key: str, reason: str, place: str, where: str) -> GraftError:
    return GraftError(
        "extension-unsupported",
        f"the extension of '{key}' cannot be kept: {reason}",
        where=where,
        why=[f"it stands in {place}"],
        fix=f'write "{key}": {{"dependencies": {{"<name>": "<range>"}}}}, or peers likewise',
    )
