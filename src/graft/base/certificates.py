"""Which certificate authorities a connection trusts."""

from __future__ import annotations

import os

from graft.base.http import HttpSettings
from graft.base.records import Record, replace

# Where systems keep their bundle: Debian, Fedora and RHEL, SUSE, Alpine and macOS; and where some
# of them keep the same authorities one by one, found by the hash of their names.
_SYSTEM_FOLDER = "/etc/ssl/certs"
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class Trust(Record):
    """A bundle to trust: a file's ``path``, or PEM bytes; neither means libcurl's own choice.

    ``folder`` holds authorities by hash, and ``beside`` it a file with those that it lacks. Reading
    the one that is needed takes a tenth of the 10 ms of a whole bundle. But a bundle may have been
    given an authority that the folder was not given: so who trusts a folder, and finds somebody
    there whom it does not vouch for, asks the bundle.

    libcurl reads a file once for all connections (its CA cache) and a blob anew for each one,
    at 6 ms a time: so a blob is for short texts, and for systems that offer nothing better.
    """

    path: str = ""
    pem: bytes = b""
    folder: str = ""
    beside: str = ""


def trust(settings: HttpSettings) -> Trust:
    """Decide by ``settings``: inline PEM, a named file, or the system's bundle and extra ones."""
    if settings.ca:
        return Trust(pem=settings.ca.encode())
    system = next((path for path in _SYSTEM_BUNDLES if os.path.isfile(path)), "")
    if settings.cafile and not _same(settings.cafile, system):
        return Trust(path=settings.cafile)
    folder = _hashed(_SYSTEM_FOLDER) if system else ""
    extra = "" if settings.cafile else settings.extra_cafile
    if not extra or not os.path.isfile(extra):
        # Node only warns of an extra file that it cannot read; graft goes without it as well.
        return Trust(path=system, folder=folder)
    if not system:
        return Trust(path=extra)
    if _same(system, extra):
        return Trust(path=system, folder=folder)
    return replace(_joined(system, extra), folder=folder, beside=extra)


def _same(path: str, other: str) -> bool:
    """Whether two names, of which the second may be empty, are of one file."""
    return bool(other) and os.path.realpath(path) == os.path.realpath(other)


def _hashed(folder: str) -> str:
    """``folder`` if its names are hashes, as ``openssl rehash`` makes them; else nothing."""
    try:
        names = os.listdir(folder)
    except OSError:
        return ""
    return folder if any(len(name) == 10 and name.endswith(".0") for name in names) else ""


def _joined(*paths: str) -> Trust:
    parts = []
    for path in paths:
        with open(path, "rb") as file:
            parts.append(file.read())
    pem = b"\n".join(parts)
    if not hasattr(os, "memfd_create"):
        return Trust(pem=pem)
    # A file without a name, which lives as long as the process: libcurl can cache what is in it.
    descriptor = os.memfd_create("graft-certificates")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(pem)
    return Trust(path=f"/proc/self/fd/{descriptor}")
