"""Every source in every layout: sources deliver objects and nodes, and layouts follow."""

from __future__ import annotations

import json

import pytest

from harness.archive import pack_files
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository

SCRIPT = """
const names = ['remote', 'local', 'folder', 'linked', 'lib', 'renamed', 'a']
console.log(names.map((name) => require(name).said).join(' '))
const asking = ['remote', 'local', 'folder', 'lib']
console.log(asking.map((name) => require(name).requires('a').said).join(' '))
"""


def package(name: str) -> dict[str, str]:
    manifest = {"name": name, "version": "1.0.0", "dependencies": {"a": "1.0.0"}}
    return {
        "package.json": json.dumps(manifest),
        "index.js": f"exports.said = '{name}'; exports.requires = (name) => require(name)",
    }


@pytest.mark.parametrize("layout", ["virtual", "isolated", "hoisted"])
def test_every_source(
    project: Project, machine: Machine, registry: LocalRegistry, layout: str
) -> None:
    for version in ("1.0.0", "2.0.0"):
        registry.publish(f"a@{version}", files={"index.js": f"exports.said = 'a{version}'"})
    url = registry.serve("/files/remote.tgz", pack_files(package("remote")))
    project.write("local.tgz", pack_files(package("local")))
    for name in ("folder", "linked"):
        for path, text in package(name).items():
            project.write(f"../{name}/{path}", text)
    lib = Repository(machine, "lib")
    lib.commit("lib", dependencies={"a": "1.0.0"}, bin="index.js")
    project.manifest(
        dependencies={
            "remote": url,
            "local": "file:local.tgz",
            "folder": "file:../folder",
            "linked": "link:../linked",
            "lib": lib.url,
            "renamed": f"{lib.url}#main",
            "a": "^2",
        }
    )
    project.graft("install", "--layout", layout)
    assert project.node(SCRIPT).splitlines() == [
        "remote local folder linked lib lib a2.0.0",
        "a1.0.0 a1.0.0 a1.0.0 a1.0.0",
    ]
    assert project.exists("node_modules/.bin/lib")
    project.write("../folder/index.js", "exports.said = 'edited'")
    project.graft("install", "--layout", layout)
    assert project.node("console.log(require('folder').said)") == "edited"
    assert project.graft("ci", "--layout", layout, "--json").json["upToDate"]
