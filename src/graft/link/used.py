"""What a project's ``node_modules`` needs of a store, as it lies on disk: whatever the register
says, this is what its code runs with."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from graft.base.diagnostics import GraftError
from graft.link.importers import ROOT, STAGING, modules_of
from graft.link.state import read_state
from graft.project.defaults import modules_folder
from graft.store.paths import Store
from graft.store.roots import Used

_MOST_NAMES = 1000


def used_by(store: Store, folder: str, importers: Iterable[str]) -> Used:
    """For the project in ``folder``, of which ``importers`` are known. Raises ``OSError`` where
    something of it cannot be read."""
    name = _name(folder)
    state = read_state(modules_of(folder, ROOT, name))
    slots: set[str] = set()
    is_bare = not os.path.lexists(os.path.join(folder, STAGING))
    places = {f"{store.slots}/", f"{os.path.realpath(store.slots)}/"}
    for importer in sorted({ROOT, *state.members, *importers}):
        modules = modules_of(folder, importer, name)
        try:
            targets = list(_links(modules))
        except (FileNotFoundError, NotADirectoryError):
            if os.path.islink(modules):
                raise  # to where nothing is for now
            continue
        is_bare = False
        slots |= {
            target[len(place) :].partition("/")[0]
            for target in targets
            for place in places
            if target.startswith(place)
        }
    return Used(
        graphs=frozenset({state.inputs} - {""}), slots=frozenset(slots - {""}), is_bare=is_bare
    )


def _name(folder: str) -> str:
    try:
        return modules_folder(folder)
    except GraftError as error:
        raise OSError(f"{folder}: {error}") from error


def _links(modules: str, *, top: bool = True) -> Iterator[str]:
    """Where the links lead that lie there, or in a scope there."""
    with os.scandir(modules) as entries:
        for entry in entries:
            if entry.is_symlink():
                yield os.readlink(entry.path)
            elif top and entry.name.startswith("@"):
                yield from _links(entry.path, top=False)


def moved_to(path: str) -> str:
    """Where a project lies now that was made at ``path``, if just one folder of that path has
    another name: then its ``node_modules`` says where it was made. Empty if it is not found; where
    there are very many folders to look into, it is not looked for."""
    above, missing = path, list[str]()
    while not os.path.isdir(above):
        missing.insert(0, os.path.basename(above))
        above = os.path.dirname(above)
    try:
        names = sorted(os.listdir(above))
    except OSError:
        return ""
    for name in names if len(names) <= _MOST_NAMES else ():
        there = os.path.join(above, name, *missing[1:])
        try:
            if read_state(modules_of(there, ROOT, _name(there))).project == path:
                return there
        except OSError:
            continue
    return ""
