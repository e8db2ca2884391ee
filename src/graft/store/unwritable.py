"""A store that cannot be used as it is asked to be: what is said of it."""

from __future__ import annotations

import errno
import os

from graft.base.diagnostics import GraftError
from graft.base.mounts import on_read_only
from graft.store.paths import Store


def unwritable(store: Store, error: OSError) -> GraftError:
    """For those who would write into it."""
    folder = error.filename if isinstance(error.filename, str) else store.root
    own = "set GRAFT_HOME to a folder that you may write to"
    if error.errno == errno.EINVAL or not os.path.isdir(store.slots):
        message = f"the store cannot be created: {error.strerror}"
        return GraftError("store-unwritable", message, where=store.root, fix=own)
    if on_read_only(folder):
        message = "the store lies on a read-only file system"
        why = []
    else:
        message = "the store may not be written to"
        why = [f"{folder}: {error.strerror}", *_owned(folder)]
    return GraftError(
        "store-unwritable",
        message,
        where=store.root,
        why=why,
        fix=f"use --frozen-store if all that is needed is in it, or {own}",
    )


def not_roots(store: Store) -> GraftError:
    """For the superuser in a store that is a user's: as with 'sudo graft' and the user's home."""
    owner = _name(os.stat(store.root).st_uid)
    return GraftError(
        "store-unwritable",
        f"the store belongs to {owner}, and this is root",
        where=store.root,
        why=[f"what root leaves there {owner} could not change any more"],
        fix="run the command without sudo, or set GRAFT_HOME to a folder of root's own",
    )


def _owned(path: str) -> list[str]:
    try:
        owner = os.stat(path).st_uid
    except OSError:
        return []
    if owner == os.geteuid():
        return []
    said = [f"it belongs to {_name(owner)}, and no group shares it"]
    if owner == 0:
        said.append("a command with sudo may have made it: 'sudo chown -R' gives it back")
    return said


def _name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def no_store(store: Store, error: OSError) -> GraftError:
    """For those who would only read it."""
    return GraftError(
        "store-lacks",
        f"there is no store to install from: {error.strerror}",
        where=store.root,
        fix="run 'graft fetch' where it may be written, or set GRAFT_HOME to the folder of one",
    )
