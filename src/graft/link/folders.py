"""Folders of files in a project: what names one, and how it is made."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Mapping

from graft.base import trees
from graft.base.clones import Cloner
from graft.base.files import remove_tree
from graft.link.importers import MODULES
from graft.link.links import Folder
from graft.link.state import FOLDER, OWN_FOLDER, mark_own
from graft.store.objects import ObjectFile
from graft.store.private import Finished, make_writable
from graft.store.slots import Slot


def folder_entry(folder: Folder, slots: Mapping[str, Slot]) -> str:
    """One text for all that is in a folder."""
    digest = hashlib.sha256()
    parts = [
        (path, f"{slots[id].integrity} {slots[id].salt}")
        for path, id in sorted(folder.packages.items())
    ]
    for path, what in (*parts, *sorted(folder.links.items())):
        digest.update(f"{len(path)}:{path}{len(what)}:{what}".encode())
    return f"{OWN_FOLDER if folder.own else FOLDER}{digest.hexdigest()[:32]}"


def make_folder(
    root: str, folder: Folder, packages: Mapping[str, Finished], cloner: Cloner
) -> None:
    """Make the folder at ``root``. ``packages`` are those in it, by id, and ``cloner`` shares files
    with the store unless they are to be its own. What an attempt before left there goes. Shared
    files cannot be written; folders can, so that a project can be removed by any means.

    Raises FileNotFoundError where a package lacks one of its files.
    """
    remove_tree(root)
    os.makedirs(root)
    folders = trees.Folders()
    links = dict(folder.links)
    for path, id in folder.packages.items():
        below = f"{path}/" if path else ""
        links |= {below + link: target for link, target in packages[id].links.items()}
        for file in packages[id].files:
            folders.add_parents(below + file.path)
    for path in links:
        folders.add_parents(path)
    trees.build(root, folders.paths, [], list(links.items()))
    for path, id in folder.packages.items():
        cloner.clone(packages[id].folder, f"{root}/{path}", packages[id].files)
        if folder.own:
            make_writable(f"{root}/{path}", packages[id].files)
    if "" in folder.packages and (folder.own or not os.path.exists(f"{root}/package.json")):
        mark_own(root)


def package_in(folder: str, beside: Collection[str]) -> Finished:
    """The files of a package that no store has, as they lie in a folder: without those of its
    ``node_modules`` that it has ``beside`` it, and without links that lead out of it."""
    files: list[ObjectFile] = []
    links: dict[str, str] = {}
    apart = {f"{MODULES}/.bin", *(f"{MODULES}/{name}" for name in beside)}
    for place, within, names in os.walk(folder):
        above = os.path.relpath(place, folder)
        prefix = "" if above == "." else f"{above}/"
        within[:] = [name for name in within if prefix + name not in apart]
        for name in (*names, *within):
            path, full = prefix + name, f"{place}/{name}"
            seen = os.lstat(full)
            if stat.S_ISLNK(seen.st_mode):
                target = os.readlink(full)
                if f"{os.path.realpath(full)}/".startswith(f"{os.path.realpath(folder)}/"):
                    links |= {path: target} if path not in apart else {}
            elif stat.S_ISREG(seen.st_mode):
                files.append(ObjectFile(path, bool(seen.st_mode & 0o100), seen.st_size, ""))
    return Finished(folder=folder, files=tuple(sorted(files)), links=links)
