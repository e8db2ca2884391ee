"""The versions that are needed, before peers tell their contexts apart.

Requirements are decided level by level, each level in sorted order, so the answer depends on the
requirements alone. Packuments are asked for as soon as somebody is likely to need them; that moves
the time at which they arrive, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import Record, replace
from graft.model.manifest import Manifest
from graft.model.names import check_name, is_sound
from graft.model.requirement import Kind, Requirement
from graft.project.overrides import Overrides
from graft.resolve.locked import Locked
from graft.resolve.pick import admits, newest_of, no_version, pick
from graft.sources.packument import Packument
from graft.sources.registry import RegistrySource
from graft.versions.ranges import Range
from graft.versions.specifier import Specifier, parse_specifier


class Asked(Record, kw_only=False):
    """A requirement, who makes it (an importer's path or a package's id), and the text that counts
    once overrides have had their say."""

    owner: str
    requirement: Requirement
    specifier: str


class Closure:
    """Packages by id, and the edges between them.

    ``children`` maps an owner to local name -> package id, for dependencies only. ``failed`` holds
    the owners that lack something that they require, with the reason.
    """

    def __init__(
        self,
        *,
        source: RegistrySource,
        locked: Locked,
        overrides: Overrides,
        tag: str,
        on_chosen: Callable[[Manifest], None],
    ) -> None:
        self.packages: dict[str, Manifest] = {}
        self.children: dict[str, dict[str, str]] = {}
        self.failed: dict[str, GraftError] = {}
        self.notes: list[Diagnostic] = []
        self._source = source
        self._locked = locked
        self._overrides = overrides
        self._tag = tag
        self._on_chosen = on_chosen
        self._chosen: dict[str, list[Manifest]] = {}
        self._parents: dict[str, str] = {}
        self._likely: dict[str, dict[int, Specifier]] = {}
        self._picked: dict[tuple[int, int], tuple[str | None, Packument, Specifier]] = {}
        source.on_packument(self._expect_next_level)

    def add_importer(self, path: str, requirements: Iterable[Requirement]) -> None:
        self.children[path] = {}
        self._decide([Asked(path, r, r.specifier) for r in requirements])

    def add_peer(self, name: str, specifiers: Sequence[str]) -> str | None:
        """Choose one version of ``name`` that satisfies all; its package id, or None."""
        wanted = _together([parse_specifier(name, text) for text in specifiers])
        if wanted is None:
            return None
        try:
            manifest = self._choose(wanted, owner="", local=name, specifier="")
        except GraftError as error:
            if error.diagnostic.code not in ABSENT:
                raise
            return None
        self._decide(self._adopt(manifest, parent=""))
        return manifest.id

    def path_to(self, owner: str) -> list[str]:
        """From what the project asks for down to ``owner``; the project itself is package.json."""
        path = [owner]
        while path[-1] in self._parents:
            path.append(self._parents[path[-1]])
        return [step for step in reversed(path) if step not in ("", ".")] or ["package.json"]

    def _decide(self, level: list[Asked]) -> None:
        while level:
            level.sort(key=lambda asked: (asked.owner, asked.requirement.local))
            for asked in level:
                self._expect(asked)
            following: list[Asked] = []
            for asked in level:
                manifest = self._answer(asked)
                if manifest is not None:
                    self.children[asked.owner][asked.requirement.local] = manifest.id
                    following += self._adopt(manifest, parent=asked.owner)
            level = following

    def _adopt(self, manifest: Manifest, *, parent: str) -> list[Asked]:
        """Take a package in; what it requires, if it is new."""
        if manifest.id in self.packages:
            return []
        self.packages[manifest.id] = manifest
        self.children[manifest.id] = {}
        self._parents[manifest.id] = parent
        self._chosen.setdefault(manifest.name, []).append(manifest)
        if manifest.deprecated:
            self.notes.append(
                Diagnostic(code="deprecated", message=manifest.deprecated, where=manifest.id)
            )
        self._on_chosen(manifest)
        return [
            Asked(manifest.id, requirement, self._overrides.apply(requirement))
            for requirement in manifest.requirements
            if requirement.kind is not Kind.PEER
        ]

    def _answer(self, asked: Asked) -> Manifest | None:
        requirement = asked.requirement
        specifier = parse_specifier(requirement.local, asked.specifier)
        try:
            return self._choose(
                specifier,
                owner=asked.owner,
                local=requirement.local,
                specifier=asked.specifier,
                optional=requirement.optional,
            )
        except GraftError as error:
            said = error.diagnostic
            # Only what is surely absent may be left out: a registry that is down today must not
            # change what the lock says tomorrow.
            if said.code not in ABSENT:
                raise
            if not requirement.optional:
                self.failed.setdefault(asked.owner, self._explained(said, asked))
            return None

    def _choose(
        self,
        wanted: Specifier,
        *,
        owner: str,
        local: str,
        specifier: str,
        optional: bool = False,
    ) -> Manifest:
        """The newest version that is wanted, preferring what this very requirement had, then what
        the lock has, then what is already chosen."""
        if wanted.foreign:
            raise GraftError(
                "source-unsupported",
                f"{local}: '{specifier}' is a {wanted.foreign} source, which graft cannot install",
                where=" > ".join(self.path_to(owner)),
                fix="depend on a version from a registry",
            )
        if not is_sound(wanted.package):
            check_name(wanted.package, where=" > ".join(self.path_to(owner)))
        had = self._locked.edge(owner, local, specifier) if specifier else None
        if had and had.name == wanted.package and _answers(had, wanted.range):
            return had
        kept = self._known(wanted)
        if kept:
            return kept
        packument = self._source.packument(wanted.package, full=optional)
        version = self._pick(packument, wanted)
        if version is None:
            packument = self._source.refresh(wanted.package)
            version = self._pick(packument, wanted)
        if version is None:
            raise no_version(packument, wanted, specifier)
        manifest = packument.manifest(version)
        return manifest if optional else without_libc(manifest)

    def _pick(self, packument: Packument, wanted: Specifier) -> str | None:
        """``pick``, once for each of the two: what was expected is then asked for in earnest."""
        key = (id(packument), id(wanted))
        if key not in self._picked:
            # Both are kept with it, so that no other can have their place.
            self._picked[key] = (pick(packument, wanted, self._tag), packument, wanted)
        return self._picked[key][0]

    def _known(self, wanted: Specifier) -> Manifest | None:
        """What answers a range without a packument."""
        if wanted.range is None:
            return None
        return self._locked.newest(wanted.package, wanted.range) or newest_of(
            self._chosen.get(wanted.package, ()), wanted.range
        )

    def _explained(self, said: Diagnostic, asked: Asked) -> GraftError:
        path = self.path_to(asked.owner)
        requirement = asked.requirement
        why = [f"{' > '.join(path)} asks for {requirement.local}@{asked.specifier}"]
        if asked.specifier != requirement.specifier:
            why.append(f"an override replaces its own '{requirement.specifier}'")
        fix = said.fix
        if asked.owner in self.packages and said.code == "no-matching-version":
            # Nobody but its publisher can change what a package asks for.
            fix = f'replace what it asks for: "overrides": {{"{requirement.local}": "<version>"}}'
        return GraftError(said.code, said.message, where=said.where, why=[*why, *said.why], fix=fix)

    def _expect(self, asked: Asked) -> None:
        """Ask for the packument that this requirement will need, unless the lock answers it."""
        requirement = asked.requirement
        wanted = parse_specifier(requirement.local, asked.specifier)
        if wanted.foreign:
            return
        had = self._locked.edge(asked.owner, requirement.local, asked.specifier)
        if had and _answers(had, wanted.range):
            return
        if wanted.range is not None and self._locked.newest(wanted.package, wanted.range):
            return
        # By identity: to hash a range takes longer than all the rest.
        self._likely.setdefault(wanted.package, {})[id(wanted)] = wanted
        self._source.prefetch(wanted.package, full=requirement.optional)

    def _expect_next_level(self, packument: Packument) -> None:
        """A packument has come: whatever version will be chosen, it is likely the newest one."""
        for wanted in self._likely.pop(packument.name, {}).values():
            version = self._pick(packument, wanted)
            if version is None:
                continue
            try:
                manifest = packument.manifest(version)
            except GraftError:
                continue  # said again, with its reason, if this version is really chosen
            for requirement in manifest.requirements:
                if requirement.kind is not Kind.PEER:
                    self._guess(requirement)

    def _guess(self, requirement: Requirement) -> None:
        specifier = self._overrides.apply(requirement)
        wanted = parse_specifier(requirement.local, specifier)
        if wanted.foreign or self._known(wanted):
            return
        # By identity: to hash a range takes longer than all the rest.
        self._likely.setdefault(wanted.package, {})[id(wanted)] = wanted
        self._source.prefetch(wanted.package, full=requirement.optional)


# Diagnostics that say: there is no such thing, and asking again would not change that.
ABSENT = frozenset({"package-not-found", "no-matching-version"})


def _answers(manifest: Manifest, range: Range | None) -> bool:
    return range is None or admits(range, manifest.version)


def without_libc(manifest: Manifest) -> Manifest:
    """Short packuments may lack ``libc``, and only those of optional packages are sure to be whole.
    So it counts for those alone: otherwise the lock would say what happened to be in the cache."""
    if not manifest.platforms.libc:
        return manifest
    return replace(manifest, platforms=replace(manifest.platforms, libc=()))


def _together(specifiers: Sequence[Specifier]) -> Specifier | None:
    """One specifier that is met only by what meets them all, if there can be one."""
    first, *others = specifiers
    if first.foreign or (others and first.range is None):
        return None
    range = first.range
    for other in others:
        if other.package != first.package or other.range is None or range is None:
            return None
        range = range.intersection(other.range)
    return replace(first, range=range)
