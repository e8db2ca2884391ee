"""The shortest road: a project whose whole graph the store has already.

A second checkout brings the same manifest and the same lock, so what its ``node_modules`` must
hold is known (store/graphs). Then there is nothing to parse, resolve or look for: links are made,
and the register learns of the project. Where there is no lock, what resolving would give may be
known as well (sources/resolutions), and is written with the links. Whatever is unusual is left to
``install``, which agrees.

Only what is needed here is imported, which is why this module and those below it do without
enumerations and JSON: loading them would take longer than the work.
"""

from __future__ import annotations

import hashlib
import os
import time

from graft import __version__
from graft.base.files import read_file
from graft.base.machine import machine
from graft.base.records import Record
from graft.link.commit import Staging
from graft.link.importers import MODULES, ROOT, STAGING, modules_of
from graft.link.stamp import write_stamp
from graft.link.state import FOLDER, is_slot, read_state, state_bytes, state_file, states_of
from graft.project.defaults import GRAFT_TOML, PNPM_SETTINGS, npmrc_files
from graft.project.roots import DECIDING, folders_above, may_be_part, may_be_root
from graft.store.graphs import GraphRecord, graph_stayed_whole, read_graph
from graft.store.hold import hold_project
from graft.store.paths import Store
from graft.store.projects import claim_graph, settle_graph

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from graft.sources.resolutions import Resolution

LAYOUT = "virtual"
LOCK = "graft-lock.json"
# In a manifest, they say that packages are changed before they are linked: what comes of it depends
# on patches, and on the node that is found, as well.
_CHANGES = (b'"approvedBuilds"', b'"patchedDependencies"')
# Scripts of the project's own that run at each install (workflows/own_scripts.py).
_OWN_SCRIPTS = (b'install"', b'"prepublish"', b'prepare"')


def changes_packages(manifest: bytes) -> bool:
    return any(word in manifest for word in _CHANGES)


def may_run_scripts(manifest: bytes) -> bool:
    """Whether an install of this manifest may do more than bring packages."""
    return any(word in manifest for word in _OWN_SCRIPTS)


def inputs_digest(
    store_root: str, omitted: str, manifest: bytes, lock: bytes, *, builds: str = ""
) -> str:
    """One name for everything that decides what is in ``node_modules``. ``builds`` says how
    packages are changed, where the project changes any."""
    digest = hashlib.sha256(__version__.encode())
    # The machine counts, as two kinds of machine may share a home.
    said = " ".join((*machine(), omitted, *([builds] if builds else ()))).encode()
    for part in (os.fsencode(store_root), said, manifest, lock):
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()


class Relinked(Record):
    """The graph whose links were made, and what was taken in place of a lock if there was none.
    ``may_stamp`` says that all that decided it can be seen by looks."""

    graph: GraphRecord
    resolution: Resolution | None
    may_stamp: bool


