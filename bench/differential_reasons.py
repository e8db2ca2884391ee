"""Why two tools chose differently, where the registry's own words prove it.

A package that only one of two locks has is there because of a decision: somebody that both locks
have asked for something and got different answers. (If whoever asks is in one lock alone, the
difference follows from that one's.) Each decision is held against what the registry says of the
versions that could have been chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from differential_locks import ROOT, Choices, Spec
from graft.versions import parse_range, parse_version
from graft.versions.specifier import parse_specifier

Document = Mapping[str, Any]


class Reason(StrEnum):
    """What a difference comes from."""

    KEPT = "an older version, which satisfies the range too, is there for another requirement"
    TAGGED = "one takes the version tagged latest, the other a newer one in the range"
    ENGINES = "one avoids a newer version whose engines exclude the node that runs here"
    DEPRECATED = "one avoids a deprecated version"
    PEER = "a peer: who installs a missing one chooses its version, and for whom it counts"
    OPTIONAL_PEER = "an optional peer: only one installs it, or sees it"
    OPTIONAL = "an optional dependency that only one keeps in the lock"
    BUNDLED = "bundled in the archive of the package that asks"
    FOLLOWS = "asked for only by packages that differ themselves"
    UNKNOWN = "not explained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """``spec`` is in the lock of ``tool`` alone. ``asks`` is who asks for it, in words, and
    ``other`` what that one got in the other lock."""

    tool: str
    spec: Spec
    reason: Reason
    asks: str
    other: str


def differences(
    ours: Choices,
    theirs: Choices,
    *,
    names: tuple[str, str],
    manifest: Document,
    document: Callable[[str], Document],
    node: str,
) -> list[Difference]:
    """All packages that one of the two has alone, each with its reason. ``document`` gives the
    registry's full packument; ``node`` is the version of node that runs here."""
    compare = _Compare(manifest, document, node)
    found = []
    for tool, mine, other in ((names[0], ours, theirs), (names[1], theirs, ours)):
        common = other.specs | {ROOT}
        found += [
            compare.explain(tool, spec, mine, other, common)
            for spec in sorted(mine.specs - other.specs)
        ]
    return found


class _Compare:
    def __init__(self, manifest: Document, document: Callable[[str], Document], node: str) -> None:
        self._manifest = manifest
        self._document = document
        self._node = parse_version(node)

    def explain(
        self, tool: str, spec: Spec, mine: Choices, other: Choices, common: set[Spec]
    ) -> Difference:
        asked = [at for at in mine.asking_for(spec) if at[0] in common]
        best: Difference | None = None
        for owner, local in asked:
            got = other.decisions.get((owner, local), set())
            if spec in got:
                continue
            reason = self._reason(owner, local, spec, got, mine, other)
            found = Difference(
                tool=tool,
                spec=spec,
                reason=reason,
                asks=f"{_shown(owner)} asks for {local}@{self._range(owner, local)}",
                other=", ".join(sorted(version for _, version in got)) or "nothing",
            )
            if reason is not Reason.UNKNOWN:
                return found
            best = best or found
        if best:
            return best
        owners = sorted({_shown(owner) for owner, _ in mine.asking_for(spec)})
        return Difference(
            tool=tool, spec=spec, reason=Reason.FOLLOWS, asks=f"{owners[0]} asks for it", other=""
        )

    def _reason(
        self,
        owner: Spec,
        local: str,
        spec: Spec,
        got: set[Spec],
        mine: Choices,
        other: Choices,
    ) -> Reason:
        said = self._said(owner)
        if local in _names(said, "bundleDependencies", "bundledDependencies"):
            return Reason.BUNDLED
        if local in said.get("peerDependencies", {}) and local not in said.get("dependencies", {}):
            meta = said.get("peerDependenciesMeta", {}).get(local, {})
            return Reason.OPTIONAL_PEER if meta.get("optional") else Reason.PEER
        if not got:
            return (
                Reason.OPTIONAL
                if local in said.get("optionalDependencies", {})
                else (Reason.UNKNOWN)
            )
        (answer, *_) = sorted(got, key=lambda target: parse_version(target[1]).key)
        if answer[0] != spec[0]:
            return Reason.UNKNOWN
        return self._between(spec, answer, mine, other)

    def _between(self, one: Spec, two: Spec, mine: Choices, other: Choices) -> Reason:
        """Why one requirement got ``one`` here and ``two`` there."""
        newer, older = sorted((one, two), key=lambda s: parse_version(s[1]).key, reverse=True)
        has_older = mine if older == one else other
        versions = self._document(one[0]).get("versions", {})
        if self._excluded_here(versions.get(newer[1], {})):
            return Reason.ENGINES
        if versions.get(newer[1], {}).get("deprecated"):
            return Reason.DEPRECATED
        if any(not self._admits(at, newer) for at in has_older.asking_for(older)):
            return Reason.KEPT
        latest = self._document(one[0]).get("dist-tags", {}).get("latest")
        if older[1] == latest:
            return Reason.TAGGED
        return Reason.UNKNOWN

    def _admits(self, asked: tuple[Spec, str], spec: Spec) -> bool:
        owner, local = asked
        range = parse_specifier(local, self._range(owner, local)).range
        return range is None or range.contains(parse_version(spec[1]))

    def _excluded_here(self, version: Document) -> bool:
        engines = version.get("engines")
        wanted = engines.get("node") if isinstance(engines, dict) else None
        if not isinstance(wanted, str):
            return False
        try:
            return not parse_range(wanted).include_prereleases().contains(self._node)
        except ValueError:
            return False

    def _range(self, owner: Spec, local: str) -> str:
        said = self._said(owner)
        for section in ("optionalDependencies", "dependencies", "devDependencies"):
            if local in said.get(section, {}):
                return str(said[section][local])
        return str(said.get("peerDependencies", {}).get(local, "?"))

    def _said(self, owner: Spec) -> Document:
        if owner == ROOT:
            return self._manifest
        found: Document = self._document(owner[0]).get("versions", {}).get(owner[1], {})
        return found


def _names(said: Document, *fields: str) -> set[str]:
    found: set[str] = set()
    for field in fields:
        value = said.get(field)
        if value is True:
            found |= set(said.get("dependencies", {}))
        elif isinstance(value, list):
            found |= set(value)
    return found


def _shown(owner: Spec) -> str:
    return "the project" if owner == ROOT else "@".join(owner)
