"""What calls amount to: how many of each kind, where, which programs ran, which modules loaded."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES, SOURCE_SUFFIXES
from pathlib import Path

from counts_trace import Call
from traffic import Traffic

_OPENS = {"open", "openat", "openat2", "creat"}
_MODULES = (*BYTECODE_SUFFIXES, *EXTENSION_SUFFIXES, *SOURCE_SUFFIXES)


def _creates(call: Call) -> bool:
    return "O_CREAT" in call.flags and not call.failed


def _named(*names: str) -> Callable[[Call], bool]:
    return lambda call: call.name in names


# What each column counts; calls that failed count too, but for files that were not created.
KINDS: Mapping[str, Callable[[Call], bool]] = {
    "stats": _named("stat", "lstat", "fstat", "newfstatat", "statx", "access", "faccessat2"),
    "opens": lambda call: call.name in _OPENS and not _creates(call),
    "files": lambda call: call.name in _OPENS and _creates(call),
    "writes": _named("write", "pwrite64", "writev", "copy_file_range"),
    "hard links": _named("link", "linkat"),
    "symlinks": _named("symlink", "symlinkat"),
    "mkdirs": _named("mkdir", "mkdirat"),
    "renames": _named("rename", "renameat", "renameat2"),
    "removals": _named("unlink", "unlinkat", "rmdir"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """``kinds`` are calls about the project, the home and the store in it; ``store`` those about
    the store, of any kind; ``calls`` all that were made, the interpreter's included. ``modules``
    are the Python modules that were read from files."""

    kinds: Mapping[str, int]
    store: int
    calls: int
    programs: Sequence[str]
    modules: frozenset[str]
    traffic: Traffic


def counted(
    calls: Sequence[Call], *, places: Sequence[Path], store: Path, traffic: Traffic
) -> Counts:
    own = [call for call in calls if _about(call, places)]
    return Counts(
        kinds={kind: sum(map(is_kind, own)) for kind, is_kind in KINDS.items()},
        store=sum(_about(call, [store]) for call in calls),
        calls=len(calls),
        programs=[_program(call) for call in calls if call.name == "execve" and not call.failed],
        modules=frozenset(_modules(calls)),
        traffic=traffic,
    )


def difference(one: Counts, other: Counts) -> dict[str, int]:
    """The kinds of which ``one`` made more, and how many more."""
    return dict(Counter(one.kinds) - Counter(other.kinds))


def _about(call: Call, folders: Iterable[Path]) -> bool:
    return any(
        path == str(folder) or path.startswith(f"{folder}/")
        for path in call.paths
        for folder in folders
    )


def _program(call: Call) -> str:
    return os.path.basename(call.paths[0])


def _modules(calls: Iterable[Call]) -> Iterable[str]:
    """By file, whether it was its bytecode or its source that was opened."""
    for call in calls:
        if call.name in _OPENS and not call.failed and call.paths:
            folder, file = os.path.split(call.paths[0])
            if file.endswith(_MODULES):
                yield f"{folder.removesuffix('/__pycache__')}/{file.partition('.')[0]}"
