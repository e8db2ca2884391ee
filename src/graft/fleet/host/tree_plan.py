"""What the tree of a release is to hold on this host: all of it follows from the release alone.

So nothing that lies in a tree has to be believed when it is looked at: the hash names the release,
the release its lock, and the lock every link and every file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.platforms import is_among, platform_text
from graft.fleet.release import EMPTY_HASH, Entry, Release
from graft.link.importers import ROOT
from graft.link.layouts import layout_trees
from graft.link.links import Wanted
from graft.lockfile.format import read_lock
from graft.model.graph import Graph, Importer
from graft.model.integrity import Integrity, parse_integrity
from graft.model.origins import INDEX
from graft.model.platform import Platform
from graft.resolve.prune import for_platform
from graft.store.paths import Store
from graft.store.slots import Slot, slots_of

_NOTHING = Graph(importers={ROOT: Importer(path=ROOT, requirements=(), edges={})}, nodes={})


class Archive(Record):
    """One that this host needs. ``subject`` is the package with its version, ``size`` that of the
    archive or -1, and ``bare`` says that it may lack a package.json."""

    integrity: Integrity
    subject: str
    size: int
    bare: bool = False


class TreePlan(Record):
    """``graph`` is what of the lock is for this platform. ``inputs`` names the tree among the
    store's graphs: other layouts and platforms have other names. ``wanted`` is what its
    ``node_modules`` holds, ``slots`` those of the store's by node id, and ``archives`` what all of
    it is made of."""

    release: Release
    layout: str
    graph: Graph
    slots: dict[str, Slot]
    wanted: Wanted
    inputs: str
    archives: dict[Integrity, Archive]

    @property
    def hash(self) -> str:
        return self.release.hash

    @property
    def roots(self) -> dict[str, str]:
        """The versions of what may be imported at top level, by local name."""
        edges = self.graph.importers[ROOT].edges
        return {local: self.graph.nodes[id].manifest.version for local, id in edges.items()}

    @property
    def package_json(self) -> bytes:
        said = {"private": True, "name": "graft-fleet-tree", "dependencies": self.roots}
        return json.dumps(said, indent=2, sort_keys=True).encode() + b"\n"


def plan_release(release: Release, platform: Platform, layout: str, store: Store) -> TreePlan:
    """Raises ``fleet-invalid`` for a release that cannot be one, ``lock-unreadable``, and
    ``platform-unsupported`` where something that is not optional does not run here, or where the
    release is for other platforms: what is optional may be missing then, and nobody would see."""
    where = f"release {release.hash}"
    if not is_among(platform, release.platforms):
        raise _made_for_others(where, release.platforms, platform)
    whole = _NOTHING if release.hash == EMPTY_HASH else read_lock(release.lock, where=where)
    graph = for_platform(whole, platform)
    if set(graph.importers) != {ROOT}:
        raise _refused(where, "its lock is that of a workspace")
    slots = slots_of(graph)
    return TreePlan(
        release=release,
        layout=layout,
        graph=graph,
        slots=slots,
        wanted=layout_trees(layout, graph, slots, store, {})[ROOT],
        inputs=_inputs(release.hash, platform, layout),
        archives=_archives(graph, release.entries, where),
    )


def _archives(graph: Graph, entries: tuple[Entry, ...], where: str) -> dict[Integrity, Archive]:
    known = {entry.integrity: entry for entry in entries}
    found = {}
    for node in graph.nodes.values():
        manifest = node.manifest
        entry = known.get(manifest.integrity)
        if manifest.is_link or entry is None:
            raise _refused(where, f"{manifest.id} is none of its archives")
        integrity = parse_integrity(manifest.integrity)
        found[integrity] = Archive(
            integrity=integrity,
            subject=manifest.id,
            size=entry.size,
            bare=manifest.origin.startswith(INDEX),
        )
    return found


def _inputs(hash: str, platform: Platform, layout: str) -> str:
    said = json.dumps(["fleet", hash, platform.os, platform.cpu, platform.libc, layout])
    return hashlib.sha256(said.encode()).hexdigest()


def _made_for_others(where: str, platforms: Collection[Platform], platform: Platform) -> GraftError:
    here = platform_text(platform)
    wanted = [*map(platform_text, platforms), here]
    return GraftError(
        "platform-unsupported",
        f"the release was not made for {here}",
        where=where,
        why=[f"it has what is needed on {', '.join(wanted[:-1])}"],
        fix="name all platforms of the set's hosts, "
        f"'graft fleet config SET --platform {' --platform '.join(wanted)}', and install it again",
    )


def _refused(where: str, why: str) -> GraftError:
    return GraftError(
        "fleet-invalid",
        "the release cannot be used on a host",
        where=where,
        why=[why],
        fix="publish the set again",
    )
