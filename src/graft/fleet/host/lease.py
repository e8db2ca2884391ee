"""Leases: what runs keeps the tree that it began with, whatever ``current`` leads to since.

A lease is a file for each tree, locked, shared, by whoever runs with it. The kernel lets go of it
when the last of them ends, however it ends: so no lease is left by the dead, and no time limit has
to be guessed. A collector takes a tree away only while it holds that file alone.
"""

from __future__ import annotations

import errno
import fcntl
import os

from graft.base.diagnostics import GraftError
from graft.fleet.host.root import HostRoot, SetRoot
from graft.fleet.host.switch import current_hash
from graft.fleet.host.tree import COMPLETE

_ATTEMPTS = 100


class Lease:
    """Of the tree in the folder ``tree``: a real path, in which nothing ever leads to another
    release. A context manager. A process that is given ``fileno()`` holds it as well, until it ends
    too: so does a script whose starter was killed."""

    __slots__ = ("_descriptor", "hash", "tree")

    def __init__(self, tree: str, hash: str, descriptor: int) -> None:
        self.tree = tree
        self.hash = hash
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def lease(host_root: str, set: str, expected: str = "") -> Lease:
    """Lease what is current of a package set now. Raises ``fleet-not-ready`` where there is
    nothing, or something else than the release that is ``expected``."""
    at = HostRoot(host_root).set(set)
    for _ in range(_ATTEMPTS):
        hash = current_hash(at)
        tree = at.tree(hash) if hash else ""
        if not _is_whole(tree):
            # It may have gone on its way between the two looks.
            if current_hash(at) == hash and not _is_whole(tree):
                raise not_ready(at, expected, "")
            continue
        if expected and hash != expected:
            raise not_ready(at, expected, hash)
        descriptor = share_file(os.path.join(at.leases, hash))
        # Before it was held, a collector may have come. It takes no tree that is current.
        if descriptor >= 0 and _is_whole(tree):
            return Lease(os.path.realpath(tree), hash, descriptor)
        if descriptor >= 0:
            os.close(descriptor)
    raise not_ready(at, expected, "")


def not_ready(at: SetRoot, expected: str, have: str) -> GraftError:
    wanted = f"expected {expected}, " if expected else ""
    return GraftError(
        "fleet-not-ready",
        f"packages of '{at.name}' are not ready on this host "
        f"({wanted}{f'have {have}' if have else 'none materialized'})",
        where=at.path,
        why=["the package set is still on its way to this host"],
        fix="see that 'graft fleet agent' runs here, and try again shortly",
    )


def _is_whole(tree: str) -> bool:
    return bool(tree) and os.path.exists(os.path.join(tree, COMPLETE))


def share_file(path: str) -> int:
    """A descriptor that holds the file, or -1 if it was taken away meanwhile. Who may only read
    here can hold what is there."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.path.samestat(os.fstat(descriptor), os.stat(path)):
            return descriptor
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return -1
