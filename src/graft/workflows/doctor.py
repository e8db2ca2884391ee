"""``doctor``: what is wrong with machine, settings and project, and what mends it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.link.importers import ROOT, present_modules
from graft.link.state import read_state
from graft.model.graph import Graph
from graft.project.defaults import GRAFT_TOML
from graft.project.manifest import MANIFEST_NAME
from graft.store.paths import store_below
from graft.versions.version import parse_version
from graft.vet.phantoms import Phantom, Read, read_phantoms
from graft.workflows.check import FAIL, NOTE, OK, Check
from graft.workflows.checkup import machine_checks
from graft.workflows.install import local_graph
from graft.workflows.project import Asking, Context
from graft.workflows.project_checkup import MOST_NAMED, project_checks

_HOISTED = "hoisted"


class Mended(Record):
    """A phantom dependency with the entry of ``packageExtensions`` that mends it, as JSON text
    without the braces around it."""

    phantom: Phantom
    line: str


class Diagnosis(Record):
    checks: tuple[Check, ...]
    phantoms: tuple[Mended, ...]

    @property
    def is_well(self) -> bool:
        return all(check.state != FAIL for check in self.checks)


def diagnose(context: Context, environ: Mapping[str, str]) -> Diagnosis:
    """Changes nothing but what it tries out, and removes that again."""
    checks = [*machine_checks(context, environ), _settings(context)]
    names = (MANIFEST_NAME, GRAFT_TOML)
    if not any(os.path.isfile(os.path.join(context.folder, name)) for name in names):
        checks.append(Check(name="project", state=NOTE, message=f"no {MANIFEST_NAME} here"))
        return Diagnosis(checks=tuple(checks), phantoms=())
    _, graph, about_project = project_checks(context)
    checks += about_project
    mended: tuple[Mended, ...] = ()
    if graph is not None:
        store = store_below(context.settings.store_root)
        read = read_phantoms(local_graph(graph, context), store, context.settings.cache_root)
        mended = tuple(_mended(context, graph, read))
        checks.append(_phantoms(context, mended, len(read.unread)))
    return Diagnosis(checks=tuple(checks), phantoms=mended)


def _settings(context: Context) -> Check:
    notes = context.settings.notes
    if not notes:
        return Check(name="settings", state=OK, message="all lines of .npmrc count")
    said = "; ".join(f"{note.message} ({note.where})" for note in notes)
    return Check(name="settings", state=NOTE, message=said, fix=notes[0].fix)


def _mended(context: Context, graph: Graph, read: Read) -> Iterator[Mended]:
    asking = Asking(context, frozenset())
    try:
        for phantom in read.found:
            range = _range(graph, asking, phantom) if phantom.sure else ""
            line = {phantom.name: {"dependencies": {phantom.missing: range}}}
            text = json.dumps(line, ensure_ascii=False)[1:-1] if range else ""
            yield Mended(phantom=phantom, line=text)
    finally:
        asking.close()


def _range(graph: Graph, asking: Asking, phantom: Phantom) -> str:
    """One that the project's own choice is in, else the graph's newest, else the latest; any
    version where no registry can be asked."""
    own = [
        importer.edges[phantom.missing]
        for importer in graph.importers.values()
        if phantom.missing in importer.edges
    ]
    nodes = [graph.nodes[id] for id in own] or list(graph.nodes.values())
    versions = [n.manifest.version for n in nodes if n.manifest.name == phantom.missing]
    if versions:
        return f"^{max(versions, key=parse_version)}"
    try:
        return f"^{asking.source.packument(phantom.missing).tags['latest']}"
    except (GraftError, KeyError):
        return "*"


def _phantoms(context: Context, found: tuple[Mended, ...], unread: int) -> Check:
    name = "phantoms"
    sure = [mended for mended in found if mended.phantom.sure]
    if not sure and unread:
        message = f"{unread} packages could not be read: they are not in the store"
        return Check(name=name, state=NOTE, message=message, fix="run 'graft install'")
    if not sure:
        return Check(name=name, state=OK, message="packages declare what they load")
    said = "; ".join(f"{m.phantom.package} loads {m.phantom.missing}" for m in sure[:MOST_NAMED])
    hoisted = read_state(present_modules(context.folder, ROOT)).layout == _HOISTED
    return Check(
        name=name,
        state=NOTE if hoisted else FAIL,
        message=f"{len(sure)} undeclared: {said}",
        fix="add the lines below to packageExtensions in package.json, then run 'graft install'",
    )
