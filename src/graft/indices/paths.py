"""Where things are in an index: from a package's name to its file without a search.

Paths are relative to the index's root, with ``/`` between their parts.
"""

from __future__ import annotations

import posixpath

from graft.model.names import split_name

INFO = "index.toml"
PACKAGES = "pkgs"
ARCHIVES = "archives"


def descriptor_path(name: str) -> str:
    """``@acme/tool`` -> ``pkgs/@acme/t/tool.toml``, ``tool`` -> ``pkgs/t/tool.toml``."""
    namespace, bare = split_name(name)
    folders = (PACKAGES, f"@{namespace}") if namespace else (PACKAGES,)
    return posixpath.join(*folders, bare[:1].lower(), f"{bare}.toml")


def lua_paths(name: str) -> tuple[str, ...]:
    """Where existing indices in that format have it: by its full name, or by its own."""
    namespace, bare = split_name(name)
    names = (f"{namespace}.{bare}", bare) if namespace else (bare,)
    return tuple(posixpath.join(PACKAGES, each[:1].lower(), f"{each}.lua") for each in names)


def archive_place(name: str, version: str) -> str:
    """``@acme/tool`` and ``1.2.0`` -> ``archives/@acme/tool-1.2.0.tgz``."""
    namespace, bare = split_name(name)
    folders = (ARCHIVES, f"@{namespace}") if namespace else (ARCHIVES,)
    return posixpath.join(*folders, f"{bare}-{version}.tgz")


def is_within(url: str) -> bool:
    """Whether the url of an archive is a path within the index."""
    return "://" not in url


def is_sound_path(path: str) -> bool:
    """Whether a path within an index can lead nowhere else, on any system."""
    parts = path.split("/")
    return (
        path.isprintable()
        and not any(character in path for character in '\\:?*"<>|')
        and all(part and part.strip(". ") == part for part in parts)
    )
