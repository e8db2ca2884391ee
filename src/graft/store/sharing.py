"""Whose a store is: one user's, or that of a group.

A group shares a store if ``GRAFT_HOME`` has the setgid bit and may be written to by its group. Then
the store's own folders are the same, so anybody can add to them and move away what is in them;
records and locks can be read and locked by all. Objects and slots are read-only for everybody, also
for who made them.
"""

from __future__ import annotations

import os

from graft.base.files import is_for_group
from graft.base.locks import locks_for_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.store.paths import Store

_FOLDER_MODE = 0o2775
_READ = 0o050


class Joined:
    """While a store is held that a group shares, what is made can be read by the group, whatever
    the umask says. Before other threads are at work. A context manager."""

    __slots__ = ("_before", "_store", "held")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before = -1
        self.held = True

    def __enter__(self) -> Joined:
        if self._store.frozen:
            return self
        refuse_root(self._store)
        if locks_for_group(self._store.locks):
            self._before = os.umask(0o077)
            os.umask(self._before & ~_READ)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before >= 0:
            os.umask(self._before)


def refuse_root(store: Store) -> None:
    """Raise ``store-unwritable`` for the superuser in the store of one other user, who could not
    write there afterwards."""
    if os.geteuid() == 0 and _owner(store.root) and not is_for_group(store.root):
        from graft.store.unwritable import not_roots

        raise not_roots(store)


def open_to_group(home: str, folders: list[str]) -> None:
    """Give these folders of a store the modes that a shared one needs, if ``home`` says that it is
    one. Those of other users are theirs to give."""
    if not is_for_group(home):
        return
    for folder in folders:
        if not is_for_group(folder) and os.stat(folder).st_uid == os.geteuid():
            os.chmod(folder, _FOLDER_MODE)


def _owner(folder: str) -> int:
    """Zero where it is not there yet."""
    try:
        return os.stat(folder).st_uid
    except FileNotFoundError:
        return 0
