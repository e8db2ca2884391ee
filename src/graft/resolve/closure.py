"""The versions that are needed, before peers tell their contexts apart.

Requirements are decided level by level, each level in sorted order, so the answer depends on the
requirements alone. Packuments are asked for as soon as somebody is likely to need them; that moves
the time at which they arrive, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.http import without_user
from graft.base.records import Record, replace
from graft.model.links import Links
from graft.model.manifest import Manifest
from graft.model.names import check_name, is_sound
from graft.model.origins import FILE, base_of, is_from_registry
from graft.model.requirement import Kind, Requirement
from graft.project.known_extensions import known_extensions
from graft.project.overrides import Rules, State
from graft.resolve.locked import Locked
from graft.resolve.peers import Missing
from graft.resolve.pick import admits, newest_of, no_version, pick
from graft.sources.packument import Packument
from graft.sources.registry import RegistrySource
from graft.versions.specifier import ELSEWHERE, Specifier, parse_specifier
from graft.versions.version import parse_version

if TYPE_CHECKING:
    from graft.sources.elsewhere import Elsewhere


class Asked(Record, kw_only=False):
    """A requirement, who makes it (an importer's path or a package), and the text that counts
    once overrides have had their say."""

    owner: str
    requirement: Requirement
    specifier: str


class Closure:
    """Packages, and the edges between them.

    A package is named by its id, and by the overrides that the path to it brought into force, if
    there are any: then what it requires may become something else than elsewhere. ``packages`` and
    ``states`` are by that name. ``children`` maps an owner to local name -> package, for
    dependencies only. ``failed`` holds the owners that lack something that they require, with the
    reason.
    """

    def __init__(
        self,
        *,
        source: RegistrySource,
        elsewhere: Callable[[], Elsewhere],
        locked: Locked,
        rules: Rules,
        links: Links,
        tag: str,
        on_chosen: Callable[[Manifest], None],
    ) -> None:
        self.packages: dict[str, Manifest] = {}
        self.states: dict[str, State] = {}
        self.children: dict[str, dict[str, str]] = {}
        self.failed: dict[str, GraftError] = {}
        self._source = source
        self._elsewhere = elsewhere
        self._locked = locked
        self._overrides = rules.overrides
        self._extensions = rules.extensions
        self._links = links
        self._tag = tag
        self._on_chosen = on_chosen
        self._chosen: dict[str, list[Manifest]] = {}
        self._ids: set[str] = set()
        self._parents: dict[str, str] = {}
        self._likely: dict[str, dict[int, Specifier]] = {}
        self._picked: dict[tuple[int, int], tuple[str | None, Packument, Specifier]] = {}
        source.on_packument(self._expect_next_level)

    def add_importers(self, asked: Mapping[str, Iterable[Requirement]]) -> None:
        """All at once, so that none goes before another; but what an importer is to find at its
        dependents comes last, as these may already have chosen it."""
        first: list[Asked] = []
        peers: list[Asked] = []
        for path, requirements in asked.items():
            who = self._links.importers.get(path)
            self.children[path] = {}
            self.states[path] = self._overrides.state_of(who)
            for requirement in requirements:
                text = self._overrides.of_importer(who, requirement)
                if text is not None:
                    level = peers if who and requirement.kind is Kind.PEER else first
                    level.append(Asked(path, requirement, text))
        self._decide(first)
        self._decide(peers)

    def add_peer(
        self, name: str, specifiers: Sequence[str], askers: Iterable[Missing]
    ) -> str | None:
        """Choose one version of ``name`` that satisfies all, of those that the askers had if there
        is one; the package's name here, or None."""
        wanted = _together([parse_specifier(name, text) for text in specifiers])
        if wanted is None or (wanted.range is not None and wanted.range.is_empty):
            return None
        member = self._links.members.get(wanted.package)
        if member and wanted.range and wanted.range.contains(parse_version(member.version)):
            return self._adopt(member, local=name, parent="")[0]
        try:
            manifest = self._had(wanted, askers) or self._choose(
                wanted, owner="", local=name, specifier=""
            )
        except GraftError as error:
            if error.diagnostic.code not in ABSENT:
                raise
            return None
        package, required = self._adopt(manifest, local=name, parent="")
        self._decide(required)
        return package

    def _had(self, wanted: Specifier, askers: Iterable[Missing]) -> Manifest | None:
        """What the lock gave packages that miss a peer, if it is still all that it was."""
        found = [
            self._locked.edge(self.id_of(a.package), a.requirement.local, a.requirement.specifier)
            for a in askers
        ]
        same = [m for m in found if m and m.name == wanted.package]
        had = newest_of(same, wanted.range) if wanted.range is not None else None
        return None if had is None or self._locked.is_outdated(had) else had

    def specifier_of(self, package: str, requirement: Requirement) -> str | None:
        """The text of a package's requirement that counts; None if it is taken away."""
        return self._overrides.apply(requirement, self.states[package])

    def id_of(self, owner: str) -> str:
        """The package's id, or the importer's path."""
        manifest = self.packages.get(owner)
        return manifest.id if manifest else owner

    def path_to(self, owner: str) -> list[str]:
        """From what the project asks for down to ``owner``; the project itself is package.json."""
        path = [owner]
        while path[-1] in self._parents:
            path.append(self._parents[path[-1]])
        steps = [self.id_of(step) for step in reversed(path) if step not in ("", ".")]
        return steps or ["package.json"]

    def _decide(self, level: list[Asked]) -> None:
        while level:
            level.sort(key=lambda asked: (asked.owner, asked.requirement.local))
            for asked in level:
                self._expect(asked)
            following: list[Asked] = []
            for asked in level:
                manifest = self._answer(asked)
                if manifest is not None:
                    local = asked.requirement.local
                    package, required = self._adopt(manifest, local=local, parent=asked.owner)
                    self.children[asked.owner][local] = package
                    following += required
            level = following

    def _adopt(self, manifest: Manifest, *, local: str, parent: str) -> tuple[str, list[Asked]]:
        """Take a package in: its name here, and what it requires, if it is new."""
        if manifest.is_link:  # what it asks for is asked by the importer that it is
            self._adopt_link(manifest, parent)
            return manifest.id, []
        state = self._overrides.step(self.states.get(parent, ()), local, manifest)
        package = f"{manifest.id} {state}" if state else manifest.id
        if package in self.packages:
            return package, []
        self.packages[package] = manifest
        self.states[package] = state
        self.children[package] = {}
        self._parents[package] = parent
        if manifest.id not in self._ids:
            self._ids.add(manifest.id)
            if is_from_registry(manifest.origin):
                self._chosen.setdefault(manifest.name, []).append(manifest)
            self._on_chosen(manifest)
        said = [
            (requirement, self._overrides.apply(requirement, state))
            for requirement in manifest.requirements
            if requirement.kind is not Kind.PEER
        ]
        return package, [Asked(package, r, text) for r, text in said if text is not None]

    def _adopt_link(self, manifest: Manifest, parent: str) -> None:
        if manifest.id not in self.packages:
            self.packages[manifest.id] = manifest
            self.states[manifest.id] = ()
            self.children[manifest.id] = {}
            self._parents[manifest.id] = parent

    def _answer(self, asked: Asked) -> Manifest | None:
        requirement = asked.requirement
        link = self._link(asked)
        if link is not None:
            return link
        specifier = parse_specifier(requirement.local, asked.specifier)
        if self._is_absent(asked, specifier):
            return None
        try:
            if specifier.foreign in ELSEWHERE:
                return self._from_elsewhere(asked)
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
        had = self._locked.edge(self.id_of(owner), local, specifier) if specifier else None
        if not (had and _answers(had, wanted)):
            had = self._known(wanted)
        if had and not self._locked.is_outdated(had):
            return had
        packument = self._source.packument(wanted.package, full=optional)
        if had and had.version in packument:
            # What it requires is outdated; its version and its integrity are still the lock's.
            now = self._extended(packument.manifest(had.version))
            return replace(had, requirements=now.requirements)
        version = self._pick(packument, wanted)
        if version is None:
            packument = self._source.refresh(wanted.package)
            version = self._pick(packument, wanted)
        if version is None:
            raise no_version(packument, wanted, specifier)
        manifest = self._extended(packument.manifest(version))
        return manifest if optional else without_libc(manifest)

    def _from_elsewhere(self, asked: Asked) -> Manifest:
        """What the lock has for a requirement that names no registry, else what its source has."""
        had = self._had_elsewhere(asked)
        if had is not None:
            return had
        local, base = asked.requirement.local, self._base_of(asked)
        try:
            found = self._elsewhere().manifest(asked.specifier, base, local=local)
        except GraftError as error:
            raise self._explained(error.diagnostic, asked) from None
        return without_libc(self._extended(found))

    def _had_elsewhere(self, asked: Asked) -> Manifest | None:
        """Files of this machine are looked at each time: what they say counts, and costs little."""
        local, text = asked.requirement.local, asked.specifier
        had = self._locked.edge(self.id_of(asked.owner), local, text)
        if had is None or had.origin.startswith(FILE) or self._locked.is_outdated(had):
            return None
        from graft.versions.source_text import answers  # few projects need what it loads

        return had if answers(had.origin, text, self._base_of(asked)) else None

    def _base_of(self, asked: Asked) -> str | None:
        """The folder that paths are relative to: who asks has one, and rules are the project's."""
        if asked.specifier != asked.requirement.specifier:
            return "."
        manifest = self.packages.get(asked.owner)
        return base_of(manifest.origin) if manifest else asked.owner

    def _extended(self, manifest: Manifest) -> Manifest:
        if self._extensions:
            manifest = self._extensions.apply(manifest)
        return known_extensions().apply(manifest)

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
        why = [f"{' > '.join(path)} asks for {requirement.local}@{without_user(asked.specifier)}"]
        if asked.specifier != requirement.specifier:
            why.append(f"an override replaces its own '{requirement.specifier}'")
        fix = said.fix
        if asked.owner in self.packages and said.code == "no-matching-version":
            # Nobody but its publisher can change what a package asks for.
            fix = f'replace what it asks for: "overrides": {{"{requirement.local}": "<version>"}}'
        where = said.where or " > ".join(path)
        return GraftError(said.code, said.message, where=where, why=[*why, *said.why], fix=fix)

    def _link(self, asked: Asked) -> Manifest | None:
        return self._links.target(asked.owner, asked.requirement, asked.specifier)

    def _is_absent(self, asked: Asked, wanted: Specifier) -> bool:
        """Whether the lock says that nothing answers this."""
        requirement = asked.requirement
        return (
            requirement.optional
            and asked.specifier == requirement.specifier
            and self._locked.is_absent(self.id_of(asked.owner), requirement, wanted.package)
        )

    def _expect(self, asked: Asked) -> None:
        """Ask for the packument that this requirement will need, unless the lock answers it."""
        requirement = asked.requirement
        wanted = parse_specifier(requirement.local, asked.specifier)
        if self._link(asked) or self._is_absent(asked, wanted):
            return
        if wanted.foreign:
            if wanted.foreign in ELSEWHERE and self._had_elsewhere(asked) is None:
                local, base = requirement.local, self._base_of(asked)
                self._elsewhere().prefetch(asked.specifier, base, local=local)
            return
        had = self._locked.edge(self.id_of(asked.owner), requirement.local, asked.specifier)
        if not (had and _answers(had, wanted)):
            range = wanted.range
            had = self._locked.newest(wanted.package, range) if range is not None else None
        if had and not self._locked.is_outdated(had):
            return
        self._ask_ahead(wanted, requirement)

    def _expect_next_level(self, packument: Packument) -> None:
        """A packument has come: whatever version will be chosen, it is likely the newest one."""
        for wanted in self._likely.pop(packument.name, {}).values():
            version = self._pick(packument, wanted)
            if version is None:
                continue
            try:
                manifest = self._extended(packument.manifest(version))
            except GraftError:
                continue  # said again, with its reason, if this version is really chosen
            for requirement in manifest.requirements:
                if requirement.kind is not Kind.PEER:
                    self._guess(requirement)

    def _guess(self, requirement: Requirement) -> None:
        specifier = self._overrides.apply(requirement)
        if specifier is None:
            return
        wanted = parse_specifier(requirement.local, specifier)
        if wanted.foreign or self._known(wanted):
            return
        self._ask_ahead(wanted, requirement)

    def _ask_ahead(self, wanted: Specifier, requirement: Requirement) -> None:
        # By identity: to hash a range takes longer than all the rest.
        self._likely.setdefault(wanted.package, {})[id(wanted)] = wanted
        self._source.prefetch(wanted.package, full=requirement.optional)


# Diagnostics that say: there is no such thing, and asking again would not change that.
ABSENT = frozenset({"package-not-found", "no-matching-version", "git-ref-missing"})


def _answers(manifest: Manifest, wanted: Specifier) -> bool:
    return (
        manifest.name == wanted.package
        and is_from_registry(manifest.origin)
        and (wanted.range is None or admits(wanted.range, manifest.version))
    )


def without_libc(manifest: Manifest) -> Manifest:
    """Short packuments may lack ``libc``, and only those of optional packages are sure to be whole.
    So it counts for those alone: otherwise the lock would say what happened to be in the cache."""
    if not manifest.platforms.libc:
        return known_extensions().apply(manifest)
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
