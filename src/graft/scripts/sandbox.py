"""The command that runs something inside bubblewrap.

Inside there is a system to read, and what its caller names: for the scripts of packages node, the
store's packages and the package's own folder, for those of a fleet's users the tree of a release.
To write there is a folder of its own for home and temporary files. All else is not forbidden but
absent: the user's home, the project, sockets of services, the network.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# What programs, compilers and their libraries are made of. /etc is not among these: it may hold
# keys and passwords that root can read, and scripts may run as root.
_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"),
    *("/nix/store", "/gnu/store", "/sys/devices/system/cpu"),
    *("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/os-release"),
)
_OF_THE_NETWORK = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/gai.conf", "/etc/services", "/etc/protocols"),
    *("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates"),
    *("/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted"),
)


def confined(
    bubblewrap: str,
    command: Sequence[str],
    *,
    folder: str,
    scratch: str,
    readable: Iterable[str],
    network: bool,
    writable: Iterable[str] = (),
) -> list[str]:
    """``command`` in a sandbox. It starts in ``folder``; it may read what is at and below
    ``readable``, and write to what is ``writable`` and in ``scratch``, where ``tmp`` is what it
    sees as ``/tmp``.

    All are absolute. What would be hidden by something larger has to come later.
    """
    return [
        bubblewrap,
        *("--unshare-all", *(("--share-net",) if network else ())),
        # As root, it would otherwise have root's rights, and undo the rest.
        *("--cap-drop", "ALL", "--new-session", "--die-with-parent"),
        # Root's programs may set the system's parameters by their owner alone, without any rights:
        # the one for dumps names a program that the kernel runs, outside of all this.
        *("--proc", "/proc", "--remount-ro", "/proc"),
        *("--dev", "/dev", "--bind", f"{scratch}/tmp", "/tmp"),
        *_mounts((*_SYSTEM, *(_OF_THE_NETWORK if network else ()), *readable)),
        *(word for path in (scratch, *writable) for word in ("--bind", path, path)),
        *("--chdir", folder),
        "--",
        *command,
    ]


def _mounts(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        if path.count("/") == 1 and os.path.islink(path):  # /bin -> usr/bin
            yield from ("--symlink", os.readlink(path), path)
        elif os.path.exists(path):
            # Where a link leads may be absent inside, as with a resolv.conf in /run.
            yield from ("--ro-bind", os.path.realpath(path), path)
