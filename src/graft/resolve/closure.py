"""The versions that are needed, before peers tell their contexts apart.

Requirements are decided level by level, each level in sorted order, so the answer depends on the
requirements alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.http import without_user
from graft.base.records import replace
from graft.model.manifest import Manifest
from graft.model.names import check_name, is_sound
from graft.model.origins import is_from_registry
from graft.model.requirement import Kind, Requirement
from graft.project.overrides import State
from graft.resolve.ahead import Ahead
from graft.resolve.lines import ABSENT, Asked, Lines, without_libc
from graft.resolve.peers import Missing
from graft.resolve.pick import admits, newest_of, no_version
from graft.sources.registry import RegistrySource
from graft.versions.specifier import ELSEWHERE, Specifier, parse_specifier
from graft.versions.version import parse_version


class Closure:
    """Packages, and the edges between them.

    A package is named by its id, and by the overrides that the path to it brought into force, if
    there are any: then what it requires may become something else than elsewhere. ``packages`` and
    ``states`` are by that name. ``children`` maps an owner to local name -> package, for
    dependencies only. ``failed`` holds the owners that lack something that they require, with the
    reason. ``answer`` has the version of each package that ``is_given``, which is chosen already:
    who asks for another gets nothing, and is in ``denied``.
    """

    def __init__(
        self,
        *,
        source: RegistrySource,
        lines: Lines,
        tag: str,
        on_chosen: Callable[[Manifest], None],
        answer: Mapping[str, Manifest] = {},
        is_given: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.packages: dict[str, Manifest] = {}
        self.states: dict[str, State] = {}
        self.children: dict[str, dict[str, str]] = {}
        self.failed: dict[str, GraftError] = {}
        self._source = source
        self._lines = lines
        self._locked = lines.locked
        self._overrides = lines.overrides
        self._links = lines.links
        self._ahead = Ahead(source, lines, tag, lambda wanted: self._known(wanted) is not None)
        self._on_chosen = on_chosen
        self._given = answer
        self._is_given = is_given
        self.denied: list[Asked] = []
        self._chosen: dict[str, list[Manifest]] = {}
        self._ids: set[str] = set()
        self._parents: dict[str, str] = {}

    def add_importers(self, asked: Mapping[str, Iterable[Requirement]]) -> None:
        """All at once, so that none goes before another; but what an importer is to find at its
        dependents comes last, as these may already have chosen it."""
        first: list[Asked] = []
        peers: list[Asked] = []
        for path in asked:
            self.children[path] = {}
            self.states[path] = self._overrides.state_of(self._links.importers.get(path))
        for each in self._lines.of_importers(asked):
            is_late = each.owner in self._links.importers and each.requirement.kind is Kind.PEER
            (peers if is_late else first).append(each)
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
        if self._is_given(wanted.package) and wanted.range is not None:
            wanted = replace(wanted, range=wanted.range.include_prereleases())
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
        if self._is_given(wanted.package):
            return None
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
        link = self._lines.link(asked)
        if link is not None:
            return link
        specifier = parse_specifier(requirement.local, asked.specifier)
        if self._lines.is_absent(asked, self._by(asked), specifier):
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
            if self._is_given(specifier.package):
                self.denied.append(asked)
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
        if self._is_given(wanted.package):
            given = self._known(wanted)
            if given is None:
                raise GraftError("no-matching-version", f"no version of {local} is chosen")
            return given
        had = self._locked.edge(self.id_of(owner), local, specifier) if specifier else None
        if not (had and _answers(had, wanted)):
            had = self._known(wanted)
        if had and not self._locked.is_outdated(had):
            return had
        packument = self._source.packument(wanted.package, full=optional)
        if had and had.version in packument:
            # What it requires is outdated; its version and its integrity are still the lock's.
            now = self._lines.extended(packument.manifest(had.version))
            return replace(had, requirements=now.requirements)
        version = self._ahead.pick(packument, wanted)
        if version is None:
            packument = self._source.refresh(wanted.package)
            version = self._ahead.pick(packument, wanted)
        if version is None:
            raise no_version(packument, wanted, specifier)
        manifest = self._lines.extended(packument.manifest(version))
        return manifest if optional else without_libc(manifest)

    def _from_elsewhere(self, asked: Asked) -> Manifest:
        try:
            return self._lines.elsewhere(asked, self._by(asked))
        except GraftError as error:
            raise self._explained(error.diagnostic, asked) from None

    def _known(self, wanted: Specifier) -> Manifest | None:
        """What answers a range without a packument."""
        if self._is_given(wanted.package):
            given = self._given.get(wanted.package)
            suits = given and (wanted.range is None or admits(wanted.range, given.version))
            return given if suits else None
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

    def _by(self, asked: Asked) -> Manifest | None:
        return self.packages.get(asked.owner)

    def _expect(self, asked: Asked) -> None:
        """Ask for the packument that this requirement will need, unless the lock answers it."""
        requirement, by = asked.requirement, self._by(asked)
        wanted = parse_specifier(requirement.local, asked.specifier)
        if self._lines.link(asked) or self._lines.is_absent(asked, by, wanted):
            return
        if wanted.foreign:
            if wanted.foreign in ELSEWHERE:
                self._lines.expect_elsewhere(asked, by)
            return
        had = self._lines.had(asked, by)
        if not (had and _answers(had, wanted)):
            had = self._known(wanted)
        if not (had and not self._locked.is_outdated(had)):
            self._ahead.ask(wanted, full=requirement.optional)


def _answers(manifest: Manifest, wanted: Specifier) -> bool:
    return (
        manifest.name == wanted.package
        and is_from_registry(manifest.origin)
        and (wanted.range is None or admits(wanted.range, manifest.version))
    )


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
