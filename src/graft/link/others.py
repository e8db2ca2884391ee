"""What others keep in a ``node_modules``: it is moved along or aside, and never deleted."""

from __future__ import annotations

import os

from graft.link.moves import free_name, move
from graft.link.state import STATE_FOLDER, entry_on_disk, read_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ASIDE = ".ignored"  # where pnpm's users already look for what had to make way
# In a staging folder: pieces of folders that cannot be renamed (link/moves.py).
CARRIED = "carried-"


def carry(source: str, target: str, renamed: Mapping[str, str], part: str) -> None:
    """Move what graft did not make. ``renamed`` says where to those entries go that are in the
    way; any other name that is taken is in the way too. ``part`` is the importer's part of the
    staging folder."""
    inside = f"{ASIDE}/"
    kept = os.path.join(part, CARRIED + os.path.basename(source))
    # What was moved aside earlier keeps its name; what must be now comes next.
    for path in sorted(
        foreign_entries(source), key=lambda path: (not path.startswith(inside), path not in renamed)
    ):
        goal = os.path.join(target, renamed.get(path, path))
        if os.path.lexists(goal):
            goal = free_name(os.path.join(target, inside, path.removeprefix(inside)))
        move(os.path.join(source, path), goal, os.path.join(kept, path))


def foreign_entries(modules: str) -> Iterator[str]:
    """Paths in a ``node_modules`` that graft did not make, relative to it. Folders that it shares
    with others (scopes, ``.bin``, ``.ignored``) are looked into; all others are one entry."""
    owned = read_state(modules).entries
    for name in sorted(os.listdir(modules)):
        full = os.path.join(modules, name)
        if name == STATE_FOLDER:
            continue
        shared = name in (".bin", ASIDE) or name.startswith("@")
        if shared and os.path.isdir(full) and not os.path.islink(full):
            for inner in sorted(os.listdir(full)):
                if not is_ours(modules, f"{name}/{inner}", owned):
                    yield f"{name}/{inner}"
        elif not is_ours(modules, name, owned):
            yield name


def is_ours(modules: str, path: str, owned: Mapping[str, str]) -> bool:
    try:
        return path in owned and entry_on_disk(modules, path, owned[path]) == owned[path]
    except OSError:
        return False
