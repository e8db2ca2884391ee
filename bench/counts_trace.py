"""System calls of a command and of everything that it starts, as strace tells them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Names of files are printed in full, other strings not at all; descriptors with their paths.
_STRACE = ("strace", "-ff", "-qq", "-y", "-s", "0", "-o")
_CALL = re.compile(r"(\w+)\((.*)\) += (-?\w+)")
_STRING = r'"((?:[^"\\]|\\.)*)"'
# A descriptor, and the path relative to it that may follow.
_AT = re.compile(rf"(?:\d+|AT_FDCWD)(?:<(/[^>]*)>)?(?:, {_STRING})?")
_BOTH_NAMED = frozenset({"rename", "link"})
_MADE_NAMED = frozenset({"symlink", "symlinkat"})  # the other string is only written down


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """``paths`` are absolute: what the call is about, by name or by descriptor. ``flags`` is the
    text of all arguments."""

    name: str
    flags: str
    paths: tuple[str, ...]
    failed: bool


class TraceError(Exception):
    """The command failed; the message is what it printed."""


def trace(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], folder: Path) -> list[Call]:
    """Run ``command`` to its end. ``folder`` must not exist; it gets a file for each thread."""
    folder.mkdir()
    done = subprocess.run(
        [*_STRACE, str(folder / "thread"), *command],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise TraceError(f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
    lines = (line for path in sorted(folder.iterdir()) for line in _lines(path))
    return [call for line in lines if (call := read_call(line, str(cwd)))]


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        yield from file


def read_call(line: str, cwd: str) -> Call | None:
    """None for what is no call: signals and exits."""
    found = _CALL.match(line)
    if not found:
        return None
    name, arguments, result = found.groups()
    named = _named(name, arguments)
    paths = tuple(os.path.normpath(os.path.join(cwd, path)) for path in named)
    return Call(name=name, flags=arguments, paths=paths, failed=result.startswith("-"))


def _named(name: str, arguments: str) -> list[str]:
    strings = re.findall(_STRING, arguments)
    if name in _BOTH_NAMED:
        return strings[:2]
    if name == "symlink":
        return strings[1:2]
    if arguments.startswith('"') and name not in _MADE_NAMED:
        return strings[:1]
    return [
        os.path.join(folder, path)
        for folder, path in _AT.findall(arguments)
        if folder.startswith("/") or path
    ]
