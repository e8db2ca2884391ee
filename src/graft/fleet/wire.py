"""A release as it travels: what a server answers, and hosts read and keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.fleet.platforms import platforms_document, read_platforms
from graft.fleet.release import Entry, Release, release_hash
from graft.model.platform import ANYWHERE, PlatformLimits


def release_document(release: Release) -> dict[str, Any]:
    return {
        "hash": release.hash,
        "lock": release.lock.decode(),
        "platforms": platforms_document(release.platforms),
        "entries": [
            {
                "name": entry.name,
                "version": entry.version,
                "integrity": entry.integrity,
                "size": entry.size,
                "unpacked": entry.unpacked,
                "os": list(entry.platforms.os),
                "cpu": list(entry.platforms.cpu),
                "libc": list(entry.platforms.libc),
            }
            for entry in release.entries
        ],
    }


def read_release(document: Mapping[str, Any], *, where: str = "") -> Release:
    """Raises ``fleet-blob-damaged`` for what is no release, or not the one that its hash names."""
    try:
        lock = document["lock"].encode()
        entries = tuple(map(_entry, document["entries"]))
        platforms = read_platforms(document.get("platforms", ()))
        name = document["hash"]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _damaged("what came is no release", where) from None
    if release_hash(lock, entries, platforms) != name:
        raise _damaged(f"what came is not the release {name}", where)
    return Release(hash=name, lock=lock, entries=entries, platforms=platforms)


def _entry(said: Mapping[str, Any]) -> Entry:
    limits = PlatformLimits(
        os=_texts(said["os"]), cpu=_texts(said["cpu"]), libc=_texts(said["libc"])
    )
    return Entry(
        name=_text(said["name"]),
        version=_text(said["version"]),
        integrity=_text(said["integrity"]),
        size=int(said["size"]),
        unpacked=int(said["unpacked"]),
        platforms=limits or ANYWHERE,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: list[object]) -> tuple[str, ...]:
    return tuple(map(_text, value))


def _damaged(message: str, where: str) -> GraftError:
    return GraftError(
        "fleet-blob-damaged",
        message,
        where=where,
        fix="ask again; where that does not help, publish the set again",
    )
