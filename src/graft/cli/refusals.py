"""What the operating system refused, as a user can make sense of it: which file, what it is part
of, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from graft.base.diagnostics import Diagnostic
from graft.base.files import NO_ROOM, NOT_PERMITTED
from graft.base.mounts import held_back, mount_of, nearest
from graft.project.defaults import cache_below, home_folder, store_home

_AGAIN = "and run the same command again: what was not finished is forgotten or carried on"
_ROOM = {
    errno.ENOSPC: "there is no room left on {}",
    errno.EDQUOT: "the quota of this user on {} is used up",
    errno.EFBIG: "a file on {} would become larger than it may (see 'ulimit -f')",
}
_ELSEWHERE = ", or set GRAFT_HOME to a folder on another file system"


def refusal(error: OSError, environ: Mapping[str, str]) -> Diagnostic:
    """For an error that nobody before has known more about. Of two names, as a rename has, the
    second is what was to come about."""
    path = next((n for n in (error.filename2, error.filename) if isinstance(n, str | bytes)), "")
    path = os.path.abspath(os.fsdecode(path)) if path else ""
    home = os.path.abspath(store_home(environ, home_folder()))
    part = _part(path, home)
    if error.errno in NO_ROOM:
        return _no_room(error, path, part)
    said = error.strerror or str(error)
    why = [f"that is {part}"] if part else []
    fix = f"mend the cause, {_AGAIN}"
    if error.errno in NOT_PERMITTED and path:
        why += [held_back(path)]
        fix = f"see to it that you may read and write there, {_AGAIN}"
    return Diagnostic(
        code="system-refused",
        message=f"the system refused: {said}",
        where=path,
        why=tuple(why),
        fix=fix,
    )


def _no_room(error: OSError, path: str, part: str) -> Diagnostic:
    there = nearest(path or os.getcwd())
    why = [f"what was being written is {part}"] if part else []
    system = os.statvfs(there)
    free, size = system.f_bavail * system.f_frsize, system.f_blocks * system.f_frsize
    why.append(f"{free / 1e6:.1f} MB of {size / 1e6:.1f} MB are free there now")
    if system.f_files and not system.f_favail:
        why.append("and no more files can be made, however small (see 'df -i')")
    elsewhere = _ELSEWHERE if "store" in part or "cache" in part else ""
    return Diagnostic(
        code="disk-full",
        message=_ROOM[error.errno or 0].format(mount_of(there)),
        where=path,
        why=tuple(why),
        fix=f"make room there{elsewhere}, {_AGAIN}",
    )


def _part(path: str, home: str) -> str:
    """What a path is part of; empty where that says itself."""
    if path.startswith(cache_below(home) + os.sep):
        return "part of the cache"
    return "part of the store" if path.startswith(home + os.sep) else ""
