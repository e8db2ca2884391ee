"""The node that runs here against what packages, and the project, say of the node they need."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from graft.base.diagnostics import Diagnostic, GraftError
from graft.model.graph import Graph
from graft.project.manifest import ProjectManifest
from graft.resolve.engines import admits_node, unfit_for, without_unfit_optional
from graft.resolve.paths import Paths
from graft.workflows.node import find_node
from graft.workflows.project import Context


def for_this_node(graph: Graph, context: Context) -> Graph:
    """The graph without optional packages that are not for the node that is first on the path;
    where there is no node, all of it."""
    node = node_version(context)
    return without_unfit_optional(graph, node) if node else graph


def engine_notes(
    graph: Graph, manifest: ProjectManifest, context: Context
) -> tuple[Diagnostic, ...]:
    """A note for each package that is not for this node, and for the project itself.

    Raises ``engine-unsupported`` for packages, and the project, where ``engine-strict`` is set.
    """
    node = node_version(context)
    unfit = unfit_for(graph, node) if node else set()
    paths = Paths(graph) if unfit else None
    notes = {
        graph.nodes[id].manifest.id: Diagnostic(
            code="engine-unsupported",
            message=f"{graph.nodes[id].manifest.id} is for node {graph.nodes[id].manifest.node}; "
            f"this is {node}",
            where=paths.shown(id) if paths else "",
        )
        for id in sorted(unfit, reverse=True)
    }
    found = [*_of_project(manifest, node), *(notes[id] for id in sorted(notes))]
    if not context.settings.engine_strict or not found:
        return (*found, *_of_manager(manifest))
    raise GraftError(
        "engine-unsupported",
        f"node {node} is not what {_subject(len(found))} for, and engine-strict is set",
        where=manifest.path,
        why=[f"{note.message} ({note.where})" for note in found],
        fix="use another node, other versions of these packages, or unset engine-strict",
    )


def _subject(number: int) -> str:
    return "one package is" if number == 1 else f"{number} packages are"


def _of_project(manifest: ProjectManifest, node: str) -> Iterator[Diagnostic]:
    """``engines``, and the runtimes of ``devEngines``."""
    asked = [("engines", _table(manifest.data, "engines").get("node"))]
    asked += [
        ("devEngines", each.get("version"))
        for each in _entries(_table(manifest.data, "devEngines").get("runtime"))
        if each.get("name") == "node"
    ]
    for field, text in asked:
        if node and isinstance(text, str) and not admits_node(text, node):
            yield Diagnostic(
                code="engine-unsupported",
                message=f"the project is for node {text}; this is {node}",
                where=f"{manifest.path}: {field}",
            )


def _of_manager(manifest: ProjectManifest) -> Iterator[Diagnostic]:
    """``devEngines`` may name those who are to install the project."""
    named = _entries(_table(manifest.data, "devEngines").get("packageManager"))
    names = [each["name"] for each in named if isinstance(each.get("name"), str)]
    if names and "graft" not in names:
        yield Diagnostic(
            code="engine-unsupported",
            message=f"the project is to be installed by {' or '.join(names)}; this is graft",
            where=f"{manifest.path}: devEngines",
        )


def _entries(said: Any) -> list[Mapping[str, Any]]:
    """One or a list of them, without those that are to be ignored."""
    entries = said if isinstance(said, list) else [said]
    return [each for each in entries if isinstance(each, dict) and each.get("onFail") != "ignore"]


def _table(data: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    said = data.get(field)
    return said if isinstance(said, dict) else {}


def node_version(context: Context) -> str:
    """Of the node that is first on the path; empty where there is none."""
    return find_node(os.environ, context.folder, context.settings.cache_root).version
