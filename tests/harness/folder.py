"""A project's folder that is changed in process, without the rest of graft, and power cuts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from graft.base.renames import exchange
from graft.link import commit, entries
from graft.link.commit import Staging, recover
from graft.link.importers import ROOT, STAGING
from graft.link.state import State, state_bytes
from harness.effects import Effect, announced, unwatch, watch
from harness.tree import snapshot

OLD = {"a": "/store/a-1", ".bin/a": "../a/cli.js", "@s/p": "/store/p"}
NEW = {"a": "/store/a-2", "@s/q": "/store/q"}


class Folder:
    """A project's folder, changed without the rest of graft."""

    def __init__(self, root: Path) -> None:
        self.path = root / "app"
        self.path.mkdir(parents=True)
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


@contextmanager
def power(
    folder: Folder, before: Callable[[Effect], object], *, two_steps: bool = False
) -> Iterator[None]:
    """Ask ``before`` about each effect beside and below the folder; if it says anything, the power
    is cut then: neither this effect happens nor any other, and what is done here ends. With
    ``two_steps`` two paths cannot change places in one."""
    near = f"{folder.path.parent}/"
    dead = False

    def hear(effect: Effect) -> None:
        nonlocal dead
        if effect.path.startswith(near):
            dead = dead or bool(before(effect))
            if dead:
                raise PowerCut

    one_step = announced("exchange", exchange, 1)
    swap = (lambda *_: False) if two_steps else one_step
    with patch.object(commit, "exchange", swap), patch.object(entries, "exchange", swap):
        watch(hear)
        try:
            yield
        except PowerCut:
            pass
        finally:
            unwatch()


@contextmanager
def cut(
    folder: Folder,
    event: str,
    path: str,
    *,
    after: bool = False,
    action: Callable[[], object] = int,
    two_steps: bool = False,
) -> Iterator[None]:
    """Cut the power before the effect of that kind on a path that ends so, or ``after`` it: before
    the next one. Just then, do ``action``. Fails if it does not come to that."""
    due = done = False

    def before(effect: Effect) -> bool:
        nonlocal due, done
        if done:
            return True
        is_it = effect.event == event and effect.path.endswith(path)
        if due or (is_it and not after):
            done = True
            unwatch()
            action()
            return True
        due = is_it
        return False

    with power(folder, before, two_steps=two_steps):
        yield
    assert done, f"there was no {event} of {path}"


def installed(root: Path) -> Folder:
    """One with the links ``OLD``, in which others keep ``.cache/data`` and ``@s/own``."""
    folder = Folder(root)
    folder.change(OLD, package="old")
    (folder.modules / ".cache").mkdir()
    (folder.modules / ".cache/data").write_text("cached")
    (folder.modules / "@s/own").mkdir()
    return folder
