"""Catalogues and problems as JSON has them, for the flat solver.

A catalogue is ``{package: {version: [dependency]}}``; a problem has the reference's field names.
Whatever does not look like that raises MalformedError or one of KeyError, TypeError, ValueError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from graft.resolve.flat.problem import Candidate, Dependency, Problem
from graft.versions.index_dependency import parse_dependency, parse_package_constraint
from graft.versions.index_version import parse_index_version
from graft.versions.intervals import IntervalSet
from graft.versions.ranges import NOTHING, Range
from graft.versions.version import Version, after

Written = Mapping[str, Mapping[str, Sequence[str]]]

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "solver"


class WrittenCatalogue:
    """Reads each text when it is asked for. ``asked`` counts the packages that were read whole."""

    def __init__(self, packages: Written) -> None:
        self._packages = packages
        self.asked = 0

    def candidates(self, name: str) -> list[Candidate] | None:
        self.asked += 1
        versions = self._packages.get(name)
        if versions is None:
            return None
        return [Candidate(parse_index_version(text), text) for text in versions]

    def candidate(self, name: str, version: Version) -> Candidate | None:
        versions = self._packages.get(name, {})
        plain = str(version)
        if "+" in "".join(versions):
            same = [text for text in versions if text.partition("+")[0] == plain]
        else:
            same = [plain] if plain in versions else []
        return Candidate(parse_index_version(same[0]), same[0]) if len(same) == 1 else None

    def dependencies(self, name: str, candidate: Candidate) -> list[Dependency]:
        found = []
        for text in self._packages[name][candidate.text]:
            read = parse_dependency(text)
            found.append(Dependency(read.name, read.constraint, read.weak))
        return found


def problem_of(fields: Mapping[str, Any]) -> Problem:
    previous = fields.get("previousSolution") or {}
    anticipated = fields.get("anticipatedPrereleases") or {}
    return Problem(
        roots=tuple(fields["dependencies"]),
        constraints=tuple(parse_package_constraint(text) for text in fields["constraints"]),
        previous={name: parse_index_version(text) for name, text in previous.items()},
        upgrade=frozenset(fields.get("upgrade") or ()),
        incompatible=bool(fields.get("allowIncompatibleUpdate")),
        patches=bool(fields.get("upgradeIndirectDepPatchVersions")),
        anticipated={name: _any_of(texts) for name, texts in anticipated.items()},
    )


def catalogue_of(entries: Mapping[str, Sequence[str]]) -> Written:
    """From entries like ``{"name 1.2.3": [dependency]}``."""
    packages: dict[str, dict[str, Sequence[str]]] = {}
    for entry, dependencies in entries.items():
        name, space, version = entry.partition(" ")
        if not space:
            raise ValueError(f"no package and version: {entry!r}")
        packages.setdefault(name, {})[version] = dependencies
    return packages


def only(version: Version) -> Range:
    just = IntervalSet((version.key, after(version.key)))
    return Range(just, just)


def _any_of(texts: Iterable[str]) -> Range:
    found = NOTHING
    for text in texts:
        found = found.union(only(parse_index_version(text)))
    return found
