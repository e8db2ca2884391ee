"""Taking something out of the store: renamed away first, so that nobody meets half of it."""

from __future__ import annotations

import os

from graft.base.files import remove_tree, temporary_sibling
from graft.store.paths import Store


def discard(store: Store, path: str) -> None:
    """Remove a folder of the store. Moving a folder needs write permission on the folder itself."""
    aside = os.path.join(store.trash, os.path.basename(temporary_sibling(path)))
    os.chmod(path, 0o700)
    os.rename(path, aside)
    remove_tree(aside)
