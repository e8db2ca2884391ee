"""A project's folder that is changed in process, without the rest of graft, and power cuts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graft.link import commit, entries, others
from graft.link.commit import Staging, recover
from graft.link.importers import ROOT, STAGING
from graft.link.state import State, state_bytes
from harness.tree import snapshot

OLD = {"a": "/store/a-1", ".bin/a": "../a/cli.js", "@s/p": "/store/p"}
NEW = {"a": "/store/a-2", "@s/q": "/store/q"}


class Folder:
    """A project's folder, changed without the rest of graft."""

    def __init__(self, root: Path) -> None:
        self.path = root / "app"
        self.path.mkdir()
        self.journal = str(root / "journal.json")
        self.modules = self.path / "node_modules"

    def staging(self) -> Staging:
        return Staging(str(self.path), self.journal)

    def stage(self, links: dict[str, str], **files: str) -> Staging:
        staging = self.staging()
        for name, text in files.items():
            staging.add_file(f"{name}.json", text.encode())
        staging.add_tree(
            ROOT, links, state_bytes(State(layout="virtual", inputs="", entries=links))
        )
        return staging

    def change(self, links: dict[str, str], **files: str) -> None:
        self.stage(links, **files).commit()

    def recover(self) -> bool:
        return recover(str(self.path), [self.journal])

    def links(self) -> dict[str, str]:
        tree = snapshot(self.modules)
        return {path: what[5:] for path, what in tree.items() if what.startswith("link ")}

    def is_clean(self) -> bool:
        return not (self.path / STAGING).exists() and not os.path.exists(self.journal)


class PowerCut(BaseException):
    """What ends a change that is cut."""


def cut_at(monkeypatch: pytest.MonkeyPatch, name: str, action: Callable[[], Any] = int) -> None:
    """Let the next change do ``action`` and end when it comes to the point ``name``."""

    def point(reached: str) -> None:
        if reached == name:
            action()
            raise PowerCut

    for module in (commit, entries, others):
        monkeypatch.setattr(module, "point", point)


def installed(root: Path) -> Folder:
    """One with the links ``OLD``, in which others keep ``.cache/data`` and ``@s/own``."""
    folder = Folder(root)
    folder.change(OLD, package="old")
    (folder.modules / ".cache").mkdir()
    (folder.modules / ".cache/data").write_text("cached")
    (folder.modules / "@s/own").mkdir()
    return folder
