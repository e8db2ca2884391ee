"""The register of projects: who uses the store, and which graphs each links to.

Collection keeps whatever a registered project names, so a project is registered before its links
are put in place and keeps what it last named until it is registered again.
"""

from __future__ import annotations

import os

from graft.base.files import read_file, remove_file, write_atomic
from graft.base.lines import one_line, read_lines, whole_line, write_lines
from graft.base.mounts import mount_of
from graft.base.records import Record
from graft.store.paths import path_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from graft.store.paths import Store

_FIRST_LINE = "graft-project 1"

HERE = "here"
GONE = "gone"
UNREADABLE = "unreadable"
UNMOUNTED = "unmounted"
ELSEWHERE = "elsewhere"


class Project(Record):
    """What a project said of itself. ``path`` is its real path, ``mount`` the mount point that this
    lay on, and ``host`` what that machine calls itself: one store may be seen by several. ``lock``
    is the sha256 of the lock that it was linked from, ``inode`` the number of its folder, which
    goes with it where it is moved and is another's where it is copied. All but the path may be
    empty."""

    path: str
    graphs: tuple[str, ...]
    mount: str = ""
    host: str = ""
    lock: str = ""
    inode: str = ""


def claim_graph(store: Store, folder: str, graph: str, *, before: str = "") -> None:
    """Before links change: a project names what it links to now and what it is about to.

    ``before`` is the path that its ``node_modules`` was made at. If that is another one, where
    nothing is any more, and this folder was there, it is registered there no longer. Nothing else
    says where it was once its links have changed.
    """
    known = read_project(store, path_digest(folder))
    graphs, lock = (known.graphs, known.lock) if known else ((), "")
    left = _left_behind(store, folder, before)
    if left is not None:
        graphs = (*graphs, *left.graphs)
    _write(store, folder, {*graphs, graph}, lock)
    if left is not None:
        remove_file(os.path.join(store.projects, path_digest(before)))


def settle_graph(store: Store, folder: str, graph: str, lock: str) -> None:
    """After links have changed: a project names just what it links to, and its lock's sha256."""
    _write(store, folder, {graph}, lock)


def is_settled(store: Store, folder: str, graph: str, lock: str) -> bool:
    """Whether a project names just this graph and this lock, so that nothing cut its last change
    short, and lies where it did."""
    known = read_project(store, path_digest(folder))
    return (
        known is not None
        and (known.graphs, known.lock) == ((graph,), lock)
        and known.inode == _inode(folder)
    )


def _left_behind(store: Store, folder: str, before: str) -> Project | None:
    """What a project said of itself at another path, ``before``, from which it was moved."""
    if not before or before == os.path.realpath(folder):
        return None
    known = read_project(store, path_digest(before))
    if known is None or known.inode != _inode(folder) or presence(known, this_host()) != GONE:
        return None
    return known


def claimed_graphs(store: Store, folder: str) -> list[str] | None:
    """What a project named last; None where the store does not know it, as after it was moved."""
    known = read_project(store, path_digest(folder))
    return None if known is None else list(known.graphs)


def read_project(store: Store, digest: str) -> Project | None:
    """The record of that name; None where there is none, or it is damaged."""
    pairs = read_lines(read_file(os.path.join(store.projects, digest)), _FIRST_LINE)
    if pairs is None:
        return None
    said = dict(pairs)
    if "path" not in said:
        return None
    return Project(
        path=whole_line(said["path"]),
        graphs=tuple([value for key, value in pairs if key == "graph"]),
        mount=whole_line(said.get("mount", "")),
        host=said.get("host", ""),
        lock=said.get("lock", ""),
        inode=said.get("inode", ""),
    )


def presence(project: Project, host: str) -> str:
    """Whether a project is there, for ``host``, which asks. It is gone only where it would be seen
    if it were there: on the machine that it was on, with its file system mounted."""
    try:
        os.scandir(project.path).close()
    except FileNotFoundError:
        if project.host != host:
            return ELSEWHERE
        is_mounted = bool(project.mount) and os.path.ismount(project.mount)
        return GONE if is_mounted else UNMOUNTED
    except OSError:
        return UNREADABLE
    return HERE


def this_host() -> str:
    return os.uname().nodename


def _inode(folder: str) -> str:
    return str(os.stat(folder).st_ino)


def _write(store: Store, folder: str, graphs: Iterable[str], lock: str) -> None:
    real = os.path.realpath(folder)
    pairs = [
        ("path", one_line(real)),
        ("mount", one_line(mount_of(real))),
        ("host", one_line(this_host())),
        ("lock", lock),
        ("inode", _inode(real)),
        *(("graph", name) for name in sorted(graphs)),
    ]
    data = write_lines(_FIRST_LINE, pairs)
    path = store.project_record(folder)
    if read_file(path) != data:
        write_atomic(path, data)
