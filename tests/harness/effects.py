"""What a process does to files, one effect at a time, and where it may be ended.

Python announces what it is about to do (``sys.audit``). What ``_native.c`` and ctypes do is
announced here: each such call is one effect, however many files it makes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from graft.base import native as compiled
from graft.base import renames, trees


class Effect(NamedTuple):
    """``path`` is what appears, changes or goes; absolute."""

    event: str
    path: str

    @property
    def writes(self) -> bool:
        return self.event == "open"


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_TWO_PATHS = frozenset({"os.rename", "os.link"})
_NEEDS_NOTHING_THERE = frozenset({"os.mkdir", "os.symlink", "os.link"})
_NEEDS_SOMETHING_THERE = frozenset({"os.remove", "os.rmdir", "os.rename", "os.chmod"})
# Where the descriptor of the folder is among the arguments.
_OF_FOLDERS = {"os.mkdir": 2, "os.rmdir": 1, "os.remove": 1, "os.chmod": 2, "os.symlink": 2}
_PLAIN = frozenset({"os.truncate", "os.utime", "os.chown"})

Watcher = Callable[[Effect], None]
_watchers: list[Watcher] = []
_hooked: list[bool] = []


def watch(watcher: Watcher) -> None:
    """Have ``watcher`` called before each effect from now on, in whichever thread that has it; what
    it raises keeps the effect from happening. There is one at a time."""
    _watchers[:] = [watcher]
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_heard)


def unwatch() -> None:
    """The hook stays, as Python has no way to take it out; it does nothing."""
    _watchers.clear()


def announce(event: str, path: str) -> None:
    for watcher in _watchers:
        watcher(Effect(event, os.path.abspath(path)))


def announced(event: str, call: Callable[..., Any], which: int = 0) -> Callable[..., Any]:
    """``call``, announced; its argument number ``which`` is the path."""

    def announcing(*arguments: Any) -> Any:
        announce(event, arguments[which])
        return call(*arguments)

    return announcing


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watchers or not event.startswith(("os.", "open", "subprocess.Popen")):
        return
    effect = _effect(event, arguments)
    if effect is not None:
        for watcher in _watchers:
            watcher(effect)


def _effect(event: str, arguments: tuple[Any, ...]) -> Effect | None:
    if event == "subprocess.Popen":
        return Effect(event, str(arguments[0]))
    if event == "open":
        path, _, flags = arguments
        if isinstance(path, int) or not flags & _WRITING:
            return None
        return Effect(event, _absolute(path, -1))
    if event in _TWO_PATHS:
        source = _absolute(arguments[0], arguments[2])
        target = _absolute(arguments[1], arguments[3])
        if not os.path.lexists(source) or (event == "os.link" and os.path.lexists(target)):
            return None
        return Effect(event, target)
    if event in _OF_FOLDERS:
        which = 1 if event == "os.symlink" else 0
        path = _absolute(arguments[which], arguments[_OF_FOLDERS[event]])
        there = os.path.lexists(path)
        # What cannot be done is no effect: to make sure of a folder, it is made again.
        if there if event in _NEEDS_NOTHING_THERE else not there:
            return None
        return Effect(event, path)
    return Effect(event, _absolute(arguments[0], -1)) if event in _PLAIN else None


def _absolute(path: Any, folder: int) -> str:
    if isinstance(path, int):
        return os.readlink(f"/proc/self/fd/{path}")
    named: str = os.fsdecode(path)
    if folder >= 0 and not os.path.isabs(named):
        named = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), named)
    return os.path.abspath(named)


def count(
    *, below: list[str], log: str, kill: int | list[str], native: bool, two_steps: bool
) -> None:
    """Count this process's effects in the folders ``below``, and write a line for each to ``log``,
    before it happens; before number ``kill`` end the process, or before an event on a path that
    ends so.

    Without ``native`` folders are built file by file, so that each file is an effect. With
    ``two_steps`` the system cannot exchange two paths in one.
    """
    folders = tuple(f"{folder}/" for folder in below)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    lock = threading.Lock()
    number = 0

    def before(effect: Effect) -> None:
        nonlocal number
        if effect.event != "subprocess.Popen" and not effect.path.startswith(folders):
            return
        with lock:  # whoever waits here when the process ends has not had its effect
            number += 1
            os.write(written, f"{json.dumps(effect)}\n".encode())
            if number == kill or (
                isinstance(kill, list) and effect.event == kill[0] and effect.path.endswith(kill[1])
            ):
                os.kill(os.getpid(), signal.SIGKILL)

    announce_native(native=native, two_steps=two_steps)
    watch(before)


def announce_native(*, native: bool, two_steps: bool) -> None:
    """What Python does not hear of."""
    if native:
        trees.build = announced("build", trees.build)
        trees.link_files = announced("link_files", trees.link_files, 1)
        trees.set_modes = announced("set_modes", trees.set_modes)
    else:
        compiled.native = None
        trees.build, trees.link_files = trees._build, trees._link_files
        trees.set_modes = trees._set_modes
    real = renames.exchange
    exchange = _refuse if two_steps else announced("exchange", real, 1)
    for name, module in list(sys.modules.items()):
        if name.startswith("graft.") and getattr(module, "exchange", None) is real:
            module.exchange = exchange  # type: ignore[attr-defined]


def _refuse(_first: str, _second: str) -> bool:
    return False
