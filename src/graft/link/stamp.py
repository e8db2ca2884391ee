"""The stamp by which the launcher (bin/graft) sees that there is nothing to do.

It is written after a check that found everything in place, and says how every file and folder that
decided looked at that time: device, inode, size, and the times of the last change in nanoseconds.
Nothing can change its contents without changing one of these, except within one tick of the file
system's clock; where a file that people edit is that young, no stamp is written yet. What was
edited while the check went on may not have been checked: that is as young. A clock that is set back
makes files younger than now, and they get no stamp.
It names the project's own real path as well: one that was moved has to tell the store where it is
now.
"""

from __future__ import annotations

import os

from graft.base.files import remove_file, write_file
from graft.link.importers import STATE_FOLDER, owned
from graft.project.defaults import sets_anything

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VARIABLES = ("HOME", "GRAFT_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "NODE_ENV", "PREFIX")
_TICK_NANOSECONDS = 10_000_000
# Some file systems know whole seconds alone, and some only every other one.
_SECOND = 10**9
_COARSE_TICK_NANOSECONDS = 2 * _SECOND


def stamp_in(name: str) -> str:
    """Its path in a project whose packages appear in the folder ``name``."""
    return f"{name}/{STATE_FOLDER}/stamp"


def write_stamp(
    folder: str,
    name: str,
    *,
    files: Iterable[str],
    made: Iterable[str],
    environ: Mapping[str, str],
    began: int,
) -> bool:
    """Write the stamp of the project in ``folder``; False where there can be none.

    ``files`` are what people edit. They need not exist: then it counts that they do not. ``made``
    is what graft makes. Both are relative to ``folder`` or absolute. ``began`` is when the check
    did, in nanoseconds since the epoch, before any of the files was read.
    """
    path = os.path.join(folder, stamp_in(name))
    data = make_stamp(folder, files=files, made=made, environ=environ, began=began)
    try:
        if not remove_stamp(folder, name) or data is None:
            return False
    except OSError:
        return False  # the one that is there is of an earlier time, and does not fit
    try:
        write_file(path, data.encode("utf-8", "surrogateescape"))
    except OSError:  # it only saves time
        return False
    return True


def remove_stamp(folder: str, name: str) -> bool:
    """Before a change begins: what the launcher does not see, such as a record in the store that an
    interrupted command left, is then looked at. False where its place is behind a link, and another
    project's stamp may be."""
    stamp = stamp_in(name)
    if not owned(folder, os.path.dirname(stamp)):
        return False
    remove_file(os.path.join(folder, stamp))
    return True


def make_stamp(
    folder: str,
    *,
    files: Iterable[str],
    made: Iterable[str],
    environ: Mapping[str, str],
    began: int,
) -> str | None:
    variables = _variables(os.path.realpath(folder), environ)
    if variables is None:
        return None
    absent, present = [], []
    for name in files:
        seen = _look(folder, name)
        if seen is None:
            absent.append(f"absent {name}")
        elif _may_change_unseen(seen, began):
            return None
        else:
            present.append(_line(seen, name))
    for name in made:
        seen = _look(folder, name)
        # graft made it just now; where the clock is fine, nobody else is that quick.
        if seen is None or (_is_coarse(seen) and _may_change_unseen(seen, began)):
            return None
        present.append(_line(seen, name))
    lines = [variables, *absent, *present]
    if any("\n" in line for line in lines):
        return None
    return "\n".join(lines) + "\n"


def _variables(folder: str, environ: Mapping[str, str]) -> str | None:
    """None where a setting comes from the environment: that is for the full road to read."""
    if sets_anything(environ):
        return None
    return "graft 2 " + "|".join([folder, *(environ.get(name, "") for name in _VARIABLES)])


def _look(folder: str, name: str) -> os.stat_result | None:
    try:
        return os.stat(os.path.join(folder, name))
    except OSError:
        return None


def _may_change_unseen(seen: os.stat_result, began: int) -> bool:
    """Whether a change after ``began`` could leave the same times."""
    tick = _COARSE_TICK_NANOSECONDS if _is_coarse(seen) else _TICK_NANOSECONDS
    return seen.st_ctime_ns > began - tick


def _is_coarse(seen: os.stat_result) -> bool:
    """Whether these look like times of a file system that has no fractions of seconds."""
    return not (seen.st_ctime_ns % _SECOND or seen.st_mtime_ns % _SECOND)


def _line(seen: os.stat_result, name: str) -> str:
    changed, status = _seconds(seen.st_mtime_ns), _seconds(seen.st_ctime_ns)
    return f"{seen.st_dev}:{seen.st_ino}:{seen.st_size}:{changed}:{status} {name}"


def _seconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"
