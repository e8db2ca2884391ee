"""``outdated``: what the project's own requirements have, could have, and what is latest.

One packument for each package that is asked for, all of them on their way at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from graft.base.records import Record
from graft.model.graph import Graph
from graft.model.requirement import Kind, Requirement
from graft.resolve.pick import pick
from graft.sources.packument import Packument
from graft.versions.specifier import Specifier, parse_specifier
from graft.versions.version import version_in_graph
from graft.workflows.names import meant_name, not_a_dependency
from graft.workflows.project import Context, asking

if TYPE_CHECKING:
    from graft.workflows.index_trees import IndexTrees


class Outdated(Record):
    """A requirement of an importer that has not the newest version there is, or a deprecated one.

    ``current`` is what the lock has, empty where it has nothing; ``wanted`` what ``graft update``
    would give it; ``latest`` what the registry calls so, empty where it calls nothing so.
    ``deprecated`` is what the publisher says of ``current``.
    """

    importer: str
    requirement: Requirement
    package: str
    current: str
    wanted: str
    latest: str
    deprecated: str


def outdated(
    context: Context, names: Sequence[str], kinds: Collection[Kind]
) -> tuple[Outdated, ...]:
    """Those of ``kinds``, and of ``names`` if there are any; sorted by name, then by importer.

    Raises ``not-a-dependency`` for a name that no importer asks for, and what the source raises.
    Requirements that neither a registry nor an index answers are not looked at. Of indices it
    counts what the commits that the lock pins say.
    """
    checkout = context.checkout()
    graph, asked, links = context.graph(checkout.links), checkout.asked, checkout.links
    known = {r.local for requirements in asked.values() for r in requirements}
    wanted_names = {meant_name(name, known, context.namespaces) for name in names}
    for name in sorted(wanted_names - known):
        raise not_a_dependency(name, known, checkout.root.path)
    looked_at: list[tuple[str, Requirement, Specifier]] = []
    found: list[Outdated] = []
    namespaces = context.namespaces()
    trees: IndexTrees | None = None
    for path, requirements in asked.items():
        for requirement in requirements:
            text = checkout.rules.overrides.of_importer(links.importers.get(path), requirement)
            is_folder = (path, requirement.local) in links.asked
            if text is None or requirement.kind not in kinds or is_folder:
                continue
            wanted = parse_specifier(requirement.local, text)
            if wanted.foreign or (wanted_names and requirement.local not in wanted_names):
                continue
            if not namespaces.is_of_index(wanted.package):
                looked_at.append((path, requirement, wanted))
                continue
            if trees is None:
                from graft.workflows.index_trees import locked_trees

                trees = locked_trees(context)
            current = _current(graph, path, requirement.local, wanted.package)
            found.append(_in_index(path, requirement, wanted, trees, current))
    with asking(context) as asks:
        for *_, wanted in looked_at:
            asks.source.prefetch(wanted.package)
        found += [
            _compared(
                path,
                requirement,
                wanted,
                asks.source.packument(wanted.package),
                current=_current(graph, path, requirement.local, wanted.package),
                tag=context.settings.tag,
            )
            for path, requirement, wanted in looked_at
        ]
    found.sort(key=lambda entry: (entry.requirement.local, entry.importer))
    return tuple(entry for entry in found if _is_worth_saying(entry))


def _current(graph: Graph | None, path: str, local: str, package: str) -> str:
    """The locked version of a requirement; of another package of that name, it has none."""
    importer = graph.importers.get(path) if graph else None
    node = graph.nodes.get(importer.edges.get(local, "")) if graph and importer else None
    return node.manifest.version if node and node.manifest.name == package else ""


def _compared(
    path: str,
    requirement: Requirement,
    wanted: Specifier,
    packument: Packument,
    *,
    current: str,
    tag: str,
) -> Outdated:
    is_known = current in packument
    return Outdated(
        importer=path,
        requirement=requirement,
        package=wanted.package,
        current=current,
        wanted=pick(packument, wanted, tag) or current,
        latest=packument.tags.get("latest", ""),
        deprecated=packument.manifest(current).deprecated if is_known else "",
    )


def _in_index(
    path: str, requirement: Requirement, wanted: Specifier, trees: IndexTrees, current: str
) -> Outdated:
    from graft.workflows.index_view import newest

    releases = trees.descriptor(wanted.package).releases.values()
    here = [release for release in releases if str(release.version) == current]
    best, latest = newest(releases, wanted.range), newest(releases)
    return Outdated(
        importer=path,
        requirement=requirement,
        package=wanted.package,
        current=current,
        wanted=str(best.version) if best else current,
        latest=str(latest.version) if latest else "",
        deprecated=here[0].yanked if here else "",
    )


def _is_worth_saying(entry: Outdated) -> bool:
    """A latest version that is older than the current one, as where a tag was asked for, is not."""
    if entry.wanted != entry.current or entry.deprecated:
        return True
    return _is_newer(entry.latest, entry.current)


def _is_newer(version: str, than: str) -> bool:
    try:
        return version_in_graph(version) > version_in_graph(than)
    except ValueError:
        return False
