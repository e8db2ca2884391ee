"""The names in an archive as paths that mean one thing on every machine."""

from __future__ import annotations

import unicodedata

MAX_ENTRIES = 100_000
# One component is what every file system takes; the whole leaves room for a store's own path in the
# 1024 bytes that macOS allows.
MAX_COMPONENT_BYTES = 255
MAX_PATH_BYTES = 768
# As stored; npm's users have no system that takes longer ones.
MAX_NAME_BYTES = 4096


class ArchiveRefused(Exception):  # noqa: N818 - it says what happened, like KeyboardInterrupt
    """The archive breaks a rule; the message names the entry."""


def shown(name: str) -> str:
    """A name from an archive as a message may hold it: no control characters, no lone bytes, and
    not all of one that is too long for a path."""
    if len(name) > MAX_NAME_BYTES:
        name = f"{name[:MAX_PATH_BYTES]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _is_plain(name: str) -> bool:
    """One component that needs no second look."""
    return name.isascii() and not (
        "\\" in name or ":" in name or "\0" in name or name in ("", ".", "..")
    )


class Names:
    """Turns stored names into safe relative paths, none of them two things at once.

    Two names that differ only in case, or in how an accent is composed, are refused everywhere,
    because on some machines the second would replace the first and an archive must mean the same
    on all of them.
    """

    def __init__(self) -> None:
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._looked_at: dict[str, str] = {}
        self._count = 0

    def folder(self, name: str) -> None:
        parts = _safe_parts(name)
        self._claim_folders(parts, name)

    def file(self, name: str) -> str:
        """The path below the package, or empty for the package's own folder."""
        path = self._path(name)
        if not path:
            return ""
        folded = _folded(path)
        if folded in self._folders:
            raise ArchiveRefused(f"'{shown(name)}' is a file and a folder")
        other = self._files.setdefault(folded, path)
        if other != path:
            raise ArchiveRefused(_one_name(name, other))
        return path

    def _path(self, name: str) -> str:
        stored, _, own = name.rpartition("/")
        folder = self._looked_at.get(stored)
        # Most files lie in a folder that was looked at before; then only their own name is new.
        if folder is not None and len(folder) + len(own) < MAX_COMPONENT_BYTES and _is_plain(own):
            return f"{folder}/{own}" if folder else own
        parts = _safe_parts(name)
        if not parts:
            return ""
        self._claim_folders(parts[:-1], name)
        self._looked_at[stored] = "/".join(parts[:-1])
        return "/".join(parts)

    def _claim_folders(self, parts: list[str], name: str) -> None:
        """All folders on the way, the last one first: above one that was claimed, all were."""
        for length in range(len(parts), 0, -1):
            path = "/".join(parts[:length])
            folded = _folded(path)
            if folded in self._files:
                file = shown(self._files[folded])
                raise ArchiveRefused(f"'{shown(name)}' lies below '{file}', a file")
            other = self._folders.setdefault(folded, path)
            if other != path:
                raise ArchiveRefused(_one_name(path, other))
            if len(self._folders) == self._count:
                return
            self._count += 1
            if self._count > MAX_ENTRIES:
                raise ArchiveRefused(f"the archive has more than {MAX_ENTRIES:,} folders")


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    # Unicode's canonical caseless match: folding tells apart what only composing makes one.
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", path).casefold())


def _one_name(name: str, other: str) -> str:
    return f"'{shown(name)}' and '{shown(other)}' are one name where case does not count"


def _safe_parts(name: str) -> list[str]:
    """The components below the archive's first one; refuses what would leave the package."""
    if len(name) > MAX_NAME_BYTES:
        raise ArchiveRefused(f"'{shown(name)}' is too long for a path")
    parts = [part for part in name.split("/") if part]
    if name.startswith(("/", "\\")) or any(part[1:2] == ":" for part in parts):
        raise ArchiveRefused(f"'{shown(name)}' is an absolute path")
    if "\0" in name:
        raise ArchiveRefused(f"'{shown(name)}' holds a zero byte")
    if ".." in name.replace("\\", "/").split("/"):
        raise ArchiveRefused(f"'{shown(name)}' leaves the package's folder")
    below = [part for part in parts[1:] if part != "."]
    sizes = [len(part.encode("utf-8", "surrogateescape")) for part in below]
    if sum(sizes) + len(sizes) > MAX_PATH_BYTES or max(sizes, default=0) > MAX_COMPONENT_BYTES:
        raise ArchiveRefused(f"'{shown(name)}' is too long for a path")
    return below
