"""``audit --fix``: the smallest edit after which fewer weaknesses are known.

First the versions that the ranges allow: of the weak packages themselves, then, where somebody asks
for a weak version and nothing else, of those who ask, step by step up to the project. Where that
does not help, overrides for those who ask, and lines of package.json, are suggested.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from graft.base.records import Record, replace
from graft.model.graph import Graph
from graft.model.requirement import Kind, Requirement
from graft.project.checkout import Checkout
from graft.project.edit import set_overrides
from graft.project.manifest import MANIFEST_NAME
from graft.sources.advisories import Advisory, ask_advisories, read_advisories
from graft.sources.packument import Packument
from graft.versions.version import parse_version
from graft.workflows.answer import answer
from graft.workflows.audit import Audited, Finding, look_up
from graft.workflows.install import install
from graft.workflows.look import locked_graph
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, InstallReport

Overrides = Mapping[str, Mapping[str, str]]


class Mended(Record):
    """``after`` is what is left once ``report`` has come true, which includes the overrides if they
    are ``written``. ``overrides`` maps ``dependent@version`` to what it
    shall get in place of what it asks for; ``lines`` maps names in package.json to ranges that the
    user may ask for instead. ``hopeless`` names packages of which no version is sound."""

    before: Audited
    after: Audited
    report: InstallReport
    overrides: Overrides
    lines: Mapping[str, str]
    hopeless: tuple[str, ...]
    written: bool


def mend(context: Context, options: InstallOptions, *, write_overrides: bool) -> Mended:
    """Raises as ``audit`` and ``install`` do."""
    with at_work(context, fresh="all") as work:
        checkout = context.checkout()
        before = look_up(work, locked_graph(context))
        weak = {finding.advisory.package for finding in before.findings}
        attempt = _Attempt(work, checkout, before)
        attempt.update(weak)
        for name in sorted(weak):
            attempt.update_askers(name)
        advice = _advice(work, attempt.reached)
        raw = checkout.root.raw
        if write_overrides and advice.overrides:
            checkout.root.refuse_lacking("an override")
            raw = set_overrides(raw, advice.overrides)
            edited = {MANIFEST_NAME: raw} if raw != checkout.root.raw else {}
            attempt.checkout = context.checkout(edited)
            attempt.update(())
        report = install(work, attempt.checkout, replace(options, update=attempt.updated))
    return Mended(
        before=before,
        after=attempt.reached,
        report=report,
        overrides=advice.overrides,
        lines=advice.lines,
        hopeless=advice.hopeless,
        written=raw != checkout.root.raw,
    )


class _Attempt:
    """What the lock would be if ``updated`` packages were; nothing is written for it."""

    def __init__(self, work: Work, checkout: Checkout, before: Audited) -> None:
        self.checkout = checkout
        self.updated: frozenset[str] = frozenset()
        self.reached = before
        self._work = work
        self._before = work.context.graph(checkout.links)

    def update(self, names: Collection[str]) -> None:
        """Update these too, whatever comes of it, unless nothing is weak anyway."""
        if self.reached.findings:
            self.updated |= frozenset(names)
            self.reached = self._try(self.updated)

    def update_askers(self, name: str) -> None:
        """Update those who ask for weak versions of ``name``, and those who ask for them, until
        fewer advisories are about it, or not at all."""
        graph = self.reached.graph
        reached = {id for finding in self._about(name) for id in finding.nodes}
        while above := _askers(graph, reached) - reached:
            reached |= above
            names = self.updated | {graph.nodes[id].manifest.name for id in reached}
            tried = self._try(names)
            if _weight(tried, name) < _weight(self.reached, name) and _weight(tried) < _weight(
                self.reached
            ):
                self.updated, self.reached = names, tried
                return self.update_askers(name)
        return None

    def _about(self, name: str) -> list[Finding]:
        return [each for each in self.reached.findings if each.advisory.package == name]

    def _try(self, names: frozenset[str]) -> Audited:
        options = InstallOptions(update=names, dry_run=True)
        graph, _ = answer(self._work, self.checkout, self._before, options)
        return look_up(self._work, graph)


def _weight(audited: Audited, name: str = "") -> int:
    """How many packages have how many weaknesses, of that name if one is given."""
    return sum(len(f.nodes) for f in audited.findings if name in ("", f.advisory.package))


def _askers(graph: Graph, targets: Collection[str]) -> set[str]:
    """The nodes that lead to any of ``targets`` themselves."""
    return {
        node.id
        for node in graph.nodes.values()
        if any(target in targets for target in node.edges.values())
    }


class _Advice(Record):
    overrides: Overrides
    lines: Mapping[str, str]
    hopeless: tuple[str, ...]


def _advice(work: Work, audited: Audited) -> _Advice:
    """For what is left: the nearest sound versions, and who would have to ask for them."""
    overrides: dict[str, dict[str, str]] = {}
    lines: dict[str, str] = {}
    hopeless = set()
    weak = {id for finding in audited.findings for id in finding.nodes}
    sound: dict[str, _Sound] = {}
    for id in sorted(weak):
        manifest = audited.graph.nodes[id].manifest
        if manifest.name not in sound:
            sound[manifest.name] = _sound_versions(work, manifest.name, manifest.origin)
        version = sound[manifest.name].nearest(manifest.version)
        if not version:
            hopeless.add(manifest.name)
            continue
        for owner, requirement in _pins(audited.graph, id):
            alias = "" if requirement.local == manifest.name else f"npm:{manifest.name}@"
            if owner:
                overrides.setdefault(owner, {})[requirement.local] = f"{alias}^{version}"
            else:
                lines[requirement.local] = f"{alias}^{version}"
    return _Advice(overrides=overrides, lines=lines, hopeless=tuple(sorted(hopeless)))


def _pins(graph: Graph, target: str) -> Iterator[tuple[str, Requirement]]:
    """Who asks for a node, as ``name@version``, or nothing for the project; and how."""
    owners: Iterable[tuple[str, Mapping[str, str], Iterable[Requirement]]] = [
        *(("", importer.edges, importer.requirements) for importer in graph.importers.values()),
        *(
            (f"{n.manifest.name}@{n.manifest.version}", n.edges, n.manifest.requirements)
            for n in graph.nodes.values()
        ),
    ]
    for owner, edges, requirements in owners:
        for requirement in requirements:
            # A peer is somebody else's choice, who asks for it as well.
            is_peer = bool(owner) and requirement.kind is Kind.PEER
            if edges.get(requirement.local) == target and not is_peer:
                yield owner, requirement


class _Sound:
    """The versions of a package that no advisory is about."""

    def __init__(self, packument: Packument, advisories: Collection[Advisory]) -> None:
        self._keys = [
            (key, text)
            for key, text in reversed(packument.newest_first(prereleases=False))
            if not any(advisory.affects(text) for advisory in advisories)
            and not packument.is_deprecated(text)
        ]

    def nearest(self, version: str) -> str:
        """The lowest one above ``version``; empty if there is none."""
        key = parse_version(version).key
        return next((text for higher, text in self._keys if higher > key), "")


def _sound_versions(work: Work, name: str, origin: str) -> _Sound:
    registries = work.context.settings.registries
    packument = work.source.packument(name)
    # Of the versions that are not in the lock, nobody has asked yet.
    asked = {name: packument.versions}
    registry = registries.url_of_origin(origin)
    transfer = ask_advisories(work.client, registries, registry, asked)
    work.client.pump_until_done(transfer)
    return _Sound(packument, read_advisories(transfer, asked))
