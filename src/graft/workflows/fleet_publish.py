"""``fleet publish``: what a fleet's server is sent of a project."""

from __future__ import annotations

from graft.fleet.publishing.composition import published_part
from graft.lockfile.format import write_lock
from graft.workflows.answer import answer
from graft.workflows.project import Context, at_work
from graft.workflows.report import InstallOptions


def publishable_lock(context: Context) -> bytes:
    """The project's lock, as far as hosts need it: neither what development needs nor other members
    leave this machine. Raises ``lock-missing``, ``lock-stale``, and ``fleet-invalid`` for packages
    that hosts could not get."""
    with at_work(context) as work:
        checkout = context.checkout()
        graph, _ = answer(
            work, checkout, context.graph(checkout.links), InstallOptions(frozen=True)
        )
    return write_lock(published_part(graph, ()))
