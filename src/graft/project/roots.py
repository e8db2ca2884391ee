"""Whose project a folder is: its own, or that of a workspace above that lists it.

Asked by every command, so what it takes to be sure is loaded where a glance finds a candidate.
"""

from __future__ import annotations

import os

from graft.base.files import read_file
from graft.project.defaults import PNPM_SETTINGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_MANIFEST = "package.json"
DECIDING = (_MANIFEST, PNPM_SETTINGS)


def find_root(folder: str) -> tuple[str, str]:
    """The project's root for a command that is called in ``folder`` (absolute), and the path from
    there: the nearest folder above that lists this one, else ``folder`` and ``.``.

    A folder that is a root itself belongs to no other. Raises ``workspace-invalid`` and
    ``manifest-unreadable`` for what stands above.
    """
    if not may_be_root(folder):
        for above in folders_above(folder):
            if may_be_root(above):
                from graft.project.workspace import lists

                path = os.path.relpath(folder, above).replace(os.sep, "/")
                if lists(above, path):
                    return above, path
    return folder, "."


def may_be_part(folder: str) -> bool:
    """Whether ``find_root`` could find another root than the folder itself."""
    return not may_be_root(folder) and any(map(may_be_root, folders_above(folder)))


def may_be_root(folder: str) -> bool:
    """Whether it might list members, at a glance."""
    if os.path.exists(os.path.join(folder, PNPM_SETTINGS)):
        return True
    return b'"workspaces"' in (read_file(os.path.join(folder, _MANIFEST)) or b"")


def folders_above(folder: str) -> Iterator[str]:
    above = os.path.dirname(folder)
    while above != folder:
        yield above
        folder, above = above, os.path.dirname(above)
