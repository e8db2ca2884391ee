"""Edits that bring a version of a package to those who ask for the package.

Each is tried on what came of those that were found before it, and counts if somebody gets the
version and fewer go without. The mildest are tried first: an update, another line, newer versions
of those who ask, an override.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.link.importers import ROOT
from graft.model.graph import Graph
from graft.model.links import Links
from graft.model.requirement import Kind
from graft.project.overrides import Rules
from graft.resolve.chains import chains_to
from graft.resolve.pick import newest
from graft.resolve.trials import Edit, Trials, with_line, with_override
from graft.resolve.uses import has, uses_of
from graft.sources.packument import Packument
from graft.versions.npm import parse_range
from graft.versions.version import is_version, parse_version

# Who asks: an importer's path or a package's name, and the local name.
Askers = frozenset[tuple[str, str]]
# Whom it is to help, and what is to be done besides what was found already.
Proposal = tuple[Askers, Callable[[Edit], Edit]]

# Where more packages than that stand in the way, one edit for all of them is the better one.
_SEVERAL = 3


class Brought(Record):
    """``edits`` to make one after the other, and who still goes ``without``."""

    edits: tuple[str, ...]
    without: Askers


def bring(trials: Trials, name: str, version: str) -> Brought:
    goal = _Goal(name, version)
    had, left = goal.askers(trials.graph, trials.links, trials.rules)
    texts: list[str] = []
    for propose in (goal.update, goal.lines, goal.newer_askers, goal.newer_tops, goal.overrides):
        for whom, with_that in propose(trials, left):
            if not whom & left:
                continue
            edit = with_that(trials.unchanged)
            try:
                graph, rules = trials.resolved(edit)
            except GraftError:
                continue  # what cannot be resolved is not proposed
            have, without = goal.askers(graph, trials.links, rules)
            if have - had and len(without) < len(left):
                trials, had, left = trials.after(edit, graph), have, without
                texts.append(edit.text)
    return Brought(edits=tuple(texts), without=left)


class _Goal:
    """What is to come about, and what could help those who go without."""

    def __init__(self, name: str, version: str) -> None:
        self._name = name
        self._version = version

    def askers(self, graph: Graph, links: Links, rules: Rules) -> tuple[Askers, Askers]:
        """Those that have the version, and those that go without: the project, if nobody asks."""
        asking = uses_of(graph, self._name, rules.overrides, links)
        without = frozenset(
            (_owner(graph, use.owner), use.line.local)
            for use in asking
            if not has(graph, use, self._name, self._version)
        )
        if not asking:
            without = frozenset({(ROOT, self._name)})
        everybody = frozenset((_owner(graph, use.owner), use.line.local) for use in asking)
        return everybody - without, without

    def update(self, _: Trials, left: Askers) -> Iterator[Proposal]:
        yield left, partial(_with_update, names=(self._name,))

    def lines(self, trials: Trials, left: Askers) -> Iterator[Proposal]:
        """Of importers, and of catalogs that they refer to; and one of the project's own for peers
        that get what it provides. A range goes before the version: it is what ``graft add`` would
        save."""
        for path, local in sorted(left):
            importer = trials.graph.importers.get(path)
            lines = importer.requirements if importer else ()
            catalog = next((line.catalog for line in lines if line.local == local), "")
            for range in (f"^{self._version}", self._version) if importer else ():
                whom = frozenset({(path, local)})
                if catalog:
                    yield whom, partial(_with_entry, catalog=catalog, local=local, range=range)
                else:
                    yield whom, partial(self._with_line, path=path, local=local, range=range)
        peers = frozenset(each for each in left if _is_peer(trials.graph, *each))
        for range in (f"^{self._version}", self._version):
            yield peers, partial(self._with_line, path=ROOT, local=self._name, range=range)

    def newer_askers(self, trials: Trials, left: Askers) -> Iterator[Proposal]:
        names = sorted({owner for owner, _ in left} - trials.graph.importers.keys())
        for some in [[each] for each in names] if len(names) <= _SEVERAL else [names]:
            whom = frozenset(each for each in left if each[0] in some)
            yield whom, partial(_with_update, names=(*some, self._name))

    def newer_tops(self, trials: Trials, left: Askers) -> Iterator[Proposal]:
        """Newer versions of the project's dependency below which somebody goes without: first of
        the same major version, then the latest."""
        graph = trials.graph
        for owner, local in sorted(left)[:_SEVERAL]:
            ids = [id for id, node in graph.nodes.items() if node.manifest.name == owner]
            for chain in [chain for id in ids for chain in chains_to(graph, id)][:_SEVERAL]:
                top, *_ = chain.steps
                manifest = graph.nodes[top.id].manifest
                if manifest.origin or owner in graph.importers:
                    continue
                place = chain.importer, top.line.local
                for version in _newer(trials.source.packument(manifest.name), manifest.version):
                    line = partial(_with_newer, place=place, of=manifest.name, version=version)
                    yield frozenset({(owner, local)}), line

    def overrides(self, trials: Trials, left: Askers) -> Iterator[Proposal]:
        packages = sorted(each for each in left if each[0] not in trials.graph.importers)
        had = trials.data.get("overrides", {})
        if isinstance(had.get(self._name), str) or len(packages) > _SEVERAL:
            yield left, self._with_rule
        for owner, local in packages[: _SEVERAL + 1]:
            alias = "" if local == self._name else f"npm:{self._name}@"
            text = f"{alias}{self._version}"
            yield (
                frozenset({(owner, local)}),
                partial(with_override, below=owner, local=local, text=text),
            )

    def _with_line(self, done: Edit, *, path: str, local: str, range: str) -> Edit:
        return with_line(done, path, local, self._name, range)

    def _with_rule(self, done: Edit) -> Edit:
        """One override for whoever asks."""
        overrides = {**done.data.get("overrides", {}), self._name: self._version}
        return replace(
            done,
            text=f'set in package.json: "overrides": {{"{self._name}": "{self._version}"}}',
            data={**done.data, "overrides": overrides},
        )


def _with_update(done: Edit, *, names: tuple[str, ...]) -> Edit:
    return replace(done, text=f"graft update {' '.join(names)}", free=frozenset(names))


def _with_newer(done: Edit, *, place: tuple[str, str], of: str, version: str) -> Edit:
    return with_line(done, *place, of, f"^{version}")


def _newer(packument: Packument, than: str) -> Iterator[str]:
    had, latest = parse_version(than), packument.tags.get("latest", "")
    same_major = newest(packument, parse_range(f"^{had.major}"), "")
    for version in dict.fromkeys(filter(None, (same_major, latest))):
        if is_version(version) and parse_version(version) > had:
            yield version


def _with_entry(done: Edit, *, catalog: str, local: str, range: str) -> Edit:
    """Another entry of a catalog, for all who refer to it."""
    return replace(
        done,
        text=f'set in the catalog ({catalog}): "{local}": "{range}"',
        asked={
            path: tuple(
                replace(line, specifier=range)
                if (line.local, line.catalog) == (local, catalog)
                else line
                for line in lines
            )
            for path, lines in done.asked.items()
        },
    )


def _is_peer(graph: Graph, owner: str, local: str) -> bool:
    return any(
        (line.local, line.kind) == (local, Kind.PEER)
        for node in graph.nodes.values()
        if node.manifest.name == owner
        for line in node.manifest.requirements
    )


def _owner(graph: Graph, owner: str) -> str:
    return owner if owner in graph.importers else graph.nodes[owner].manifest.name
