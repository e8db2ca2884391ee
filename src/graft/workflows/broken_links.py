"""What graft made in a project's ``node_modules``, and is not there any more as it was made."""

from __future__ import annotations

import os
from collections.abc import Iterator

from graft.link.importers import ROOT, present_modules
from graft.link.state import entries_on_disk, read_state


def broken_links(folder: str) -> Iterator[str]:
    """A line for each."""
    root = read_state(present_modules(folder, ROOT))
    for importer in (ROOT, *root.members):
        modules = present_modules(folder, importer)
        wanted = read_state(modules).entries
        present = entries_on_disk(modules, wanted, wanted)
        for path, target in sorted(wanted.items()):
            full = os.path.join(modules, path)
            shown = os.path.relpath(full, folder)
            if present.get(path, "") != target:
                yield f"{shown} is not what graft made"
            elif not os.path.exists(full):
                yield f"{shown} leads to nothing"
