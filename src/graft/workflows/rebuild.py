"""``rebuild``: approved scripts run again, and what comes of it takes the place of what was there,
also for the other projects that use it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.model.manifest import Manifest
from graft.scripts.approvals import read_approvals
from graft.workflows.builds import installed_graph
from graft.workflows.install import install
from graft.workflows.names import not_a_dependency
from graft.workflows.project import Context, at_work
from graft.workflows.report import InstallOptions, InstallReport


def rebuild(context: Context, names: Sequence[str], options: InstallOptions) -> InstallReport:
    """``names`` are names or ids; none stands for all that is approved.

    Raises ``lock-missing``, ``build-unapproved``, ``not-a-dependency``, and what ``install`` of a
    frozen lock does.
    """
    with at_work(context) as work:
        checkout = context.checkout()
        root = checkout.root
        approvals = read_approvals(root.data, root.path)
        nodes = installed_graph(work, checkout).nodes.values()
        here = {node.manifest.id: node.manifest for node in nodes}
        chosen = {id for id, each in here.items() if approvals.of(each) is not None}
        if names:
            chosen = _chosen(names, here, chosen, root.path)
        options = replace(options, frozen=True, rebuild=chosen)
        return install(work, checkout, options)


def _chosen(
    names: Sequence[str], here: Mapping[str, Manifest], approved: set[str], where: str
) -> set[str]:
    """The approved ones among the named; at least one for each name."""
    chosen = set()
    for name in names:
        found = {id for id, each in here.items() if name in (id, each.name)}
        if not found:
            raise not_a_dependency(name, {each.name for each in here.values()}, where)
        if not found & approved:
            raise GraftError(
                "build-unapproved",
                f"nobody approved scripts of {', '.join(sorted(found))}",
                where=where,
                fix=f"look at them, and approve with 'graft approve-builds {name}'",
            )
        chosen |= found & approved
    return chosen