def relink(
    folder: str,
    store: Store,
    recall: Callable[[bytes], Resolution | None],
    *,
    command: str,
    say: Callable[[str], None],
) -> Relinked | None:
    """Give the project in ``folder`` its links; None if that takes more than making links.

    For where neither flags nor settings have a say in what is linked. ``recall`` gives what
    resolving a manifest's text would give, if that is known. ``command`` is this one, in the words
    that others who wait for it are told, and ``say`` tells the user whom this one waits for.
    """
    if os.path.lexists(os.path.join(folder, MODULES)) or not os.path.isdir(store.locks):
        return None
    if os.path.lexists(os.path.join(folder, GRAFT_TOML)):
        return None  # it has a say as well
    manifest = read_file(os.path.join(folder, "package.json"))
    lock = read_file(os.path.join(folder, LOCK))
    if manifest is None or may_run_scripts(manifest):
        return None
    builds: str | None = ""
    changes = changes_packages(manifest)
    if changes:
        from graft.workflows.relink_patches import patches_here

        builds = patches_here(folder, manifest) if lock is not None else None
    if builds is None:
        return None
    resolution = recall(manifest) if lock is None else None
    if resolution is not None:
        lock = resolution.lock
    if lock is None or (resolution is not None and b'"sha1-' in lock):
        return None  # of weak digests, install has something to say
    is_root = may_be_root(folder)
    importers = [ROOT]
    said: bytes | None = manifest
    if is_root:
        from graft.workflows.relink_workspace import importers_in, is_as_known, said_here

        importers = importers_in(lock)
        said = said_here(folder, manifest, importers)
    elif may_be_part(folder):
        return None
    if said is None:
        return None
    inputs = inputs_digest(store.root, "", said, lock, builds=builds)
    record = read_graph(store, inputs)
    if record is None or record.layout != LAYOUT or record.mirrors:
        return None
    if any(map(is_slot, record.trees.get(ROOT, ()))):
        return None  # copies of that project's own
    if not (is_as_known(folder, record, importers) if is_root else record.trees.keys() == {ROOT}):
        return None
    with hold_project(store, folder, command, say):
        if not graph_stayed_whole(store, inputs, record, time.time()) or _busy(folder):
            return None
        if resolution is not None and os.path.lexists(os.path.join(folder, LOCK)):
            return None
        claim_graph(store, folder, inputs)
        states = states_of(record.trees, layout=LAYOUT, inputs=inputs, project=folder)
        staging = Staging(folder, store.project_journal(folder))
        try:
            if resolution is not None:
                staging.add_file(LOCK, lock)
            staged = {
                importer: staging.add_tree(importer, links, state_bytes(states[importer]))
                for importer, links in record.trees.items()
            }
            for path, package in record.copies.items():
                from graft.link.copies import copy_package

                importer, _, local = path.rpartition(f"/{MODULES}/")
                tree = staged[importer or ROOT]
                copy_package(os.path.join(store.slots, package), os.path.join(tree, local))
            staging.commit()
        finally:
            staging.abandon()
        settle_graph(store, folder, inputs, hashlib.sha256(lock).hexdigest())
        if record.commands:
            from graft.link.own_bins import make_runnable

            make_runnable(folder, record.commands)
    return Relinked(graph=record, resolution=resolution, may_stamp=not changes)


def stamp_project(
    folder: str,
    store: Store,
    environ: Mapping[str, str],
    home: str,
    began: int,
    manifests: Sequence[str] = (),
    scanned: Sequence[str] = (),
    name: str = MODULES,
) -> None:
    """Leave the stamp that link/stamp.py describes, for a project that is as it should be.
    ``began`` is when the check of it did, in nanoseconds since the epoch. ``manifests`` are files
    beside its own that have a say, ``scanned`` folders whose entries do, and packages appear in
    folders called ``name``."""
    files = ["package.json", GRAFT_TOML, LOCK, PNPM_SETTINGS, *manifests]
    files += filter(None, npmrc_files("", environ, home))
    # What could make the project a part of one above it.
    ups = ("../" * (up + 1) for up, _ in enumerate(folders_above(folder)))
    files += [f"{up}{name}" for up in ups for name in DECIDING]
    state = read_state(modules_of(folder, ROOT, name))
    # The register too: what it does not know of may be collected.
    made = [store.project_record(folder), store.graph_record(state.inputs), *scanned]
    made += [store.slots, store.objects] if state.layout == LAYOUT else []
    for importer in (ROOT, *state.members):
        below = "" if importer == ROOT else f"{importer}/"
        made += [f"{below}{path}" for path in _stamped(folder, importer, name)]
    write_stamp(folder, name, files=files, made=made, environ=environ, began=began)


def _stamped(folder: str, importer: str, name: str) -> list[str]:
    """What a stamp looks at in a ``node_modules``: that folder, its record, the folders in it that
    entries lie in, and where links lead to."""
    entries = read_state(modules_of(folder, importer, name)).entries
    shared = {path.rpartition("/")[0] for path in entries if "/" in path}
    packages = [
        path
        for path, entry in entries.items()
        if not path.startswith(".bin/")
        and not entry.startswith(FOLDER)
        and not _leads_out(path, entry)
    ]
    inside = [f"{name}/{path}" for path in sorted((*shared, *packages))]
    return [name, state_file(name), *inside]


def _leads_out(path: str, target: str) -> bool:
    """Whether a link leads to the importer itself, or to another folder of the project: to stamp
    those would be to stamp folders in which people work."""
    ups = 0
    while target.startswith("../", 3 * ups):
        ups += 1
    return ups + target.endswith("..") > path.count("/")


def _busy(folder: str) -> bool:
    """Whether somebody was here while the lock was awaited, or has left something to finish."""
    return any(os.path.lexists(os.path.join(folder, name)) for name in (MODULES, STAGING))
