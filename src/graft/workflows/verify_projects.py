"""Projects against what the store knows of them: links, locks, and files that are the store's."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.link.importers import MODULES, ROOT, present_modules
from graft.link.isolated import SLOTS
from graft.link.state import OWN_FOLDER, State, is_slot, read_state
from graft.lockfile.format import LOCK_NAME, read_lock
from graft.model.manifest import Manifest
from graft.model.names import file_name
from graft.store.admission import required_integrity
from graft.store.check import CHANGED, MISSING, MODE, Fault, Inode, file_fault
from graft.store.graphs import GraphRecord, read_graph
from graft.store.objects import ObjectFile, find_object
from graft.store.paths import Store, has_slot
from graft.store.private import read_private_package
from graft.store.projects import read_project
from graft.store.slot_records import SlotRecord
from graft.workflows.broken_links import broken_links

_SHOWN = 5


class ProjectSight(Record):
    """``graphs`` are those it names, and ``slots`` those that these name. ``has_files`` says that
    some of the ``faults`` are in files that lie in the project. ``copies`` are files in it that can
    stand for the store's: path and what should be there. ``manifests`` are those that its lock
    names."""

    path: str
    graphs: frozenset[str]
    slots: frozenset[str]
    faults: tuple[str, ...] = ()
    has_files: bool = False
    lock_changed: bool = False
    copies: tuple[tuple[str, ObjectFile], ...] = ()
    manifests: tuple[Manifest, ...] = ()


def look_at_projects(
    store: Store, records: Mapping[str, SlotRecord], sound: Collection[Inode]
) -> tuple[list[ProjectSight], dict[str, list[str]]]:
    """The projects that are there, and by name the graphs whose slots are not all there, with
    those."""
    projects = []
    for digest in sorted(os.listdir(store.projects)):
        project = read_project(store, digest)
        if project is None or not os.path.isdir(project.path):
            continue  # whether it is gone is for collection to say
        projects.append(_look(store, project.path, project.graphs, project.lock, records, sound))
    lost = {}
    for name in sorted(os.listdir(os.path.join(store.root, "graphs"))):
        record = read_graph(store, name) if "." not in name else None
        if record is not None:
            absent = [slot for slot in record.slots if not has_slot(store, slot)]
            if absent:
                lost[name] = absent
    return projects, lost


def _look(
    store: Store,
    path: str,
    claimed: Collection[str],
    lock: str,
    records: Mapping[str, SlotRecord],
    sound: Collection[Inode],
) -> ProjectSight:
    graphs = {name: read_graph(store, name) for name in claimed}
    slots = {slot for graph in graphs.values() if graph is not None for slot in graph.slots}
    state = read_state(present_modules(path, ROOT))
    if not state.inputs:  # nothing of graft's is there, which is no damage
        return ProjectSight(path=path, graphs=frozenset(claimed), slots=frozenset(slots))
    data = read_file(os.path.join(path, LOCK_NAME))
    manifests = _locked(data, path)
    said = [*_said(state, graphs), *broken_links(path)]
    wrong: list[tuple[str, Fault]] = []
    copies: list[tuple[str, ObjectFile]] = []
    for folder, file in _shared_files(store, path, state, records, manifests):
        kind = file_fault(folder, file, sound)
        if kind in (MISSING, CHANGED, MODE):
            wrong.append((folder, Fault(path=os.path.relpath(folder, path), kind=kind, file=file)))
        else:
            copies.append((folder, file))
    said += [str(fault) for _, fault in wrong]
    return ProjectSight(
        path=path,
        graphs=frozenset(claimed),
        slots=frozenset(slots),
        faults=tuple(said),
        has_files=bool(wrong),
        lock_changed=bool(lock and data and hashlib.sha256(data).hexdigest() != lock),
        copies=tuple(copies),
        manifests=tuple(manifests.values()),
    )


def _said(state: State, graphs: Mapping[str, GraphRecord | None]) -> Iterator[str]:
    graph = graphs.get(state.inputs)
    if state.inputs not in graphs:
        yield "its links were made for a graph that the store does not know it by"
    elif graph is None:
        yield f"the store has no graph {state.inputs}, which it is linked to"
    elif graph.trees.get(ROOT) != state.entries and not (
        _has_copies(state.entries) or _has_copies(graph.trees.get(ROOT, {}))
    ):
        yield "what it says it holds is not what its graph comes to"


def _has_copies(entries: Mapping[str, str]) -> bool:
    """Of two projects that ask for the same, one may have made some of it its own."""
    return any(is_slot(entry) and made.startswith(OWN_FOLDER) for entry, made in entries.items())


def _locked(data: bytes | None, path: str) -> dict[tuple[str, str], Manifest]:
    """By name and version. A lock that cannot be read says nothing here: an install says so."""
    try:
        graph = read_lock(data or b"", where=path)
    except GraftError:
        return {}
    manifests = [node.manifest for node in graph.nodes.values()]
    return {(m.name, m.version): m for m in manifests if not m.is_link and m.integrity}


def _shared_files(
    store: Store,
    path: str,
    state: State,
    records: Mapping[str, SlotRecord],
    manifests: Mapping[tuple[str, str], Manifest],
) -> Iterator[tuple[str, ObjectFile]]:
    """Files in the project that are the store's, or read-only copies of those: what the layout
    ``isolated`` has, and what should be there."""
    slots = f"{SLOTS}/"
    for entry, made in state.entries.items():
        if not entry.startswith(slots) or made.startswith(OWN_FOLDER):
            continue
        name = entry.removeprefix(slots)
        record = records.get(name)
        if record is not None and record.salt:
            package = record.manifest.name
            finished = read_private_package(store, name, package)
            files = finished.files if finished else ()
        else:
            manifest = next((m for m in manifests.values() if _is_slot_of(name, m)), None)
            if manifest is None:
                continue
            stored = find_object(store, required_integrity(manifest))
            package, files = manifest.name, stored.files if stored else ()
        for file in files:
            yield f"{path}/{MODULES}/{entry}/{MODULES}/{package}/{file.path}", file


def _is_slot_of(name: str, manifest: Manifest) -> bool:
    readable = f"{file_name(manifest.name)}@{manifest.version.replace('/', '+')}"
    return name.startswith(f"{readable[:120]}-")
