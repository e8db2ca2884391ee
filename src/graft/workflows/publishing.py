"""A member of a workspace, or a project, as the files that others would get of it."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graft.base.files import read_file
from graft.model.files import PackedFile
from graft.project.catalogs import read_catalogs
from graft.project.checkout import ROOT, Checkout
from graft.project.defaults import GRAFT_TOML
from graft.project.editables import editables
from graft.project.manifest import MANIFEST_NAME, ProjectManifest
from graft.project.pnpm_settings import read_pnpm_settings
from graft.project.published import outside_workspace, published
from graft.project.toml_package import own_table
from graft.sources.package_tree import FolderTree, paths_of

_IGNORE_FILES = (".npmignore", ".gitignore")


def published_files(checkout: Checkout, importer: str) -> list[PackedFile]:
    """Those that npm would publish; package.json without what means something here alone. Where
    there is none, ``files`` of graft.toml says which, and it is among them itself."""
    manifest = checkout.manifests[importer]
    raw, document = published(manifest.raw, manifest.data, _meaning(checkout, manifest))
    members = [path for path in checkout.members if path not in (ROOT, importer)]
    within = [path for path in members if importer == ROOT]
    tree = FolderTree(os.path.normpath(os.path.join(checkout.folder, importer)))
    if manifest.toml is not None and not manifest.raw:
        said = own_table(manifest.toml.toml).get("files")
        document = {"files": [*said, GRAFT_TOML]} if isinstance(said, list) else {}
        within.append(manifest.toml.folder)
    within += [each.path for each in editables({ROOT: manifest})]
    above = _rules_above(checkout.folder, importer)
    paths = paths_of(tree, document, members=within, above=above)
    return list(_files(tree, paths, raw, document))


def _meaning(checkout: Checkout, manifest: ProjectManifest) -> Callable[[str, str], str]:
    catalogs = read_catalogs(
        checkout.root.data, read_pnpm_settings(checkout.folder), where=checkout.root.path
    )
    versions = {
        member.name: version
        for path in checkout.members
        if (member := checkout.manifests[path]).name
        and isinstance(version := member.data.get("version"), str)
    }

    def meaning(name: str, text: str) -> str:
        text = catalogs.meaning(name, text.strip(), asker=manifest.path)
        return outside_workspace(name, text, versions)

    return meaning


def _rules_above(root: str, importer: str) -> list[str]:
    """The ignore files of the workspace that hold for a member: one a folder on the way to it."""
    if importer == ROOT:
        return []
    found = []
    folder = root
    for step in ("", *importer.split("/")[:-1]):
        folder = os.path.join(folder, step)
        texts = [read_file(os.path.join(folder, name)) for name in _IGNORE_FILES]
        found += [text.decode("utf-8", "replace") for text in texts if text is not None][:1]
    return found


def _files(
    tree: FolderTree, paths: Iterable[str], raw: bytes, document: Mapping[str, Any]
) -> Iterator[PackedFile]:
    """With the manifest as it is published, and with commands that can be run."""
    said = document.get("bin")
    bins = said.values() if isinstance(said, dict) else [said]
    commands = {posixpath.normpath(path) for path in bins if isinstance(path, str)}
    for file in tree.files(paths):
        if file.path == MANIFEST_NAME:
            yield PackedFile(MANIFEST_NAME, file.executable, raw)
        else:
            yield PackedFile(file.path, file.executable or file.path in commands, file.data)
