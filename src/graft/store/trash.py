"""Folders that come into the store whole and leave it whole."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress

from graft.base.files import remove_tree, temporary_sibling
from graft.base.renames import exchange
from graft.store.paths import Store

_ATTEMPTS = 8


def publish(store: Store, staged: str, final: str, is_good: Callable[[], bool]) -> bool:
    """Rename a finished folder into place. False if what lies there ``is_good``; then that stays.

    What is not good was damaged, or half made by someone who died, and makes way: in one step where
    the system can, so that code which runs from it misses nothing. Others may be doing the same at
    the same time, which is why it is tried more than once.
    """
    for attempt in range(_ATTEMPTS):
        try:
            os.rename(staged, final)
            return True
        except OSError as error:
            last = attempt == _ATTEMPTS - 1
            if last or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        if is_good():
            return False
        with suppress(FileNotFoundError):  # somebody else has made room
            if exchange(staged, final):
                discard(store, staged)
                return True
            discard(store, final)
    raise AssertionError("the last attempt returns or raises")


def discard(store: Store, path: str) -> None:
    """Remove a folder of the store, if it is still there: renamed away first, so that nobody meets
    half of it. Moving a folder needs write permission on the folder itself, and only its owner can
    give that: what another user made gets a new name where it is, which says that it is junk."""
    aside = os.path.join(store.trash, os.path.basename(temporary_sibling(path)))
    with suppress(FileNotFoundError):
        try:
            os.chmod(path, 0o700)
        except PermissionError:
            aside = temporary_sibling(path)
        os.rename(path, aside)
    remove_own(aside)


def remove_own(path: str) -> None:
    """Remove a folder that is in nobody's way any more. That of another user, in a store that a
    group shares, is left to that user's next collection."""
    try:
        remove_tree(path)
    except PermissionError:
        if os.lstat(path).st_uid == os.geteuid():
            raise
