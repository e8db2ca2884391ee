"""What patterns of a workspace see of a folder: the folders in it. Loads next to nothing, as the
short road asks whether they are those that it knows."""

from __future__ import annotations

import hashlib
import os

NEVER = ("node_modules", "bower_components")


def subfolders(folder: str) -> list[str]:
    """Their names, sorted; links and names that begin with a dot are none. Nothing where there is
    no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not entry.name.startswith(".")
                and entry.name not in NEVER
                and entry.is_dir(follow_symlinks=False)
            )
    except (FileNotFoundError, NotADirectoryError):
        return []


def subfolders_digest(root: str, path: str) -> str:
    """One text for which folders are in one of a project's."""
    names = "\0".join(subfolders(os.path.join(root, path)))
    return hashlib.sha256(os.fsencode(names)).hexdigest()[:32]
