"""Lines of a project that lead to folders of its own: members of its workspace, and directories."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping

from graft.base.diagnostics import GraftError
from graft.model.bins import said_bins
from graft.model.manifest import Manifest
from graft.model.names import is_sound
from graft.model.origins import LINK, is_archive_path
from graft.project.manifest import MANIFEST_NAME, ProjectManifest
from graft.project.manifests import Manifests
from graft.versions.specifier import parse_specifier
from graft.versions.version import parse_version

_WORKSPACE = "workspace:"
_PROTOCOLS = ("file:", "link:", "portal:")
_PATHS = ("./", "../")
# How a text begins that can mean nothing but a folder.
LOCAL = (_WORKSPACE, *_PROTOCOLS, *_PATHS)
_NO_VERSION = "0.0.0"


def link_manifest(path: str, manifest: ProjectManifest | None, local: str = "") -> Manifest:
    """A folder as a package that is linked. Where its file gives it no name, the folder's has to
    do; ``local`` is for one without such a file."""
    data = manifest.data if manifest else {}
    name = manifest.name if manifest else local
    if not name:
        base = posixpath.basename(path)
        name = base if is_sound(base) else "package"
    return Manifest(
        name=name,
        version=_version(data.get("version")),
        origin=f"{LINK}{path}",
        bins=said_bins(data.get("bin"), name),
    )


def _version(said: object) -> str:
    if not isinstance(said, str):
        return _NO_VERSION
    try:
        parse_version(said)
    except ValueError:
        return _NO_VERSION
    return said


class Folders:
    """The folders that lines of importers lead to. ``members`` are the workspace's by path, with
    its root, or nothing where there is no workspace; ``found`` holds other directories that were
    asked for, by path: each is an importer too. ``beside`` are the folders outside of the project
    that it links to, by path; None is one without a manifest."""

    def __init__(
        self,
        root: str,
        members: Mapping[str, ProjectManifest],
        names: Mapping[str, str],
        manifests: Manifests,
    ) -> None:
        self._root = root
        self._manifests = manifests
        self._members = members
        self._paths = names
        self._links = {path: link_manifest(path, member) for path, member in members.items()}
        self.found: dict[str, ProjectManifest] = {}
        self.beside: dict[str, ProjectManifest | None] = {}

    @property
    def by_name(self) -> dict[str, Manifest]:
        """The members that others may ask for."""
        return {name: self._links[path] for name, path in self._paths.items()}

    @property
    def by_path(self) -> dict[str, Manifest]:
        return self._links

    def meant(self, local: str, text: str, *, asker: str, where: str) -> Manifest | None:
        """The folder that ``text`` behind the name ``local`` leads to, or None. ``asker`` is the
        importer's path and ``where`` its file. Raises ``member-unknown``, ``no-matching-version``
        and ``manifest-missing``."""
        if text.startswith(_WORKSPACE):
            return self._member(local, text, asker, where)
        if text.startswith((*_PROTOCOLS, *_PATHS)):
            return self._directory(local, text, asker, where)
        if not self._paths:
            return None
        wanted = parse_specifier(local, text)
        path = self._paths.get(wanted.package)
        # The root is asked for by its members with workspace: alone, and so by itself.
        if path is None or path == "." or wanted.foreign or wanted.range is None:
            return None
        link = self._links[path]
        return link if wanted.range.contains(parse_version(link.version)) else None

    def _member(self, local: str, text: str, asker: str, where: str) -> Manifest:
        said = text.removeprefix(_WORKSPACE).strip()
        if said.startswith(_PATHS) or said in (".", ".."):
            path = posixpath.normpath(posixpath.join(asker, said))
            if path in self._links:
                return self._links[path]
            raise self._unknown(path, text, local, where, self._links)
        name, range = local, said
        at = said.find("@", 1)
        if at > 0:
            name, range = said[:at], said[at + 1 :]
        path = self._paths.get(name, "")
        if not path:
            raise self._unknown(name, text, local, where, self._paths)
        link = self._links[path]
        if range in ("", "*", "^", "~"):
            return link
        wanted = parse_specifier(name, range).range
        version = parse_version(link.version)
        if wanted is None or not wanted.include_prereleases().contains(version):
            raise GraftError(
                "no-matching-version",
                f"the workspace has {name}@{link.version}, which is not in '{range}'",
                where=where,
                why=[f"it asks for {local}@{text}", f"{path}/{MANIFEST_NAME} says {link.version}"],
                fix=f'write "{local}": "workspace:^", or a range that has {link.version} in it',
            )
        return link

    def _directory(self, local: str, text: str, asker: str, where: str) -> Manifest | None:
        """None for what is no folder below the root: an archive, or another's directory."""
        said = text
        for protocol in _PROTOCOLS:
            said = said.removeprefix(protocol)
        if is_archive_path(said) or said.startswith("~"):
            return None
        path = self._inside(os.path.join(self._root, asker, said))
        if path is None and text.startswith(("link:", "portal:")):
            return self._outside(posixpath.normpath(posixpath.join(asker, said)), local)
        if path is None or "node_modules" in path.split("/"):
            return None
        if path in self._links:
            return self._links[path]
        full = os.path.join(self._root, path)
        if os.path.isfile(full):
            return None
        manifest = self._manifests.at(path)
        if manifest is None:
            if text.startswith("link:"):  # what is made there later needs no manifest
                self._links[path] = link_manifest(path, None, local)
                return self._links[path]
            raise GraftError(
                "manifest-missing",
                f"{local}@{text} leads to a folder without a {MANIFEST_NAME}",
                where=full,
                why=[f"{where} asks for it"],
                fix="correct the path, which is relative to the file that asks",
            )
        self.found[path] = manifest
        self._links[path] = link_manifest(path, manifest)
        return self._links[path]

    def _outside(self, path: str, local: str) -> Manifest:
        """A folder beside the project, used where it lies: what it asks for is its own business, so
        it is no importer."""
        if path not in self._links:
            manifest = self._manifests.at(path)
            self.beside[path] = manifest
            self._links[path] = link_manifest(path, manifest, local)
        return self._links[path]

    def _inside(self, full: str) -> str | None:
        """The path relative to the root, with links followed; None for what lies outside."""
        root = os.path.realpath(self._root)
        real = os.path.realpath(full)
        if real == root:
            return "."
        if not real.startswith(root + os.sep):
            return None
        return os.path.relpath(real, root).replace(os.sep, "/")

    def _unknown(
        self, name: str, text: str, local: str, where: str, known: Iterable[str]
    ) -> GraftError:
        from graft.base.suggestions import did_you_mean

        names = sorted(known)
        has = f"it has {', '.join(names)}" if names else "there is no workspace here"
        return GraftError(
            "member-unknown",
            f"the workspace has no member '{name}'",
            where=where,
            why=[f"it asks for {local}@{text}", has],
            fix=did_you_mean(name, names)
            or "add its folder to the root's list of packages, or ask for a published version",
        )
