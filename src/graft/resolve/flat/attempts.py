"""From what manifests ask to one version of each package: the solver, asked as often as it takes.

Attempts go from the cheapest to the most thorough: with what the lock has as the only choice for
all that it has, which asks no registry for anything that is known; with all releases; with
prereleases of those packages whose lack of others stood in the way; without optional packages that
cannot be had together with the rest; and with packuments that the registry was asked for just now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from graft.base.diagnostics import Diagnostic, GraftError
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.resolve.flat.causes import Asks, Bound, Root
from graft.resolve.flat.core import minimal
from graft.resolve.flat.derivation import explained
from graft.resolve.flat.npm_catalogue import NpmCatalogue
from graft.resolve.flat.npm_overrides import NO_WAY, Way, needed, proposed, surprised
from graft.resolve.flat.npm_problem import anticipated, kept, problem_of
from graft.resolve.flat.npm_refusal import refusal
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Problem
from graft.resolve.flat.scope import Scope
from graft.resolve.flat.solve import Kind as Failure
from graft.resolve.flat.solve import NoSolutionError, Solution, solve
from graft.resolve.lines import Asked, Lines, without_libc
from graft.sources.registry import RegistrySource
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_prerelease


class Attempts:
    def __init__(
        self,
        asked: Mapping[str, Sequence[Requirement]],
        previous: Graph | None,
        update: Collection[str] | None,
        *,
        scope: Scope,
        source: RegistrySource,
        lines: Lines,
        tag: str,
        peers: bool,
        side_by_side: Callable[[], Graph],
        where: str,
        askers: Sequence[tuple[Manifest, Asked]] = (),
    ) -> None:
        """``askers`` are packages beyond the scope, with a line of theirs about one within."""
        self._asked = [each for each in lines.of_importers(asked) if _is_in(scope, each)]
        self._askers = askers
        self._scope = scope
        self._update = update
        # Who makes a lock anew in another way means to change it.
        self._incompatible = scope.everything and previous is not None and not previous.flat
        self._had = kept(previous, update, self._asked, lines, scope)
        self._anticipated = anticipated(self._had, self._asked, lines.overrides)
        self._source = source
        self._lines = lines
        self._tag = tag
        self._peers = peers
        self._side_by_side = side_by_side
        self._where = where
        self._prereleases: set[str] = set()
        self._left_out: set[tuple[str, str]] = set()
        self._refreshed: set[str] = set()

    def run(self) -> tuple[dict[str, Manifest], list[Diagnostic]]:
        """The manifests of registries' packages by name, and notes."""
        if self._had and not self._update:
            catalogue, problem = self._problem(keeps_all=True)
            packages = Packages(catalogue)
            try:
                found = solve(problem, packages)
            except NoSolutionError:
                pass
            else:
                if not found.unanticipated:
                    return self._manifests(catalogue, found), []
        while True:
            catalogue, problem = self._problem()
            packages = Packages(catalogue)
            try:
                found = solve(problem, packages)
            except NoSolutionError as error:
                if not self._opened(packages, error):
                    way = self._overrides() if error.kind is Failure.CONFLICT else NO_WAY
                    raise refusal(
                        problem, packages, catalogue, error, self._asked, way, self._where
                    ) from None
            else:
                return self._manifests(catalogue, found), [*self._notes(packages, found)]

    def _overrides(self) -> Way:
        """Overrides with which there is an answer, where all of the graph has to be one."""
        if not self._scope.everything:
            return NO_WAY
        try:
            graph = self._side_by_side()
        except GraftError:
            return NO_WAY
        self._prereleases |= {
            node.manifest.name
            for node in graph.nodes.values()
            if is_prerelease(node.manifest.version)
        }
        catalogue, problem = self._problem()
        proposal = proposed(graph, self._lines.overrides, self._lines.links)
        overrides = needed(problem, Packages(catalogue), proposal)
        return Way(overrides, tuple(surprised(graph, overrides)))

    def _problem(self, *, keeps_all: bool = False) -> tuple[NpmCatalogue, Problem]:
        catalogue = NpmCatalogue(
            self._source,
            self._lines,
            self._tag,
            scope=self._scope,
            askers=self._askers,
            had=self._had,
            anticipated=self._anticipated,
            peers=self._peers,
            keeps_all=keeps_all,
            prereleases=self._prereleases,
            left_out=self._left_out,
        )
        for each in self._asked:
            catalogue.expect(each)
        problem = problem_of(
            catalogue,
            self._asked,
            had=self._had,
            update=self._update,
            incompatible=self._incompatible,
            left_out=self._left_out,
            outward=self._scope.everything,
        )
        return catalogue, problem

    def _opened(self, packages: Packages, error: NoSolutionError) -> bool:
        """Whether there is something more to try."""
        return (
            self._open_prereleases(error)
            or self._leave_out(packages, error)
            or self._refresh(packages, error)
        )

    def _open_prereleases(self, error: NoSolutionError) -> bool:
        new = {
            fact.name
            for fact in error.proof.facts()
            if isinstance(fact, Asks | Bound) and fact.constraint.range.has_prereleases
        } - self._prereleases
        self._prereleases |= new
        return bool(new)

    def _leave_out(self, packages: Packages, error: NoSolutionError) -> bool:
        new: set[tuple[str, str]] = set()
        for fact in minimal(packages, error.proof).facts():
            if isinstance(fact, Asks) and fact.optional:
                new.add((fact.owner, fact.name))
            elif isinstance(fact, Root | Bound):
                new |= {(owner, fact.name) for owner in self._optional_roots(fact.name)}
        # One at a time: without any one of them the others may be possible.
        last = sorted(new - self._left_out)[-1:]
        self._left_out.update(last)
        return bool(last)

    def _optional_roots(self, name: str) -> list[str]:
        """The importers that ask for a package and could do without."""
        return [
            each.owner
            for each in self._asked
            if each.requirement.optional
            and parse_specifier(each.requirement.local, each.specifier).package == name
        ]

    def _refresh(self, packages: Packages, error: NoSolutionError) -> bool:
        """Ask again for what was in the cache, if that was so."""
        names = {
            packages.all[number].name for leaf in error.proof.leaves() for number in leaf.terms
        }
        names |= {fact.name for fact in error.proof.facts() if isinstance(fact, Asks | Bound)}
        others = [name for name in sorted(names - self._refreshed) if not self._scope.serves(name)]
        news = [self._has_news(name) for name in others]
        self._refreshed |= names
        return any(news)

    def _has_news(self, name: str) -> bool:
        try:
            before = self._source.packument(name)
            after = self._source.refresh(name)
        except GraftError:
            return False
        return before is not after and not before.offers_what(after)

    def _manifests(self, catalogue: NpmCatalogue, found: Solution) -> dict[str, Manifest]:
        """As the lock has them, else as the registry has: that of who is asked for as optional as
        its full packument has it, and of others without what only such a one is sure to have."""
        manifests = {
            name: catalogue.manifest(name, candidate.text)
            for name, candidate in found.chosen.items()
            if not (catalogue.is_elsewhere(name) or catalogue.is_asker(name))
        }
        said = [(each.requirement, each.specifier) for each in self._asked]
        for manifest in manifests.values():
            for requirement in manifest.requirements:
                text = self._lines.overrides.apply(requirement)
                said += [(requirement, text)] if text is not None else []
        optional = {
            parse_specifier(requirement.local, text).package
            for requirement, text in said
            if requirement.optional and requirement.kind is not Kind.PEER
        }
        new = {
            name
            for name, manifest in manifests.items()
            if name not in self._had or self._had[name].version != manifest.version
        }
        indices = self._scope.indices
        for name in sorted(filter(self._scope.serves, new)):
            assert indices is not None
            manifests[name] = indices.whole(manifests[name])
            new.remove(name)
        for name in sorted(new & optional):
            self._source.prefetch(name, full=True)
        for name in sorted(new):
            manifests[name] = (
                catalogue.manifest(name, manifests[name].version, full=True)
                if name in optional
                else without_libc(manifests[name])
            )
        return manifests

    def _notes(self, packages: Packages, found: Solution) -> Iterator[Diagnostic]:
        for owner, name in sorted(self._left_out):
            if owner in found.chosen or owner in {each.owner for each in self._asked}:
                yield Diagnostic(
                    code="optional-left-out",
                    message=f"no version of {name} goes with the rest, and {owner} can do without",
                    where=owner,
                )
        why = explained(packages, found.without).requirements if found.without else ()
        for name in found.unanticipated:
            version = found.chosen[name].text
            yield Diagnostic(
                code="prerelease-taken",
                message=f"{name}@{version} is a prerelease, and there is no answer without any",
                where=name,
                why=why,
                fix=f'to ask for it yourself, write "{name}": "{version}" into package.json',
            )


def _is_in(scope: Scope, asked: Asked) -> bool:
    return scope.takes(parse_specifier(asked.requirement.local, asked.specifier).package)
