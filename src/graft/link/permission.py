"""Whether a project may be changed, asked before anything is fetched for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from graft.base.diagnostics import GraftError
from graft.base.mounts import held_back
from graft.link.importers import MODULES, folder_of, modules_of
from graft.link.others import foreign_entries

_WRITE = os.W_OK | os.X_OK
_NOTHING: Mapping[str, bool] = {}


def refuse_unwritable(
    project: str,
    files: Iterable[str] = (),
    trees: Mapping[str, bool] = _NOTHING,
    name: str = MODULES,
) -> None:
    """Raise ``project-unwritable`` where the project's folder, one of these files of it, or the
    ``node_modules`` of one of these importers may not be written; where ``trees`` says that it is
    made anew, what others keep in it has to move, and counts as well.

    A file that may not be written is not replaced either, though that would be possible: somebody
    has locked it.
    """
    for path, is_there in _needed(project, files, trees, name):
        if not os.access(path, _WRITE if os.path.isdir(path) else os.W_OK):
            raise GraftError(
                "project-unwritable",
                f"{is_there} may not be written to",
                where=path,
                why=[held_back(path)],
                fix="see who owns it: 'chown' or 'chmod' it, or run graft as its owner",
            )
        if os.path.isdir(path) and path != project and os.path.ismount(path):
            raise GraftError(
                "link-refused",
                f"{is_there} is a mount point, and cannot be moved with the rest of {name}",
                where=path,
                fix=f"mount it after the install, or somewhere outside of {name}",
            )


def _needed(
    project: str, files: Iterable[str], trees: Mapping[str, bool], modules_name: str
) -> Iterator[tuple[str, str]]:
    """Paths, and what each is."""
    yield project, "the project's folder"
    for name in files:
        path = os.path.join(project, name)
        if os.path.exists(path):
            yield path, name
    for importer, is_new in trees.items():
        folder = folder_of(project, importer)
        modules = modules_of(project, importer, modules_name)
        if folder != project:
            yield folder, f"the folder of {importer}"
        if not os.path.isdir(modules):
            continue
        yield modules, modules_name
        for entry in foreign_entries(modules) if is_new else ():
            path = os.path.join(modules, entry)
            # To move a folder is to write in it: it says what lies above it.
            if os.path.isdir(path) and not os.path.islink(path):
                yield path, f"{modules_name}/{entry}"
