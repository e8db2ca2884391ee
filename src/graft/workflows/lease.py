"""What is about to run keeps the slots that it finds now, though the project may get others."""

from __future__ import annotations

import os

from graft.link.importers import MODULES
from graft.link.state import read_head
from graft.project.defaults import store_home
from graft.store.leases import lease_graph
from graft.store.paths import store_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.workflows.jobs import Place


def lease_modules(place: Place, folder: str) -> str:
    """Lease the graph that the nearest ``node_modules`` of graft's, in ``folder`` or above it,
    was made from. The folder that it lies in, where the store knows nothing of the graph or has no
    slots: links may lead to nothing. Else nothing."""
    store = store_below(store_home(place.environ, place.home))
    before = ""
    while folder != before:
        head = read_head(os.path.join(folder, MODULES))
        if head is not None and not head.startswith(".."):
            lease_graph(store, head)
            is_known = os.path.exists(store.graph_record(head)) and os.path.exists(store.slots)
            return "" if is_known else folder
        # That of a member says where the project is, which is where the next turns come by.
        before, folder = folder, os.path.dirname(folder)
    return ""
