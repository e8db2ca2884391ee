"""``dedupe``: as few as possible of the versions that the lock has."""

from __future__ import annotations

from graft.base.records import replace
from graft.workflows.install import install
from graft.workflows.look import locked_graph
from graft.workflows.project import Context, at_work
from graft.workflows.report import InstallOptions, InstallReport


def dedupe(context: Context, options: InstallOptions) -> InstallReport:
    """Raises ``lock-missing``, and what ``install`` raises."""
    with at_work(context) as work:
        locked_graph(context)
        return install(work, context.checkout(), replace(options, dedupe=True))
