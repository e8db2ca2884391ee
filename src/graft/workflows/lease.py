"""What is about to run keeps the slots that it finds now, though the project may get others."""

from __future__ import annotations

import os

from graft.link.state import read_head, read_state
from graft.project.defaults import sound_modules_folder, store_home
from graft.store.leases import lease_graph
from graft.store.paths import store_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.jobs import Place

_INTO_STORE = "virtual"  # the layout whose links lead there


def lease_modules(place: Place, folder: str) -> str:
    """Lease the graph that the nearest ``node_modules`` of graft's, in ``folder`` or above it,
    was made from. The folder that it lies in, if links to the store lead to nothing; else an empty
    text."""
    store = store_below(store_home(place.environ, place.home))
    before = ""
    while folder != before:
        modules = os.path.join(folder, sound_modules_folder(folder))
        layout, inputs = read_head(modules) or ("", "..")
        if not inputs.startswith(".."):
            lease_graph(store, inputs)
            return folder if layout == _INTO_STORE and _dangles(modules) else ""
        # That of a member says where the project is, which is where the next turns come by.
        before, folder = folder, os.path.dirname(folder)
    return ""


def _dangles(modules: str) -> bool:
    links = read_state(modules).entries
    return not all(os.path.exists(f"{modules}/{path}") for path in links if path[0] != ".")
