"""The register of projects: who uses the store, and which graphs each links to.

Collection keeps whatever a registered project names, so a project is registered before its links
are put in place and keeps what it last named until it is registered again.
"""

from __future__ import annotations

import os

from graft.base.files import read_file, write_atomic
from graft.base.lines import read_lines, write_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.store.paths import Store

_FIRST_LINE = "graft-project 1"


def claim_graph(store: Store, project: str, graph: str) -> None:
    """Before links change: ``project`` names what it links to now and what it is about to."""
    _write(store, project, {*(claimed_graphs(store, project) or ()), graph})


def settle_graph(store: Store, project: str, graph: str) -> None:
    """After links have changed: ``project`` names just what it links to."""
    _write(store, project, {graph})


def claimed_graphs(store: Store, project: str) -> list[str] | None:
    """What ``project`` named last; None where the store does not know it, as after it was moved."""
    pairs = read_lines(read_file(store.project_record(project)), _FIRST_LINE)
    return None if pairs is None else [value for key, value in pairs if key == "graph"]


def _write(store: Store, project: str, graphs: set[str]) -> None:
    pairs = [
        ("path", _one_line(os.path.realpath(project))),
        *(("graph", name) for name in sorted(graphs)),
    ]
    data = write_lines(_FIRST_LINE, pairs)
    path = store.project_record(project)
    if read_file(path) != data:
        write_atomic(path, data)


def _one_line(path: str) -> str:
    """Folders may be called anything; a record has a line for each."""
    return path.replace("\\", "\\\\").replace("\n", "\\n")
