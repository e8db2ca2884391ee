"""Where programs are."""

from __future__ import annotations

import os


def find_program(name: str, path: str) -> str:
    """The absolute path that ``name`` stands for on ``path``, or empty. A name with a slash stands
    for itself. ``shutil`` has the same, and takes longer to load than a script to start."""
    here = os.getcwd()
    for folder in [""] if "/" in name else path.split(os.pathsep):
        file = os.path.join(here, folder, name)
        if name and _is_program(file):
            return file
    return ""


def _is_program(file: str) -> bool:
    return os.path.isfile(file) and os.access(file, os.X_OK)
