"""Which certificate authorities a connection trusts."""

from __future__ import annotations

import os
from dataclasses import dataclass

from graft.base.http import HttpSettings

# Where systems keep their bundle: Debian, Fedora and RHEL, SUSE, Alpine and macOS.
_SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A bundle to trust: a file's ``path``, or PEM bytes; neither means libcurl's own choice.

    libcurl reads a file once for all connections (its CA cache) and a blob anew for each one,
    at 6 ms a time: so a blob is for short texts, and for systems that offer nothing better.
    """

    path: str = ""
    pem: bytes = b""


def trust(settings: HttpSettings) -> Trust:
    """Decide by ``settings``: inline PEM, a named file, or the system's bundle and extra ones."""
    if settings.ca:
        return Trust(pem=settings.ca.encode())
    if settings.cafile:
        return Trust(path=settings.cafile)
    system = next((path for path in _SYSTEM_BUNDLES if os.path.isfile(path)), "")
    extra = settings.extra_cafile
    if not extra or not os.path.isfile(extra):
        # Node only warns of an extra file that it cannot read; graft goes without it as well.
        return Trust(path=system)
    if not system or os.path.realpath(system) == os.path.realpath(extra):
        return Trust(path=extra)
    return _joined(system, extra)


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
