"""What a project changes in packages before it uses them, patches and scripts that it approves, and
which packages want to run scripts and may not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.origins import GIT
from graft.project.checkout import Checkout
from graft.project.patches import Patches
from graft.scripts.approvals import Approvals, read_approvals
from graft.scripts.phases import Phase, install_phases, prepare_phases, scripts_digest
from graft.store.admission import required_integrity
from graft.store.objects import StoredObject, find_object
from graft.store.paths import Store
from graft.workflows.host import this_platform
from graft.workflows.install import local_graph
from graft.workflows.local_sources import with_snapshots
from graft.workflows.look import locked_graph
from graft.workflows.node import Node, find_node
from graft.workflows.project import Context, Work


class Builds(Record):
    """``node`` is what approved scripts would run on; without approvals nobody looks for it."""

    approvals: Approvals
    patches: Patches
    node: Node

    @property
    def tag(self) -> str:
        """What a result depends on beside the package and what lies below it."""
        host, major = this_platform(), self.node.version.partition(".")[0]
        return f"{host.os} {host.cpu} {host.libc} node {major} abi {self.node.abi}"

    @property
    def inputs(self) -> str:
        """All of it that has a say in what is linked, beside manifest and lock."""
        patches = "".join(f" {id} {digest}" for id, digest in self.patches.digests.items())
        return (self.tag if self.approvals else "") + patches

    def salts(self, graph: Graph) -> dict[str, str]:
        """A salt for each node that is patched, or whose build is approved. What ran with the
        network is not what runs without."""
        salts = {}
        for id, node in graph.nodes.items():
            patch = self.patches.of(node.manifest)
            approval = self.approvals.of(node.manifest)
            said = [f"patch {patch.digest}"] if patch else []
            if approval is not None:
                network = " network" if approval.network else ""
                said.append(f"build {approval.scripts} {self.tag}{network}")
            if said:
                salts[id] = " ".join(said)
        return salts


def builds_of(context: Context, checkout: Checkout, *, runs: bool) -> Builds | None:
    """None for a project that changes nothing; without ``runs`` no script is run. Raises
    ``manifest-invalid``."""
    root = checkout.root
    approvals = read_approvals(root.data, root.path) if runs else Approvals()
    patches = checkout.patches or Patches()
    if not (approvals or patches):
        return None
    settings = context.settings
    node = find_node(os.environ, context.folder, settings.cache_root) if approvals else Node()
    return Builds(approvals=approvals, patches=patches, node=node)


def installed_graph(work: Work, checkout: Checkout) -> Graph:
    """What the lock has of packages, as this machine installs them. Raises ``lock-missing``."""
    graph = checkout.links.complete(locked_graph(work.context))
    work.graph = local_graph(with_snapshots(work, graph), work.context)
    return work.graph


def phases_of(store: Store, manifest: Manifest) -> tuple[Phase, ...] | None:
    """The scripts of a package, as its own files have them; None if the store has it not."""
    stored = find_object(store, required_integrity(manifest))
    return None if stored is None else phases_of_object(manifest, stored)


def phases_of_object(manifest: Manifest, stored: StoredObject) -> tuple[Phase, ...]:
    """Those that prepare it come first."""
    installing = install_phases(package_data(stored.folder), {file.path for file in stored.files})
    return (*preparing_phases(manifest, stored), *installing)


def preparing_phases(manifest: Manifest, stored: StoredObject) -> tuple[Phase, ...]:
    """What is published is prepared already: these are for packages from git."""
    is_from_git = manifest.origin.startswith(GIT)
    return prepare_phases(package_data(stored.folder)) if is_from_git else ()


def package_data(folder: str) -> Mapping[str, object]:
    """A package's manifest as it was published; empty where it is no JSON object."""
    try:
        said = json.loads((read_file(f"{folder}/package.json") or b"").decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def ignored_builds(graph: Graph, approvals: Approvals, store: Store) -> tuple[str, ...]:
    """The packages, by id, that have scripts which are neither approved nor denied. The registry
    says which to look at, and their files whether it is so."""
    wanting = {
        node.manifest.id: node.manifest
        for node in graph.nodes.values()
        if node.manifest.has_scripts
        and not node.manifest.is_link
        and approvals.of(node.manifest) is None
        and not approvals.denies(node.manifest)
    }
    return tuple(id for id in sorted(wanting) if phases_of(store, wanting[id]) != ())


def refuse_ignored(ignored: tuple[str, ...], where: str) -> GraftError:
    """For ``strict-dep-builds``."""
    return GraftError(
        "build-unapproved",
        "packages have scripts that nobody decided about",
        where=where,
        why=[f"{', '.join(ignored)}; and strict-dep-builds is set"],
        fix="look at them with 'graft approve-builds', and approve or deny each",
    )


def check_approved(manifest: Manifest, phases: tuple[Phase, ...], scripts: str) -> None:
    """That what is about to run is what was approved."""
    if scripts_digest(phases) != scripts:
        raise GraftError(
            "build-unapproved",
            f"the scripts of {manifest.id} are not the approved ones",
            where=manifest.id,
            why=[f"its {phase.event} is: {phase.line}" for phase in phases]
            or ["its archive holds no scripts"],
            fix=f"look at them and run 'graft approve-builds {manifest.id}'",
        )
