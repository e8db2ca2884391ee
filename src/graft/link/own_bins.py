"""Commands of the project's own folders: what links in ``.bin`` lead to there can be run.

Packages come into the store with the bits that their commands need. A member of a workspace lies
where people edit it, and version control may not have the bit: npm sets it, and so does this.
"""

from __future__ import annotations

import os
import stat

from graft.link.importers import folder_of, is_own_folder, owned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from graft.model.graph import Graph


def own_commands(graph: Graph) -> tuple[tuple[str, str], ...]:
    """The files of the project's own that are commands: folder, and path in it."""
    return tuple(
        (node.manifest.folder, path)
        for node in graph.nodes.values()
        if node.manifest.is_link
        for _, path in node.manifest.bins
    )


def make_runnable(project: str, commands: Iterable[tuple[str, str]]) -> None:
    """Files that are links, or behind one that leaves the project, stay as they are."""
    for folder, path in commands:
        if is_own_folder(project, folder) and owned(project, f"{folder}/{path}"):
            _make_runnable(os.path.join(folder_of(project, folder), path))


def _make_runnable(path: str) -> None:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return  # it may be built later
    if stat.S_ISREG(mode):
        wanted = stat.S_IMODE(mode) | 0o111
        if wanted != stat.S_IMODE(mode):
            os.chmod(path, wanted)
