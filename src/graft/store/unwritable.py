"""A store that cannot be used as it is asked to be: what is said of it."""

from __future__ import annotations

import os

from graft.base.diagnostics import GraftError
from graft.base.files import on_read_only
from graft.store.paths import Store


def unwritable(store: Store, error: OSError) -> GraftError:
    """For those who would write into it."""
    folder = error.filename if isinstance(error.filename, str) else store.root
    own = "set GRAFT_HOME to a folder that you may write to"
    if not os.path.isdir(store.slots):
        message = f"the store cannot be created: {error.strerror}"
        return GraftError("store-unwritable", message, where=store.root, fix=own)
    if on_read_only(folder):
        message = "the store lies on a read-only file system"
        why = []
    else:
        message = "the store may not be written to"
        why = [f"{folder}: {error.strerror}"]
    return GraftError(
        "store-unwritable",
        message,
        where=store.root,
        why=why,
        fix=f"use --frozen-store if all that is needed is in it, or {own}",
    )


def no_store(store: Store, error: OSError) -> GraftError:
    """For those who would only read it."""
    return GraftError(
        "store-lacks",
        f"there is no store to install from: {error.strerror}",
        where=store.root,
        fix="run 'graft fetch' where it may be written, or set GRAFT_HOME to the folder of one",
    )
