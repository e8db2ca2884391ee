"""Which commands a package may put on a path, and what they may run."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from graft.model.graph import Graph
from graft.model.names import split_name

# What every file system takes as a name, and what a store's file may have as its path.
_MAX_COMMAND_BYTES = 255
_MAX_PATH_BYTES = 768


def is_safe_bin(command: str, path: str) -> bool:
    """Whether ``command`` is one plain file name and ``path`` stays inside its package, and both
    can be written in a line.

    ``path`` must already be normalised, as ``normal_bin_path`` leaves it.
    """
    return (
        bool(command)
        and command.isprintable()
        and set(command).isdisjoint("/\\:\0")
        and command not in (".", "..")
        and bool(path)
        and path.isprintable()
        and len(command.encode()) <= _MAX_COMMAND_BYTES
        and len(path.encode()) <= _MAX_PATH_BYTES
        and path == normal_bin_path(path)
    )


def said_bins(said: Any, name: str) -> tuple[tuple[str, str], ...]:
    """``bin`` of a package.json as commands and their files; what is unsafe is left out. A scoped
    command loses its scope."""
    if isinstance(said, str):
        said = {split_name(name)[1]: said}
    bins = {}
    for command, path in said.items() if isinstance(said, dict) else ():
        if not isinstance(path, str):
            continue
        command = split_name(command)[1] if command.startswith("@") else command
        path = normal_bin_path(path)
        if is_safe_bin(command, path):
            bins[command] = path
    return tuple(sorted(bins.items()))


def chosen_bins(graph: Graph, edges: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The commands beside which code with these ``edges`` runs: command -> (local name, path in the
    package). Where several packages offer one command, the package of that name has it, else one of
    that name in a scope, else the first by name."""
    chosen: dict[str, tuple[str, str]] = {}
    ranks: dict[str, tuple[bool, bool, str]] = {}
    for local, id in edges.items():
        for command, path in graph.nodes[id].manifest.bins:
            rank = (local != command, local.rpartition("/")[2] != command, local)
            if command not in ranks or rank < ranks[command]:
                ranks[command] = rank
                chosen[command] = (local, path)
    return dict(sorted(chosen.items()))


def normal_bin_path(path: str) -> str:
    """``./bin/x.js`` -> ``bin/x.js``; empty if the path is absolute or leaves the package."""
    if not path or path.startswith(("/", "\\")) or "\0" in path or "\\" in path:
        return ""
    normal = posixpath.normpath(path)
    return "" if normal == "." or normal.split("/")[0] == ".." else normal
