"""``detach``: what was a link into another workspace becomes the project's own."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.model.graph import Graph
from graft.model.names import canonical_name
from graft.model.provenance import COPY
from graft.project.donor_settings import DonorOptions
from graft.workflows.install import install
from graft.workflows.look import locked_graph
from graft.workflows.names import not_a_dependency
from graft.workflows.project import Context, at_work
from graft.workflows.report import InstallOptions, InstallReport
from graft.workflows.sync import mirrored


def detach(context: Context, names: Sequence[str], options: InstallOptions) -> InstallReport:
    """What is connected with these packages goes with them: code would meet two copies of it. Bytes
    come from the store, from parents that the user names, or from where the lock says. Raises
    ``not-a-dependency``, and ``usage`` for what is no link."""
    with at_work(context) as work:
        checkout = context.checkout()
        graph = locked_graph(context)
        mirrors = mirrored(work, graph)
        chosen = list(map(canonical_name, names))
        for name in chosen:
            if name not in mirrors:
                raise _no_mirror(name, graph, mirrors, context.lock_path)
        donors = options.donors or DonorOptions()
        modes = {**donors.modes, **dict.fromkeys(chosen, COPY)}
        return install(work, checkout, replace(options, donors=replace(donors, modes=modes)))


def _no_mirror(name: str, graph: Graph, mirrors: Collection[str], where: str) -> GraftError:
    known = {node.manifest.name for node in graph.nodes.values()}
    if name not in known:
        return not_a_dependency(name, mirrors or known, where)
    return GraftError(
        "usage",
        f"{name} is no link into another workspace",
        where=where,
        fix=f"links are {', '.join(sorted(mirrors))}" if mirrors else "nothing here is one",
    )
