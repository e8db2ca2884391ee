"""Whether a project is what its lock says, and its lock what its manifests ask for."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.link.importers import ROOT, present_modules
from graft.link.state import read_state
from graft.model.graph import Graph
from graft.project.checkout import Checkout
from graft.workflows.answer import unanswered
from graft.workflows.broken_links import broken_links
from graft.workflows.check import FAIL, NOTE, OK, Check
from graft.workflows.project import Context

MOST_NAMED = 3


def project_checks(context: Context) -> tuple[Checkout | None, Graph | None, list[Check]]:
    """What the project asks for and what its lock says, as far as they can be read, and what is to
    be said of both and of its links."""
    checkout, graph = None, None
    try:
        checkout = context.checkout()
        graph = context.graph(checkout.links)
        about_lock = _lock(graph, list(map(str, unanswered(graph, checkout, context))))
    except GraftError as error:
        said = error.diagnostic
        about_lock = Check(name="lock", state=FAIL, message=said.message, fix=said.fix)
    return checkout, graph, [about_lock, _links(context)]


def _lock(graph: Graph | None, open_questions: list[str]) -> Check:
    if graph is None:
        message = "there is none"
        return Check(name="lock", state=NOTE, message=message, fix="run 'graft install'")
    if open_questions:
        message = "it does not answer package.json: " + "; ".join(open_questions[:MOST_NAMED])
        return Check(name="lock", state=FAIL, message=message, fix="run 'graft install'")
    return Check(
        name="lock", state=OK, message=f"answers package.json, {len(graph.nodes)} packages"
    )


def _links(context: Context) -> Check:
    broken = list(broken_links(context.folder))
    if broken:
        message = f"{len(broken)} broken: " + "; ".join(broken[:MOST_NAMED])
        return Check(name="links", state=FAIL, message=message, fix="run 'graft install'")
    if not read_state(present_modules(context.folder, ROOT)).inputs:
        return Check(
            name="links", state=NOTE, message="nothing is installed", fix="run 'graft install'"
        )
    return Check(name="links", state=OK, message="all are in place")
