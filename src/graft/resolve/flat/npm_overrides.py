"""Which overrides would bring a project down to one version of each package: found in the graph
that it has with versions side by side, where all fits but for what is there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from graft.base.records import Record, replace
from graft.lockfile.check import InForce
from graft.lockfile.peers import peer_faults
from graft.model.graph import Graph
from graft.model.links import Links
from graft.model.origins import is_from_registry
from graft.resolve.flat.causes import Asks
from graft.resolve.flat.core import minimal
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Problem
from graft.resolve.flat.rules import EVERY_NAME, Rules
from graft.resolve.flat.search import UnsolvableError
from graft.resolve.flat.solve import possible
from graft.versions.constraint import Constraint, constraint_of
from graft.versions.npm import parse_range
from graft.versions.ranges import ANY, Range
from graft.versions.specifier import parse_specifier
from graft.versions.version import parse_version


class Way(Record, kw_only=False):
    """``overrides``, by name, with which there is an answer, and the packages that then get a
    version that they did not ask for."""

    overrides: Mapping[str, str]
    surprised: tuple[str, ...]


NO_WAY = Way({}, ())


def proposed(graph: Graph, overrides: InForce, links: Links) -> dict[str, str]:
    """For each package of which there are several versions, and for each peer that is out of
    range: the version that the project itself got; else the one that most packages ask for, and
    of those the newest."""
    versions: dict[str, set[str]] = {}
    for node in graph.nodes.values():
        manifest = node.manifest
        if is_from_registry(manifest.origin) and not manifest.is_link:
            versions.setdefault(manifest.name, set()).add(manifest.version)
    fitting = Counter(
        (name, version)
        for _, name, range in _asked(graph)
        for version in versions.get(name, ())
        if range.contains(parse_version(version))
    )

    def best(name: str) -> str:
        return max(versions[name], key=lambda text: (fitting[name, text], parse_version(text).key))

    own = {
        manifest.name: manifest.version
        for importer in graph.importers.values()
        for manifest in (graph.nodes[id].manifest for id in importer.edges.values())
    }
    faulty = {
        graph.nodes[fault.provided].manifest.name
        for fault in peer_faults(graph, overrides, links)
        if fault.provided
    }
    return {
        name: own.get(name) or best(name)
        for name, several in versions.items()
        if len(several) > 1 or name in faulty
    }


def needed(problem: Problem, packages: Packages, proposal: Mapping[str, str]) -> dict[str, str]:
    """Those of the proposed overrides that stood in the way of an answer, with which there is one;
    none if there is none with all of them."""
    own: dict[str, list[Constraint]] = {}
    for name, constraint in problem.constraints:
        own.setdefault(name, []).append(constraint)
    # The project's own lines have the last word.
    left = {
        name: version
        for name, version in proposal.items()
        if all(each.range.contains(parse_version(version)) for each in own.get(name, ()))
    }
    made: dict[str, str] = {}
    while True:
        changed = _with(problem, made)
        try:
            possible(changed, packages, _Overriding(changed, made))
        except UnsolvableError as unsolvable:
            culprits = {
                fact.name
                for fact in minimal(packages, unsolvable.proof).facts()
                if isinstance(fact, Asks)
            }
            following = culprits & left.keys() or left.keys()
            if not following:
                return {}
            for name in sorted(following):
                made[name] = left.pop(name)
        else:
            return made


def surprised(graph: Graph, overrides: Mapping[str, str]) -> list[str]:
    """The names of packages that get a version that they do not ask for."""
    return sorted(
        {
            asker
            for asker, name, range in _asked(graph)
            if name in overrides and not range.contains(parse_version(overrides[name]))
        }
    )


def _asked(graph: Graph) -> Iterator[tuple[str, str, Range]]:
    """Which package asks for which other one, and in which range."""
    for node in graph.nodes.values():
        for requirement in node.manifest.requirements:
            wanted = parse_specifier(requirement.local, requirement.specifier)
            if wanted.range is not None:
                yield node.manifest.name, wanted.package, wanted.range


class _Overriding(Rules):
    """npm's overrides leave nothing of what others ask for, not even a lower bound."""

    def __init__(self, problem: Problem, overrides: Collection[str]) -> None:
        super().__init__(problem, admits=EVERY_NAME, keeps=False)
        self._names = frozenset(overrides)

    def range_of(self, name: str, constraint: Constraint) -> Range:
        return constraint.range if constraint.override or name not in self._names else ANY


def _with(problem: Problem, overrides: Mapping[str, str]) -> Problem:
    said = tuple(
        (name, replace(constraint_of(parse_range(version)), override=True))
        for name, version in sorted(overrides.items())
    )
    return replace(problem, constraints=(*problem.constraints, *said))
