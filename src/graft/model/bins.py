"""Which commands a package may put on a path, and what they may run."""

from __future__ import annotations

import posixpath


def is_safe_bin(command: str, path: str) -> bool:
    """Whether ``command`` is one plain file name and ``path`` stays inside its package.

    ``path`` must already be normalised, as ``normal_bin_path`` leaves it.
    """
    return (
        bool(command)
        and command.isprintable()
        and set(command).isdisjoint("/\\:\0")
        and command not in (".", "..")
        and bool(path)
        and path == normal_bin_path(path)
    )


def normal_bin_path(path: str) -> str:
    """``./bin/x.js`` -> ``bin/x.js``; empty if the path is absolute or leaves the package."""
    if not path or path.startswith(("/", "\\")) or "\0" in path or "\\" in path:
        return ""
    normal = posixpath.normpath(path)
    return "" if normal == "." or normal.split("/")[0] == ".." else normal
