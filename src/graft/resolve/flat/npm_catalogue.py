"""Packages of registries, and what npm's manifests ask for, as the solver takes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

from graft.base.diagnostics import GraftError
from graft.base.http import without_user
from graft.base.records import replace
from graft.model.manifest import Manifest
from graft.model.names import is_sound
from graft.model.requirement import Kind
from graft.resolve.ahead import Ahead
from graft.resolve.flat.problem import Candidate, Dependency
from graft.resolve.flat.scope import Scope
from graft.resolve.lines import ABSENT, Asked, Lines, base_of_line
from graft.sources.packument import Packument
from graft.sources.registry import RegistrySource
from graft.versions.constraint import Constraint, constraint_of
from graft.versions.index_constraint import parse_constraint
from graft.versions.intervals import EMPTY, IntervalSet
from graft.versions.ranges import ANY, NOTHING, Range
from graft.versions.specifier import (
    ELSEWHERE,
    INDEX,
    Specifier,
    asks_for_anything,
    beats_packages,
    parse_specifier,
)
from graft.versions.version import Version, after, parse_version, version_in_graph, version_of

_ANYTHING = replace(constraint_of(ANY), text="*")


class NpmCatalogue:
    """A package is known by its name at the registry, whatever it is called by those who ask; one
    that comes from elsewhere by what asks for it, as nothing else can have it in its place.

    ``had`` are the manifests of the lock that are preferred, by name. With ``keeps_all`` they are
    the only candidates of theirs. Prereleases are candidates where they are ``anticipated``, and
    all of packages in ``prereleases``: some have ten times as many of them as of releases.
    ``left_out`` are optional requirements, by the name of who asks and of what for, that count no
    more.
    """

    def __init__(
        self,
        source: RegistrySource,
        lines: Lines,
        tag: str,
        *,
        scope: Scope,
        askers: Sequence[tuple[Manifest, Asked]] = (),
        had: Mapping[str, Manifest],
        anticipated: Mapping[str, Range],
        peers: bool,
        keeps_all: bool = False,
        prereleases: Collection[str] = (),
        left_out: Collection[tuple[str, str]] = (),
    ) -> None:
        self.askers: dict[str, tuple[Manifest, list[Asked]]] = {}
        for manifest, asked in askers:
            self.askers.setdefault(manifest.id, (manifest, []))[1].append(asked)
        self._scope = scope
        self._source = source
        self._lines = lines
        self._tag = tag
        self._had = had
        self.anticipated = dict(anticipated)
        self._peers = peers
        self._keeps_all = keeps_all
        self._prereleases = prereleases
        self._left_out = left_out
        self._from_elsewhere: dict[str, tuple[Asked, Manifest | None]] = {}
        self._aliases: dict[str, set[str]] = {}
        self._found: dict[str, Manifest | None] = {}
        self._ahead = Ahead(source, lines, tag, self._knows, peers=peers)

    def candidates(self, name: str) -> Sequence[Candidate] | None:
        if name in self.askers:
            version = self.askers[name][0].version
            return [Candidate(version_in_graph(version), version)]
        if name in self._from_elsewhere:
            found = self._looked_up(name)
            return [Candidate(parse_version(found.version), found.version)] if found else None
        if self._keeps_all and name in self._had:
            version = self._had[name].version
            return [Candidate(version_in_graph(version), version)]
        had = self._had.get(name)
        if self._scope.indices is not None and self._scope.serves(name):
            return self._scope.indices.candidates(name, had)
        packument = self._packument(name)
        kept = [Candidate(parse_version(had.version), had.version)] if had else []
        if packument is None:
            return kept or None
        named = self.anticipated.get(name)
        prereleases = name in self._prereleases
        latest = packument.tags.get(self._tag, "")
        newest = next((key for key, text in packument.newest_first(prereleases=True)
                       if text == latest), None)  # fmt: skip
        every = packument.newest_first(prereleases=prereleases or named is not None)
        candidates = [
            Candidate(
                version_of(key),
                text,
                discouraged=(newest is not None and key > newest) or packument.is_deprecated(text),
            )
            for key, text in every
            if len(key) == 4 or prereleases or (named and named.admits(key))
        ]
        if had and had.version not in packument:
            candidates += kept
        return candidates

    def candidate(self, name: str, version: Version) -> Candidate | None:
        had = self._had.get(name)
        if had is not None and version_in_graph(had.version) == version:
            return Candidate(version, had.version)
        same = [each for each in self.candidates(name) or () if each.version == version]
        return same[0] if len(same) == 1 else None

    def dependencies(self, name: str, candidate: Candidate) -> Sequence[Dependency]:
        if name in self.askers:
            by, lines = self.askers[name]
            asks = [self.dependency(asked, by) for asked in lines]
            return [each for each in asks if each is not None]
        found: dict[tuple[str, str], Dependency] = {}
        manifest = self.manifest(name, candidate.text)
        for requirement in manifest.requirements:
            if requirement.kind is Kind.PEER and not self._peers:
                continue
            text = self._lines.overrides.apply(requirement)
            if text is None:
                continue
            if beats_packages(text):
                text = requirement.specifier  # of which a lower bound is left: see Rules.range_of
            asked = Asked(manifest.id, requirement, text)
            dependency = self.dependency(asked, manifest)
            if dependency is None:
                continue
            if not dependency.optional or (name, dependency.name) not in self._left_out:
                found[requirement.local, dependency.name] = dependency
        return list(found.values())

    def dependency(self, asked: Asked, by: Manifest | None) -> Dependency | None:
        """What a line asks of the solver; None for what is the project's own, or is surely absent.
        ``by`` is the package that asks, None for an importer."""
        requirement = asked.requirement
        if self._lines.link(asked):
            return None
        wanted = parse_specifier(requirement.local, asked.specifier)
        if not self._scope.takes(wanted.package):
            return None
        peer = requirement.kind is Kind.PEER and by is not None
        if self._is_member(wanted) if peer else self._lines.is_absent(asked, by, wanted):
            return None
        if wanted.foreign:
            return None if peer else self._foreign(asked, by, wanted)
        if wanted.range is None:
            constraint = self._tagged(asked, by, wanted)
        else:
            constraint = _constraint(requirement.local, asked.specifier, peer)
        if requirement.local != wanted.package:
            self._aliases.setdefault(wanted.package, set()).add(requirement.local)
        # Where a prerelease may be all there is, that has to be seen first.
        is_sure = wanted.package in self._prereleases or not constraint.range.has_prereleases
        return Dependency(
            wanted.package,
            constraint,
            weak=peer and requirement.optional,
            optional=requirement.optional and not peer and is_sure,
            peer=peer,
        )

    def is_elsewhere(self, name: str) -> bool:
        """Whether what the solver knows by that name is no registry's."""
        return name in self._from_elsewhere

    def is_of_index(self, name: str) -> bool:
        return self._scope.serves(name)

    def yanked(self, name: str, constraint: Constraint) -> dict[str, str]:
        """The versions that a constraint would admit if they were not yanked, with the reason."""
        if self._scope.indices is None or not self._scope.serves(name):
            return {}
        return {
            str(version): reason
            for version, reason in self._scope.indices.yanked(name).items()
            if constraint.range.contains(version)
        }

    @property
    def is_flat(self) -> bool:
        return self._scope.everything

    def is_asker(self, name: str) -> bool:
        return name in self.askers

    def aliases(self, name: str) -> list[str]:
        """Under which other names packages ask for this one."""
        return sorted(self._aliases.get(name, ()))

    def has(self, dependency: Dependency) -> bool:
        """Whether any version will do."""
        candidates = self.candidates(dependency.name) or ()
        return any(dependency.constraint.range.admits(each.version.key) for each in candidates)

    def expect(self, asked: Asked) -> None:
        """Have the packument that an importer's line needs on its way, and what that leads to."""
        wanted = parse_specifier(asked.requirement.local, asked.specifier)
        if self._lines.link(asked):
            return
        if wanted.foreign in ELSEWHERE:
            self._lines.expect_elsewhere(asked, None)
        elif not (wanted.foreign or self._scope.serves(wanted.package) or self._knows(wanted)):
            self._ahead.ask(wanted, full=asked.requirement.optional)

    def manifest(self, name: str, version: str, *, full: bool = False) -> Manifest:
        """A candidate's manifest, as the lock has it if it does."""
        found = self._found.get(name)
        if found is not None:
            return found
        had = self._had.get(name)
        if self._scope.indices is not None and self._scope.serves(name):
            keeps = had is not None and had.version == version
            if had is not None and keeps and not self._lines.locked.is_outdated(had):
                return had
            return self._lines.extended(self._scope.indices.manifest(name, version))
        if had is None or had.version != version:
            return self._lines.extended(self._source.packument(name, full=full).manifest(version))
        if not self._lines.locked.is_outdated(had):
            return had
        packument = self._source.packument(name, full=full)
        if version not in packument:
            return self._lines.extended(had)
        # What it requires is outdated; its version and its integrity are still the lock's.
        now = self._lines.extended(packument.manifest(version))
        return replace(had, requirements=now.requirements)

    def _packument(self, name: str) -> Packument | None:
        if not is_sound(name):
            return None
        try:
            return self._source.packument(name)
        except GraftError as error:
            # A registry that is down today must not change what the lock says tomorrow.
            if error.diagnostic.code not in ABSENT:
                raise
            return None

    def _is_member(self, wanted: Specifier) -> bool:
        member = self._lines.links.members.get(wanted.package)
        return bool(
            member and wanted.range and wanted.range.contains(parse_version(member.version))
        )

    def _knows(self, wanted: Specifier) -> bool:
        had = self._had.get(wanted.package)
        return had is not None and (
            self._keeps_all
            or (wanted.range is not None and wanted.range.contains(version_in_graph(had.version)))
        )

    def _foreign(self, asked: Asked, by: Manifest | None, wanted: Specifier) -> Dependency:
        """What no registry has. It is looked for when it is sure to be needed: versions that nobody
        chooses ask for what is long gone."""
        name = f"{asked.requirement.local}@{without_user(asked.specifier)}"
        base = base_of_line(asked, by)
        if base not in (None, "."):
            name = f"{name} ({base})"
        if wanted.foreign in ELSEWHERE:
            self._from_elsewhere.setdefault(name, (asked, by))
        return Dependency(name, _ANYTHING, optional=asked.requirement.optional)

    def _looked_up(self, name: str) -> Manifest | None:
        if name not in self._found:
            asked, by = self._from_elsewhere[name]
            try:
                self._found[name] = self._lines.elsewhere(asked, by)
            except GraftError as error:
                is_needed = by is None and not asked.requirement.optional
                if is_needed or error.diagnostic.code not in ABSENT:
                    raise
                self._found[name] = None
        return self._found[name]

    def _tagged(self, asked: Asked, by: Manifest | None, wanted: Specifier) -> Constraint:
        """The version that a dist-tag names: what the lock has for it, else today's."""
        kept = self._had.get(wanted.package)
        had = self._lines.had(asked, by)
        version = had.version if had and kept and had.id == kept.id else ""
        if not version:
            packument = self._packument(wanted.package)
            version = packument.tags.get(wanted.tag, "") if packument else ""
        only = parse_specifier(wanted.package, version).range if version else None
        if only is not None and by is None:
            anticipate(self.anticipated, wanted.package, only.prereleases)
        return replace(constraint_of(only or NOTHING), text=asked.specifier)


def anticipate(known: dict[str, Range], name: str, prereleases: IntervalSet) -> None:
    if prereleases:
        before = known.get(name)
        also = before.prereleases.union(prereleases) if before else prereleases
        known[name] = Range(EMPTY, also)


def only_prerelease(version: Version) -> IntervalSet:
    """The version, if it is one."""
    return IntervalSet((version.key, after(version.key))) if version.prerelease else EMPTY


@lru_cache(maxsize=1 << 16)
def _constraint(local: str, text: str, peer: bool) -> Constraint:
    if text.startswith(INDEX):
        return parse_constraint(text.removeprefix(INDEX))
    range = parse_specifier(local, text).range
    assert range is not None
    if asks_for_anything(range):
        return _ANYTHING  # npm gives it prereleases where there is nothing else
    # Whoever installs a canary of a host means it: see lockfile.peers.
    return replace(constraint_of(range.include_prereleases() if peer else range), text=text)
