"""A parent is held, shared, while it is looked at and linked to: whoever changes it waits, and one
that is being changed is waited for, up to a point. It may hold this project in its turn.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from graft.base.locks import FileLock, holder_of
from graft.donors.parent import store_at

_LOOK_SECONDS = 0.05


def hold_parent(
    path: str, stores: tuple[str, ...], patience: float, say: Callable[[str], None]
) -> FileLock | None:
    """The lock of the parent at ``path``, in the store that it was made from, entered; None if it
    is not to be had within ``patience`` seconds. Where nothing may be written, nobody else can be
    at work."""
    if not stores:
        return FileLock(path, exclusive=False, create=False, wait=False).__enter__()
    store = store_at(stores[0])
    lock = store.project_lock(path)
    create = os.access(store.locks, os.W_OK | os.X_OK)
    until = time.monotonic() + patience
    said = False
    while True:
        held = FileLock(lock, exclusive=False, wait=False, create=create).__enter__()
        if held.held or not os.path.exists(lock):
            return held
        held.__exit__()
        if time.monotonic() > until:
            return None
        if not said:
            said = True
            say(f"waiting for {holder_of(lock) or 'another graft'} in {path}")
        time.sleep(_LOOK_SECONDS)
