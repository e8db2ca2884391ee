"""Who asks for a package in a graph, and how each of them stands to one of its versions."""

from __future__ import annotations

from graft.base.records import Record
from graft.lockfile.check import InForce, states_of
from graft.lockfile.peers import satisfies
from graft.model.graph import Graph
from graft.model.links import NO_LINKS, Links
from graft.model.manifest import Manifest
from graft.model.origins import is_from_registry
from graft.model.requirement import Kind, Requirement
from graft.resolve.pick import admits, pick
from graft.sources.packument import Packument
from graft.versions.specifier import parse_specifier
from graft.versions.version import parse_version

PRESENT, LOCKED, PREFERRED = "present", "locked", "preferred"
REQUIREMENT, PRERELEASE, TAG = "requirement", "prerelease", "tag"
CATALOG, OVERRIDE, ELSEWHERE, PEER = "catalog", "override", "elsewhere", "peer"


class Use(Record):
    """``owner`` is an importer's path or a node's id. ``text`` is what counts of the line; None
    where an override takes it away. ``target`` is the node that it got, empty for none."""

    owner: str
    line: Requirement
    text: str | None
    target: str


def uses_of(
    graph: Graph, name: str, overrides: InForce, links: Links = NO_LINKS
) -> tuple[Use, ...]:
    """Importers' first. Of a package that stands in the graph several times, one for each thing
    that it got."""
    found: dict[tuple[str, ...], Use] = {}

    def look(owner: str, who: str, line: Requirement, text: str | None, target: str) -> None:
        got = graph.nodes[target].manifest if target else None
        names = {parse_specifier(line.local, each).package for each in (line.specifier, text or "")}
        if name in names or (got and got.name == name):
            key = (who, line.local, text or "", got.id if got else "")
            found.setdefault(key, Use(owner=owner, line=line, text=text, target=target))

    for path, importer in sorted(graph.importers.items()):
        for line in importer.requirements:
            text = overrides.of_importer(links.importers.get(path), line)
            look(path, path, line, text, importer.edges.get(line.local, ""))
    for id, state in states_of(graph, overrides, links):
        node = graph.nodes[id]
        for line in node.manifest.requirements:
            text = overrides.apply(line, state)
            look(id, node.manifest.id, line, text, node.edges.get(line.local, ""))
    return tuple(found.values())


def has(graph: Graph, use: Use, name: str, version: str) -> bool:
    """Whether a use got this version, from a registry."""
    manifest = graph.nodes[use.target].manifest if use.target else None
    return (
        manifest is not None
        and (manifest.name, manifest.version) == (name, version)
        and is_from_registry(manifest.origin)
    )


def standing(graph: Graph, use: Use, packument: Packument, version: str, tag: str) -> str:
    """One of the words above. ``preferred`` is said of a range that admits the version where
    another would be taken if it were resolved anew."""
    if has(graph, use, packument.name, version):
        return PRESENT
    line, text = use.line, use.text
    is_overridden = text != line.specifier
    wanted = parse_specifier(line.local, text or "")
    target = graph.nodes[use.target].manifest if use.target else None
    if text is None or (wanted.package != packument.name and is_overridden):
        return OVERRIDE
    if wanted.foreign or (target is not None and target.is_link):
        return OVERRIDE if is_overridden else ELSEWHERE
    if wanted.range is None:
        return LOCKED if packument.tags.get(wanted.tag) == version else TAG
    if line.kind is Kind.PEER and use.owner not in graph.importers:
        if not satisfies(Manifest(name=packument.name, version=version), line.local, text):
            return PEER
        return LOCKED if pick(packument, wanted, tag) == version else PREFERRED
    if admits(wanted.range, version):
        return LOCKED if pick(packument, wanted, tag) == version else PREFERRED
    if is_overridden:
        return OVERRIDE
    if line.catalog:
        return CATALOG
    near = wanted.range.include_prereleases().contains(parse_version(version))
    return PRERELEASE if near else REQUIREMENT
