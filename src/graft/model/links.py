"""What leads to folders of the project itself: these are linked, and never fetched."""

from __future__ import annotations

from collections.abc import Mapping

from graft.base.records import Record, replace
from graft.model.graph import Graph, Node
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement


class Links(Record):
    """``importers`` says what each importer is, by path, except for the root. ``asked`` maps
    (importer path, local name) to the folder that such a line leads to, ``ruled`` (local name,
    replacement) likewise for lines of packages that a rule replaces. ``members`` are those of the
    workspace, by name."""

    importers: Mapping[str, Manifest] = {}
    asked: Mapping[tuple[str, str], Manifest] = {}
    ruled: Mapping[tuple[str, str], Manifest] = {}
    members: Mapping[str, Manifest] = {}

    def target(self, owner: str, requirement: Requirement, text: str | None) -> Manifest | None:
        """The folder that a requirement leads to, if it does to one: ``owner`` is an importer's
        path, or anything else for a package; ``text`` is what counts of the requirement."""
        if text is None:
            return None
        found = self.asked.get((owner, requirement.local))
        if found is None and text != requirement.specifier:
            found = self.ruled.get((requirement.local, text))
        return found

    def complete(self, graph: Graph) -> Graph:
        """A graph as a lock has it, with what the folders say of themselves today."""
        known = {m.id: m for m in (*self.asked.values(), *self.ruled.values())}
        known |= {manifest.id: manifest for manifest in self.members.values()}
        changed = {
            id: Node(id=id, manifest=known[id], edges={})
            for id, node in graph.nodes.items()
            if node.manifest.is_link and id in known
        }
        if not changed:
            return graph
        return replace(graph, nodes={**graph.nodes, **changed})


NO_LINKS = Links()
