"""Which layout an install makes: what somebody asks for, else what the tools in the graph need."""

from __future__ import annotations

from graft.base.diagnostics import Diagnostic
from graft.link.ladder import needed_rung
from graft.link.layouts import VIRTUAL
from graft.link.state import read_state
from graft.model.graph import Graph


def chosen_layout(modules: str, asked: str, graph: Graph) -> tuple[str, tuple[Diagnostic, ...]]:
    """The layout, and where the ladder decides and it is not there yet, why. ``modules`` is the
    root's folder of packages."""
    need = None if asked else needed_rung(graph)
    if need is None:
        return asked or VIRTUAL, ()
    rung, id = need
    if read_state(modules).layout == rung.layout:
        return rung.layout, ()
    note = Diagnostic(
        code="layout-chosen",
        message=f"node_modules is made in the layout '{rung.layout}', which {id} needs: "
        f"{rung.reason}",
        why=(f"seen in {', '.join(rung.evidence)}",),
        fix=f'to choose yourself, write "graft": {{"layout": "{VIRTUAL}"}} into package.json',
    )
    return rung.layout, (note,)
