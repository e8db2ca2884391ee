"""The resolver for projects that want one version of each package: npm's ranges, and the solver.

Attempts go from the cheapest to the most thorough: with what the lock has as the only choice for
all that it has, which asks no registry for anything that is known; with all releases; with
prereleases of those packages whose lack of others stood in the way; without optional packages that
cannot be had together with the rest; and with packuments that the registry was asked for just now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import replace
from graft.lockfile.check import several
from graft.model.graph import Graph
from graft.model.links import Links
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.project.overrides import Rules
from graft.resolve.closure import Closure
from graft.resolve.flat.causes import Asks, Bound, Root
from graft.resolve.flat.core import Statement, minimal
from graft.resolve.flat.derivation import explained
from graft.resolve.flat.npm_catalogue import NpmCatalogue
from graft.resolve.flat.npm_overrides import NO_WAY, Way, needed, proposed, surprised
from graft.resolve.flat.npm_problem import anticipated, kept, problem_of
from graft.resolve.flat.npm_refusal import refusal, refused_rules, refused_several
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Problem
from graft.resolve.flat.solve import Kind as Failure
from graft.resolve.flat.solve import NoSolutionError, Solution, solve
from graft.resolve.lines import Lines, without_libc
from graft.resolve.locked import Locked
from graft.resolve.nested import Resolved, graph_of, resolve
from graft.sources.registry import RegistrySource
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_prerelease

if TYPE_CHECKING:
    from graft.sources.elsewhere import Elsewhere


def resolve_flat(
    asked: Mapping[str, Sequence[Requirement]],
    previous: Graph | None,
    update: Collection[str] | None,
    *,
    source: RegistrySource,
    elsewhere: Callable[[], Elsewhere],
    locked: Locked,
    rules: Rules,
    links: Links,
    tag: str,
    adds_peers: bool,
    on_chosen: Callable[[Manifest], None],
    where: str,
) -> Resolved:
    """``previous`` is preferred but for packages named in ``update``; None is all of them.
    ``where`` is the project's package.json. What is not said here is as for ``nested.resolve``.

    Raises ``flat-conflict`` where there is no answer, and ``override-unsupported``.
    """
    if not rules.overrides.is_flat:
        raise refused_rules(where, [key for key in rules.overrides.rules if "> " in key])
    lines = Lines(elsewhere=elsewhere, locked=locked, rules=rules, links=links)

    def side_by_side() -> Graph:
        return resolve(
            asked,
            source=source,
            elsewhere=elsewhere,
            locked=locked,
            rules=rules,
            links=links,
            tag=tag,
            adds_peers=adds_peers,
        ).graph

    attempts = _Attempts(
        asked,
        previous,
        update,
        source=source,
        lines=lines,
        tag=tag,
        peers=adds_peers,
        side_by_side=side_by_side,
        where=where,
    )
    answer, notes = attempts.run()
    closure = Closure(source=source, lines=lines, tag=tag, on_chosen=on_chosen, answer=answer)
    resolved = graph_of(closure, asked, rules, adds_peers=adds_peers)
    graph = replace(resolved.graph, flat=True)
    for name, ids in several(graph):
        raise refused_several(where, name, ids)
    return Resolved(graph, (*resolved.notes, *notes))


class _Attempts:
    def __init__(
        self,
        asked: Mapping[str, Sequence[Requirement]],
        previous: Graph | None,
        update: Collection[str] | None,
        *,
        source: RegistrySource,
        lines: Lines,
        tag: str,
        peers: bool,
        side_by_side: Callable[[], Graph],
        where: str,
    ) -> None:
        self._asked = list(lines.of_importers(asked))
        self._update = update
        # Who makes a lock anew in another way means to change it.
        self._incompatible = previous is not None and not previous.flat
        self._had = kept(previous, update, self._asked, lines)
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
        """Overrides with which there is an answer."""
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
        core = minimal(packages, error.proof)
        new: set[tuple[str, str]] = set()
        for statement in core.statements:
            assert isinstance(statement.cause, Statement)
            for fact in statement.cause.facts:
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
        news = [self._has_news(name) for name in sorted(names - self._refreshed)]
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
            if not catalogue.is_elsewhere(name)
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
