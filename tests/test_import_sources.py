"""What does not come from a registry is kept out of the versions, and does not fail the reading."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

GIT = "git+ssh://git@git.example.com/o/g.git#0123456789012345678901234567890123456789"
TARBALL = "https://files.example.com/t-1.0.0.tgz"

NPM_3 = {
    "lockfileVersion": 3,
    "packages": {
        "": {"dependencies": {"a": "^1", "g": GIT, "t": TARBALL, "d": "file:d", "w": "*"}},
        "d": {"version": "1.0.0"},
        "packages/w": {"name": "w", "version": "1.0.0", "dependencies": {"a": "^1"}},
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/d": {"resolved": "d", "link": True},
        "node_modules/g": {"version": "1.0.0", "resolved": GIT},
        "node_modules/t": {"version": "1.0.0", "resolved": TARBALL, "integrity": "sha512-AAAA"},
        "node_modules/w": {"resolved": "packages/w", "link": True},
    },
}
NPM_1 = {
    "lockfileVersion": 1,
    "requires": True,
    "dependencies": {
        "a": {"version": "1.0.0"},
        "d": {"version": "file:d"},
        "g": {"version": GIT, "from": GIT},
        "not-installed": {"optional": True},
        "t": {"version": TARBALL},
    },
}
PNPM_9 = f"""\
lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      a: {{specifier: ^1, version: 1.0.0}}
      d: {{specifier: 'file:d', version: 'file:d'}}
      g: {{specifier: '{GIT}', version: '{GIT}'}}
      l: {{specifier: 'link:l', version: 'link:l'}}
      t: {{specifier: '{TARBALL}', version: '{TARBALL}'}}
      w: {{specifier: 'workspace:*', version: 'link:packages/w'}}
  packages/w:
    dependencies:
      a: {{specifier: ^1, version: 1.1.0}}
packages:
  a@1.0.0: {{resolution: {{}}}}
  a@1.1.0: {{resolution: {{}}}}
  d@file:d: {{resolution: {{directory: d, type: directory}}}}
  g@{GIT}: {{resolution: {{commit: '01', repo: x, type: git}}, version: 1.0.0}}
  t@{TARBALL}: {{resolution: {{tarball: '{TARBALL}'}}, version: 1.0.0}}
snapshots:
  a@1.0.0: {{}}
  a@1.1.0: {{}}
  d@file:d: {{}}
  g@{GIT}: {{}}
  t@{TARBALL}: {{}}
"""
PNPM_6 = f"""\
lockfileVersion: '6.0'
dependencies:
  a: {{specifier: ^1, version: 1.0.0}}
  d: {{specifier: 'file:d', version: 'file:d'}}
  g: {{specifier: '{GIT}', version: git.example.com/o/g/0123}}
  t: {{specifier: '{TARBALL}', version: '@files.example.com/t-1.0.0.tgz'}}
packages:
  /a@1.0.0: {{resolution: {{}}}}
  file:d: {{resolution: {{directory: d, type: directory}}, name: d, version: 1.0.0}}
  git.example.com/o/g/0123: {{resolution: {{type: git}}, name: g, version: 1.0.0}}
  '@files.example.com/t-1.0.0.tgz': {{resolution: {{tarball: x}}, name: t, version: 1.0.0}}
"""
PNPM_5 = f"""\
lockfileVersion: 5.4
specifiers: {{a: ^1, d: 'file:d', g: '{GIT}', t: '{TARBALL}'}}
dependencies:
  a: 1.0.0
  d: file:d
  g: git.example.com/o/g/0123
  t: '@files.example.com/t-1.0.0.tgz'
packages:
  /a/1.0.0: {{resolution: {{}}}}
  file:d: {{resolution: {{directory: d, type: directory}}, name: d, version: 1.0.0}}
  git.example.com/o/g/0123: {{resolution: {{type: git}}, name: g, version: 1.0.0}}
  '@files.example.com/t-1.0.0.tgz': {{resolution: {{tarball: x}}, name: t, version: 1.0.0}}
"""
YARN_1 = f"""\
a@^1:
  version "1.0.0"

"d@file:d":
  version "1.0.0"

"g@{GIT}":
  version "1.0.0"
  resolved "{GIT}"

"t@{TARBALL}":
  version "1.0.0"
  resolved "{TARBALL}#0123456789012345678901234567890123456789"
"""
YARN_BERRY = f"""\
__metadata:
  version: 8

"a@npm:^1":
  version: 1.0.0
  resolution: "a@npm:1.0.0"

"app@workspace:.":
  version: 0.0.0-use.local
  resolution: "app@workspace:."
  dependencies:
    a: "npm:^1"
    d: "file:d"
    g: "{GIT}"
    t: "{TARBALL}"
    w: "workspace:*"

"d@file:d::locator=app%40workspace%3A.":
  version: 1.0.0
  resolution: "d@file:d#d::hash=01&locator=app%40workspace%3A."

"g@{GIT}":
  version: 1.0.0
  resolution: "g@{GIT}"

