"""Packages on this machine: archives by their path, and snapshots of folders."""

from __future__ import annotations

import os

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.http import Request, Response, Transfer
from graft.model.manifest import Manifest
from graft.model.origins import FILE, is_archive_path
from graft.sources.archive_manifest import ArchivePackage, read_archive_package


class LocalFiles:
    """Each is read once a run. ``root`` is the project's folder, ``home`` the user's; ``within``,
    where it is not empty, is the folder beyond which nothing is read."""

    def __init__(self, root: str, home: str, within: str = "") -> None:
        self._root = root
        self._within = within
        self._home = home
        self._packages: dict[str, ArchivePackage] = {}

    def path(self, origin: str) -> str:
        """Where a ``file:`` origin lies."""
        path = origin.removeprefix(FILE)
        if path.startswith("~/"):
            return os.path.join(self._home, path[2:])
        return os.path.normpath(os.path.join(self._root, path))

    def is_there(self, origin: str) -> bool:
        return os.path.exists(self.path(origin))

    def package(self, origin: str, *, local: str = "") -> ArchivePackage:
        """Raises ``source-missing``, ``source-invalid`` and ``archive-refused``."""
        known = self._packages.get(origin)
        if known is None:
            path = self.path(origin)
            if self._within and not f"{path}/".startswith(f"{self._within}/"):
                raise self._missing(path, "it lies outside of the repository that names it")
            body = self._archive(path) if is_archive_path(origin) else self._snapshot(path)
            known = read_archive_package(body, origin=origin, local=local)
            self._packages[origin] = known
        return known

    def archive(self, manifest: Manifest) -> Transfer:
        transfer = Transfer(Request(url=manifest.origin, subject=manifest.id))
        try:
            body = self.package(manifest.origin, local=manifest.name).body
        except GraftError as error:
            transfer.finish(error)
        else:
            transfer.finish(Response(status=200, url=manifest.origin, body=body, lines=[]))
        return transfer

    def _archive(self, path: str) -> bytes:
        try:
            data = read_file(path)
        except OSError as error:
            raise self._missing(path, error.strerror or "it cannot be read") from None
        if data is None:
            raise self._missing(path, "there is no such file")
        return data

    def _snapshot(self, path: str) -> bytes:
        if not os.path.isdir(path):
            raise self._missing(path, "there is no such folder")
        from graft.sources.package_tree import FolderTree, pack_tree

        return pack_tree(FolderTree(path), subject="this folder", where=path)

    def _missing(self, path: str, reason: str) -> GraftError:
        return GraftError(
            "source-missing",
            f"what package.json names is not there: {reason}",
            where=path,
            fix="put it there, or name another source",
        )
