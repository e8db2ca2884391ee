"""States of an index that are compared: a folder as it is, a commit of the repository around it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property

from graft.base.diagnostics import GraftError
from graft.git.mirror import Mirror
from graft.git.program import GitProgram
from graft.git.tree import GitTree, git_name
from graft.indices.paths import ARCHIVES, INFO, PACKAGES
from graft.indices.whole import Side
from graft.project.folder_listing import FolderListing


class FolderSide:
    def __init__(self, root: str) -> None:
        self._root = root
        self._listing = FolderListing(root)

    @cached_property
    def paths(self) -> Mapping[str, str]:
        found = {}
        for name, is_folder in sorted(self._listing.entries("").items()):
            if name == INFO and not is_folder:
                found[name] = self._name(name)
            elif name in (PACKAGES, ARCHIVES) and is_folder:
                found |= {path: self._name(path) for path in self._below(name)}
        return found

    def read(self, paths: list[str]) -> Iterator[bytes]:
        for path in paths:
            with open(os.path.join(self._root, path), "rb") as file:
                yield file.read()

    def _name(self, path: str) -> str:
        (data,) = self.read([path])
        return git_name(data)

    def _below(self, folder: str) -> Iterator[str]:
        for name, is_folder in self._listing.entries(folder).items():
            path = f"{folder}/{name}"
            if is_folder:
                yield from self._below(path)
            else:
                yield path


class CommitSide:
    def __init__(self, tree: GitTree) -> None:
        self._tree = tree

    @property
    def paths(self) -> Mapping[str, str]:
        return self._tree.paths

    def read(self, paths: list[str]) -> Iterator[bytes]:
        return (file.data for file in self._tree.files(paths))


class NothingSide:
    """What a branch that is pushed for the first time is compared with."""

    paths: Mapping[str, str] = {}

    def read(self, paths: list[str]) -> Iterator[bytes]:
        del paths
        return iter(())


def side(git: GitProgram, folder: str, text: str) -> Side:
    """``text`` is a folder that holds an index, or a commit, branch or tag of the repository that
    ``folder`` is in; a commit's name of zeros is nothing at all, as servers say.

    Raises ``git-missing`` and ``git-ref-missing``.
    """
    path = os.path.join(folder, text)
    if any(os.path.exists(os.path.join(path, name)) for name in (INFO, PACKAGES)):
        return FolderSide(os.path.normpath(path))
    if text.strip("0") == "" and len(text) in (40, 64):
        return NothingSide()
    said = git.run_within(folder, ["rev-parse", "--absolute-git-dir"])
    store = said.data.decode().strip()
    found = (
        git.run(store, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{text}^{{tree}}"])
        if said.is_good
        else said
    )
    if not found.is_good:
        raise GraftError(
            "git-ref-missing",
            f"'{text}' is neither a folder with an index nor a commit that is here",
            where=folder,
            why=said.said if not said.is_good else (),
            fix="name a commit, a branch, a tag or a folder; in CI, fetch the history as well",
        )
    tree = found.data.decode().strip()
    prefix = git.run_within(folder, ["rev-parse", "--show-prefix"]).data.decode().strip()
    mirror = Mirror(git, store, folder, (), offline=True)
    return CommitSide(mirror.tree(tree, prefix.rstrip("/")))
