"""Leases: graphs that running programs use, whatever has become of the project since.

A lease is a file that is named for its graph and locked, shared, by whoever runs with that graph.
The kernel lets go of it when the last of them ends, so there are no leases of the dead.
"""

from __future__ import annotations

import os

from graft.base.locks import FileLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.store.paths import Store

_HEX = frozenset("0123456789abcdef")


def lease_graph(store: Store, graph: str) -> None:
    """Until this process ends, and the program that takes its place, the graph stays. ``graph`` may
    be any text. A store that cannot be written to is nobody's to collect from."""
    if len(graph) != 64 or not _HEX.issuperset(graph):
        return
    try:
        FileLock(os.path.join(store.leases, graph), exclusive=False, inherited=True).__enter__()
    except OSError:
        return
