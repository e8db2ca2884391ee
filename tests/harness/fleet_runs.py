"""A host that has a release, and scripts that run on it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from graft.fleet.host.reconcile import reconcile
from graft.fleet.release import Release
from graft.fleet.run.run import Ran, Wanted
from graft.scripts.confinement import confinement
from harness.fleet_upstream import Shelf, host_at

_HERE = confinement("auto", os.environ)
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
needs_sandbox = pytest.mark.skipif(
    not _HERE.bubblewrap, reason=f"no sandbox ({_HERE.why}): install bubblewrap"
)


class RunningHost:
    """``apps`` may import ``a``, ``@s/m`` (whose code is a module) and ``alias``, which is ``b`` 2;
    ``a`` needs ``b`` 1."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shelf = Shelf()
        self.shelf.publish("b@1.0.0")
        self.shelf.publish("b@2.0.0")
        self.shelf.publish("a@1.0.0", dependencies={"b": "1.0.0"}, files={"lib/deep.js": "0"})
        self.shelf.publish("a@2.0.0")
        self.shelf.publish(
            "@s/m@1.0.0",
            files={"index.mjs": "export const where = import.meta.url;"},
            extra={"exports": {".": "./index.mjs"}},
        )
        self.host = host_at(folder, self.shelf)
        self.root = self.host.root.path
        self.release = self.switch(a="a@1.0.0", alias="b@2.0.0", **{"@s__m": "@s/m@1.0.0"})

    def switch(self, **roots: str) -> Release:
        release = self.shelf.want(**roots)
        done = reconcile(self.host, "apps")
        assert done.error is None and done.report.hash == release.hash
        return release

    @property
    def runs(self) -> list[str]:
        """What is left of scratch folders."""
        at = self.host.root.set("apps")
        return sorted(os.listdir(at.runs)) if os.path.isdir(at.runs) else []

    def scripts(self, name: str, files: Mapping[str, str]) -> Path:
        """A folder with scripts, apart from the host's root."""
        folder = self.folder / name
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> RunningHost:
    """Shared by the tests of a module: none changes what the host has."""
    return RunningHost(tmp_path_factory.mktemp("running"))


def wanted(command: list[str], folder: Path | str, **more: Any) -> Wanted:
    from graft.fleet.run.policy import Policy

    said: dict[str, Any] = {"environ": os.environ, "policy": Policy(), "capture": True} | more
    return Wanted(command=tuple(command), folder=str(folder), **said)


def printed(ran: Ran) -> Any:
    """The JSON that a script printed; what it said, where it failed."""
    assert ran.exit_code == 0, ran.stderr.decode()
    return json.loads(ran.stdout)
