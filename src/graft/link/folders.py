"""Folders of files in a project: what names one, and how it is made."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

from graft.base import trees
from graft.base.clones import Cloner
from graft.base.files import remove_tree
from graft.link.links import Folder
from graft.link.state import FOLDER, OWN_FOLDER, mark_own
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
