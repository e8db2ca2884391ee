"""``deploy``: one member of a workspace, or a project, as a folder that needs nothing around it.

The folder holds the member's files as they would be published, and a ``node_modules`` of files: own
copies, linked to no store. Other members that it needs are packages in there like all others.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.files import remove_tree, temporary_sibling, write_file
from graft.base.records import Record, replace
from graft.link.commit import make_links
from graft.link.importers import MODULES, ROOT, refuse_strange
from graft.link.layouts import layout_trees
from graft.link.links import Wanted
from graft.model.files import PackedFile
from graft.model.graph import Graph
from graft.model.integrity import Integrity
from graft.model.origins import FILE
from graft.project.checkout import Checkout
from graft.resolve.standalone import standalone
from graft.sources.packing import pack
from graft.store.admission import admit
from graft.store.slots import Slot, slots_of
from graft.workflows.answer import answer
from graft.workflows.fill import fill_objects, fill_store
from graft.workflows.inputs import builds_for
from graft.workflows.install import local_graph
from graft.workflows.local_sources import with_snapshots
from graft.workflows.place import place_folders
from graft.workflows.project import Context, Work, at_work
from graft.workflows.publishing import published_files
from graft.workflows.report import InstallOptions, Laps


class Deployed(Record):
    """``folder`` is absolute; ``files`` counts the member's own."""

    folder: str
    name: str
    files: int
    packages: int
    members: tuple[str, ...]
    notes: tuple[Diagnostic, ...]
    milliseconds: Mapping[str, int]


def deploy(
    context: Context, target: str, *, layout: str, with_dev: bool = False, dry_run: bool = False
) -> Deployed:
    """Write ``context.importer`` to ``target``, which must not be there, or be empty.

    Nothing is resolved: raises ``lock-missing`` and ``lock-stale``, ``folder-not-empty``, and what
    fetching and building raise. Then there is no ``target``.
    """
    laps = Laps()
    refuse_strange(context.folder, target)
    _refuse_full(target)
    with at_work(context) as work:
        checkout = context.checkout()
        options = InstallOptions(frozen=True)
        whole, notes = answer(work, checkout, context.graph(checkout.links), options)
        alone = standalone(whole, context.importer, _peers(checkout), with_dev=with_dev)
        graph = local_graph(with_snapshots(work, alone), context)
        members = sorted({n.manifest.folder for n in graph.nodes.values() if n.manifest.is_link})
        packed = {path: pack(published_files(checkout, path)) for path in members}
        files = published_files(checkout, context.importer)
        graph = _with_members(graph, packed)
        laps.lap("resolve")
        if not dry_run:
            _admit(work, graph, packed)
            graph, slots, built = _made(work, checkout, graph, options)
            notes = (*notes, *built)
            laps.lap("fetch")
            own = checkout.modules
            # Where there is no JavaScript, no code looks for itself.
            names = {ROOT: _name(checkout, context)} if own == MODULES else {}
            tree = layout_trees(layout, graph, slots, work.store, names, own)
            _write(work, target, own, files, tree[ROOT], graph, slots)
            laps.lap("write")
    return Deployed(
        folder=target,
        name=_name(checkout, context),
        files=len(files),
        packages=len(graph.package_ids),
        members=tuple(members),
        notes=(*context.settings.notes, *notes),
        milliseconds=laps.total(),
    )


def _refuse_full(target: str) -> None:
    if not os.path.lexists(target) or (os.path.isdir(target) and not os.listdir(target)):
        return
    raise GraftError(
        "folder-not-empty",
        "there is something already where the copy shall be",
        where=target,
        fix="name another folder, or remove this one",
    )


def _peers(checkout: Checkout) -> dict[str, dict[str, bool]]:
    """The peers that each importer's file names, and whether each is optional."""
    found = {}
    for path, manifest in checkout.manifests.items():
        said = manifest.data.get("peerDependencies", {})
        meta = manifest.data.get("peerDependenciesMeta", {})
        found[path] = {name: bool(meta.get(name, {}).get("optional")) for name in said}
    return found


def _name(checkout: Checkout, context: Context) -> str:
    return checkout.manifests[context.importer].name


def _with_members(graph: Graph, packed: Mapping[str, bytes]) -> Graph:
    """The graph in which members are packages with bytes of their own."""
    nodes = dict(graph.nodes)
    for id, node in graph.nodes.items():
        if node.manifest.is_link:
            path = node.manifest.folder
            manifest = replace(
                node.manifest, origin=f"{FILE}{path}", integrity=str(_integrity(packed[path]))
            )
            nodes[id] = replace(node, manifest=manifest)
    return replace(graph, nodes=nodes)


def _integrity(data: bytes) -> Integrity:
    return Integrity("sha512", hashlib.sha512(data).digest())


def _admit(work: Work, graph: Graph, packed: Mapping[str, bytes]) -> None:
    for path, data in packed.items():
        admit(work.store, data, _integrity(data), subject=path)
    work.graph = graph


def _made(
    work: Work, checkout: Checkout, graph: Graph, options: InstallOptions
) -> tuple[Graph, Mapping[str, Slot], tuple[Diagnostic, ...]]:
    """What is lacking is fetched, what is approved or patched is built."""
    context = work.context
    builds = builds_for(context, checkout, options)
    slots = slots_of(graph, builds.salts(graph) if builds else {}, root=context.folder)
    if builds is None:
        fill_objects(work, graph)
        return graph, slots, ()
    from graft.workflows.build import build_slots

    fill_store(work, graph, slots)
    built = build_slots(work, builds, graph, slots, options)
    return built.graph, built.slots, built.notes


def _write(
    work: Work,
    target: str,
    name: str,
    files: list[PackedFile],
    tree: Wanted,
    graph: Graph,
    slots: Mapping[str, Slot],
) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    staged = temporary_sibling(target)
    modules = f"{staged}/{name}"
    try:
        _write_files(staged, files)
        os.makedirs(modules, exist_ok=True)  # bundled packages may be among the files
        make_links(modules, tree.entries)
        own = [
            (f"{modules}/{path}", replace(folder, own=True))
            for path, folder in tree.folders.items()
        ]
        place_folders(work, graph, slots, own)
        os.rename(staged, target)
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)


def _write_files(staged: str, files: list[PackedFile]) -> None:
    os.mkdir(staged)
    for file in files:
        path = f"{staged}/{file.path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_file(path, file.data)
        os.chmod(path, 0o755 if file.executable else 0o644)
