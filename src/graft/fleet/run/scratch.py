"""A folder for each run, below ``runs/`` of a package set: home and temporary files, a link to the
packages, and what has node find them from anywhere.

Beside each lies a lock that its run holds. Folders of runs that died are taken away by the next.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from urllib.request import pathname2url

from graft.base.files import remove_tree, write_file
from graft.base.locks import FileLock

_LOCK = ".lock"
_HOOKS = ("preload.mjs", "resolve.mjs", "packages.mjs")
_NODE = os.path.join(os.path.dirname(__file__), "node")


@contextmanager
def scratch(runs: str) -> Iterator[str]:
    """The path of an empty one, with ``home`` and ``tmp`` in it. It goes when the run ends."""
    os.makedirs(runs, exist_ok=True)
    _collect(runs)
    path = os.path.join(runs, f"{os.getpid()}-{os.urandom(6).hex()}")
    with FileLock(path + _LOCK, exclusive=True):
        try:
            for folder in (path, f"{path}/home", f"{path}/tmp"):
                os.mkdir(folder, 0o700)
            yield path
        finally:
            _remove(path)


def add_packages(path: str, tree: str, inside: tuple[str, ...], lacks: str) -> str:
    """Have what is run find the packages of ``tree``, also from a file in the scratch folder
    itself; what goes into NODE_OPTIONS. ``inside`` are real paths of the release's own, ``lacks``
    is said of what is not there."""
    os.symlink(os.path.join(tree, "node_modules"), f"{path}/node_modules")
    hooks = f"{path}/graft"
    os.mkdir(hooks)
    for name in _HOOKS:
        with open(os.path.join(_NODE, name), "rb") as file:
            write_file(f"{hooks}/{name}", file.read())
    said = {"tree": tree, "inside": inside, "lacks": lacks}
    write_file(f"{hooks}/run.json", json.dumps(said).encode())
    # Options are separated by spaces, of which a URL has none.
    return f"--import=file://{pathname2url(hooks)}/{_HOOKS[0]}"


def add_files(path: str, files: Mapping[str, str]) -> None:
    """Scripts that are given as text. Names are those of files, without folders."""
    for name, text in files.items():
        if name in ("", ".", "..", "graft", "home", "tmp", "node_modules") or "/" in name:
            raise ValueError(f"'{name}' cannot be the name of a script")
        write_file(f"{path}/{name}", text.encode())


def _collect(runs: str) -> None:
    """Take away what runs left that were killed."""
    for name in {name.removesuffix(_LOCK) for name in os.listdir(runs)}:
        path = os.path.join(runs, name)
        with ExitStack() as held:
            try:
                lock = held.enter_context(FileLock(path + _LOCK, exclusive=True, wait=False))
            except OSError:
                continue
            if lock.held:
                _remove(path)


def _remove(path: str) -> None:
    """A folder and its lock. What cannot be removed is left to the next run."""
    try:
        remove_tree(path)
        os.unlink(path + _LOCK)
    except OSError:
        return
