"""``prune``: ``node_modules`` and the lock without what nobody asks for any more.

What others put into ``node_modules`` is named and left there: graft removes what it made.
"""

from __future__ import annotations

import os

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.link.importers import present_modules
from graft.link.others import foreign_entries
from graft.project.checkout import Checkout
from graft.project.manifest import MANIFEST_NAME
from graft.workflows.answer import unanswered
from graft.workflows.install import install
from graft.workflows.project import Context, at_work
from graft.workflows.report import InstallOptions, InstallReport


class Pruned(Record):
    """``foreign`` are the packages in ``node_modules`` that graft did not make, by their paths
    relative to the project."""

    report: InstallReport
    foreign: tuple[str, ...]


def prune(context: Context, options: InstallOptions) -> Pruned:
    """Raises ``lock-missing``; ``lock-stale`` where more would have to be done than to take away;
    and what ``install`` raises."""
    with at_work(context) as work:
        checkout = context.checkout()
        _refuse_what_is_new(context, checkout)
        report = install(work, checkout, options)
    foreign = [path for importer in checkout.asked for path in _foreign(context.folder, importer)]
    return Pruned(report=report, foreign=tuple(sorted(foreign)))


def _refuse_what_is_new(context: Context, checkout: Checkout) -> None:
    graph = context.graph(checkout.links)
    if graph is None:
        raise GraftError(
            "lock-missing",
            "there is no lock that says what is still needed",
            where=context.lock_path,
            fix="run 'graft install'",
        )
    questions = unanswered(graph, checkout, context)
    new = [str(each) for each in questions if " no longer " not in f" {each.asks} "]
    if new:
        raise GraftError(
            "lock-stale",
            "package.json asks for more than the lock answers",
            where=context.lock_path,
            why=new,
            fix="run 'graft install', which also takes away what is not needed",
        )


def _foreign(project: str, importer: str) -> list[str]:
    """Packages alone: caches of tools and the like are nobody's dependencies."""
    modules = present_modules(project, importer)
    if not os.path.isdir(modules) or os.path.islink(modules):
        return []
    prefix = os.path.relpath(modules, project)
    return [
        f"{prefix}/{path}"
        for path in foreign_entries(modules)
        if not path.startswith(".") and os.path.exists(os.path.join(modules, path, MANIFEST_NAME))
    ]
