"""Commits and archives that another tool's lock pins are kept where that can be checked."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from harness.archive import pack_files
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository

REPOSITORY = "https://git.example.com/o/g.git"
ASKED = f"git+{REPOSITORY}#main"


class Pinned:
    """A repository whose branch has moved on, an archive, and a project that asks for both."""

    def __init__(self, machine: Machine, project: Project, registry: LocalRegistry) -> None:
        self.repository = Repository(machine, "g")
        self.commit = self.repository.commit("first")
        self.repository.commit("second", version="2.0.0")
        self.repository.known_as(REPOSITORY)
        manifest = json.dumps({"name": "t", "version": "1.0.0"})
        self.archive = pack_files({"package.json": manifest, "index.js": ""})
        self.url = registry.serve("/files/t.tgz", self.archive)
        digest = hashlib.sha512(self.archive).digest()
        self.integrity = f"sha512-{base64.b64encode(digest).decode()}"
        project.manifest(dependencies={"g": ASKED, "t": self.url})


@pytest.fixture
def pinned(machine: Machine, project: Project, registry: LocalRegistry) -> Pinned:
    return Pinned(machine, project, registry)


def npm_3(pinned: Pinned, resolved: str = "") -> dict[str, Any]:
    return {
        "lockfileVersion": 3,
        "packages": {
            "": {"dependencies": {"g": ASKED, "t": pinned.url}},
            "node_modules/g": {
                "version": "1.0.0",
                "resolved": resolved or f"git+ssh://git@git.example.com/o/g.git#{pinned.commit}",
            },
            "node_modules/t": {
                "version": "1.0.0",
                "resolved": pinned.url,
                "integrity": pinned.integrity,
            },
        },
    }


def pnpm_9(pinned: Pinned) -> str:
    git = f"git+{REPOSITORY}#{pinned.commit}"
    return f"""\
lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      g: {{specifier: '{ASKED}', version: '{git}'}}
      t: {{specifier: '{pinned.url}', version: '{pinned.url}'}}
packages:
  g@{git}:
    resolution: {{commit: {pinned.commit}, repo: '{REPOSITORY}', type: git}}
    version: 1.0.0
  t@{pinned.url}:
    resolution: {{tarball: '{pinned.url}', integrity: '{pinned.integrity}'}}
    version: 1.0.0
snapshots:
  g@{git}: {{}}
  t@{pinned.url}: {{}}
"""


def yarn_1(pinned: Pinned) -> str:
    return f"""\
"g@{ASKED}":
  version "1.0.0"
  resolved "git+{REPOSITORY}#{pinned.commit}"

"t@{pinned.url}":
  version "1.0.0"
  resolved "{pinned.url}#{hashlib.sha1(pinned.archive).hexdigest()}"
"""


def yarn_berry(pinned: Pinned) -> str:
    return f"""\
__metadata:
  version: 8

"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."
  dependencies:
    g: "{ASKED}"
    t: "{pinned.url}"

"g@{ASKED}":
  version: 1.0.0
  resolution: "g@{REPOSITORY}#commit={pinned.commit}"

"t@{pinned.url}":
  version: 1.0.0
  resolution: "t@{pinned.url}"
"""


def bun(pinned: Pinned) -> dict[str, Any]:
    return {
        "lockfileVersion": 1,
        "workspaces": {"": {"dependencies": {"g": ASKED, "t": pinned.url}}},
        "packages": {
            "g": [f"g@git+{REPOSITORY}#{pinned.commit}", {}, pinned.commit],
            "t": [f"t@{pinned.url}", {}, pinned.integrity],
        },
    }


FORMATS = [
    pytest.param("package-lock.json", npm_3, True, id="npm-3"),
    pytest.param("pnpm-lock.yaml", pnpm_9, True, id="pnpm-9"),
    pytest.param("yarn.lock", yarn_1, True, id="yarn-1"),
    pytest.param("yarn.lock", yarn_berry, False, id="yarn-berry"),
    pytest.param("bun.lock", bun, True, id="bun"),
]


@pytest.mark.parametrize(("name", "lock", "has_digest"), FORMATS)
def test_a_commit_and_an_archive_are_kept(
    project: Project, pinned: Pinned, name: str, lock: Any, has_digest: bool
) -> None:
    project.write(name, lock(pinned))
    said = project.graft("import", "--json").json
    assert said["kept"] == (["g@1.0.0", "t@1.0.0"] if has_digest else ["g@1.0.0"])
    assert said["new"] == ([] if has_digest else ["t@1.0.0"])
    assert sorted(said["leftOut"].values()) == ([] if has_digest else ["tarball"])
    assert f"g@git:{REPOSITORY}#{pinned.commit}#1.0.0" in project.lock["nodes"]
    project.graft("ci")
    assert project.node("console.log(require('g').said)") == "first"


@pytest.mark.parametrize(("name", "lock", "has_digest"), FORMATS)
def test_other_bytes_than_the_lock_says_are_refused(
    project: Project,
    pinned: Pinned,
    registry: LocalRegistry,
    name: str,
    lock: Any,
    has_digest: bool,
) -> None:
    project.write(name, lock(pinned))
    registry.serve("/files/t.tgz", pack_files({"package.json": '{"name": "t"}'}))
    done = project.graft("install", "--json", check=False)
    assert done.code == (30 if has_digest else 0)
    assert project.exists("graft-lock.json") is not has_digest


def test_a_commit_that_is_gone_is_resolved_anew(project: Project, pinned: Pinned) -> None:
    gone = "0" * 40
    project.write("package-lock.json", npm_3(pinned, f"git+{REPOSITORY}#{gone}"))
    said = project.graft("import", "--json").json
    assert said["leftOut"] == {"node_modules/g": "git"} and said["new"] == ["g@2.0.0"]


def test_what_is_asked_for_otherwise_now_is_resolved_anew(project: Project, pinned: Pinned) -> None:
    project.write("package-lock.json", npm_3(pinned))
    project.manifest(dependencies={"g": f"git+{REPOSITORY}", "t": pinned.url})
    said = project.graft("import", "--json").json
    assert said["new"] == ["g@2.0.0"] and said["kept"] == ["t@1.0.0"]