"t@{TARBALL}":
  version: 1.0.0
  resolution: "t@{TARBALL}"

"w@workspace:*, w@workspace:packages/w":
  version: 0.0.0-use.local
  resolution: "w@workspace:packages/w"
"""
BUN = {
    "lockfileVersion": 1,
    "workspaces": {
        "": {"dependencies": {"a": "^1", "d": "file:d", "g": GIT, "t": TARBALL}},
        "packages/w": {"name": "w", "dependencies": {"a": "1.1.0"}},
    },
    "packages": {
        "a": ["a@1.0.0", "", {}, ""],
        "d": ["d@file:d", {}],
        "g": [f"g@{GIT}", {}, "o-g-0123"],
        "t": [f"t@{TARBALL}", {}],
        "w": ["w@workspace:packages/w"],
        "w/a": ["a@1.1.0", "", {}, ""],
    },
}


@pytest.mark.parametrize(
    ("name", "lock", "kinds"),
    [
        pytest.param("package-lock.json", NPM_3, "directory directory git tarball", id="npm-3"),
        pytest.param("package-lock.json", NPM_1, "directory git tarball", id="npm-1"),
        pytest.param("pnpm-lock.yaml", PNPM_9, "directory git tarball", id="pnpm-9"),
        pytest.param("pnpm-lock.yaml", PNPM_6, "directory git unknown", id="pnpm-6"),
        pytest.param("pnpm-lock.yaml", PNPM_5, "directory git unknown", id="pnpm-5"),
        pytest.param("yarn.lock", YARN_1, "directory git tarball", id="yarn-1"),
        pytest.param("yarn.lock", YARN_BERRY, "directory git tarball", id="yarn-berry"),
        pytest.param("bun.lock", BUN, "directory git tarball workspace", id="bun"),
    ],
)
def test_other_sources_are_left_out(
    project: Project, registry: LocalRegistry, name: str, lock: str | dict[str, Any], kinds: str
) -> None:
    """A registry has packages of the same names: they must not be taken for these."""
    for package in ("a", "d", "g", "t", "w"):
        registry.publish(f"{package}@1.0.0")
        registry.publish(f"{package}@1.1.0")
    # What graft cannot install is not asked for here; that has an error of its own.
    project.manifest(dependencies={"a": "^1", "g": "^1", "t": "^1", "d": "^1"})
    project.write(name, lock if isinstance(lock, str) else json.dumps(lock))
    said = project.graft("import", "--json").json
    assert said["kept"] == ["a@1.0.0"]
    assert said["new"] == ["d@1.1.0", "g@1.1.0", "t@1.1.0"]
    assert sorted(said["leftOut"].values()) == kinds.split()


# Members of a workspace

PNPM_OF_MEMBERS = """\
lockfileVersion: '9.0'
importers:
  .: {}
  packages/core:
    dependencies:
      a: {specifier: ^1.0.0, version: 1.0.0}
  packages/web:
    dependencies:
      a: {specifier: ^1.0.0, version: 1.1.0}
      core: {specifier: 'workspace:*', version: link:../core}
packages:
  a@1.0.0: {resolution: {integrity: %(a@1.0.0)s}}
  a@1.1.0: {resolution: {integrity: %(a@1.1.0)s}}
snapshots:
  a@1.0.0: {}
  a@1.1.0: {}
"""
NPM_OF_MEMBERS = """\
{"lockfileVersion": 3, "packages": {
  "": {"workspaces": ["packages/*"]},
  "node_modules/a": {"version": "1.0.0", "integrity": "%(a@1.0.0)s"},
  "node_modules/core": {"resolved": "packages/core", "link": true},
  "node_modules/web": {"resolved": "packages/web", "link": true},
  "packages/core": {"name": "core", "dependencies": {"a": "^1.0.0"}},
  "packages/web": {"name": "web", "dependencies": {"a": "^1.0.0", "core": "*"}},
  "packages/web/node_modules/a": {"version": "1.1.0", "integrity": "%(a@1.1.0)s"}}}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("pnpm-lock.yaml", PNPM_OF_MEMBERS), ("package-lock.json", NPM_OF_MEMBERS)],
)
def test_members_keep_their_versions(
    project: Project, registry: LocalRegistry, name: str, text: str
) -> None:
    integrity = {
        f"a@{version}": registry.publish(f"a@{version}").dist["integrity"]
        for version in ("1.0.0", "1.1.0", "1.2.0")
    }
    project.manifest(workspaces=["packages/*"])
    project.manifest("packages/core", dependencies={"a": "^1.0.0"})
    project.manifest("packages/web", dependencies={"a": "^1.0.0", "core": "*"})
    project.write(name, text % integrity)
    project.graft("import")
    importers = project.lock["importers"]
    assert importers["packages/core"]["a"][2] == "a@1.0.0"
    assert importers["packages/web"]["a"][2] == "a@1.1.0"
    assert importers["packages/web"]["core"][2] == "core@link:packages/core"
