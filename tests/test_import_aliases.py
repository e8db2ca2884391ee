"""An alias has what the lock gave to it, though the lock holds a newer version that fits."""

from __future__ import annotations

import json

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

LOCKS = {
    "npm-1": (
        "package-lock.json",
        {
            "lockfileVersion": 1,
            "dependencies": {
                "@s/real": {"version": "1.1.0"},
                "old": {"version": "npm:@s/real@1.0.0"},
            },
        },
    ),
    "npm-3": (
        "package-lock.json",
        {
            "lockfileVersion": 3,
            "packages": {
                "": {"dependencies": {"@s/real": "^1", "old": "npm:@s/real@^1"}},
                "node_modules/@s/real": {"version": "1.1.0"},
                "node_modules/old": {"name": "@s/real", "version": "1.0.0"},
            },
        },
    ),
    "pnpm-5": (
        "pnpm-lock.yaml",
        "lockfileVersion: 5.4\n"
        "specifiers: {'@s/real': ^1, old: 'npm:@s/real@^1'}\n"
        "dependencies: {'@s/real': 1.1.0, old: /@s/real/1.0.0}\n"
        "packages: {/@s/real/1.0.0: {resolution: {}}, /@s/real/1.1.0: {resolution: {}}}\n",
    ),
    "pnpm-5-other-registry": (
        "pnpm-lock.yaml",
        "lockfileVersion: 5.4\n"
        "specifiers: {'@s/real': ^1, old: 'npm:@s/real@^1'}\n"
        "dependencies: {'@s/real': r.example.com/@s/real/1.1.0, old: r.example.com/@s/real/1.0.0}\n"
        "packages:\n"
        "  r.example.com/@s/real/1.0.0: {resolution: {}}\n"
        "  r.example.com/@s/real/1.1.0: {resolution: {}}\n",
    ),
    "pnpm-6": (
        "pnpm-lock.yaml",
        "lockfileVersion: '6.0'\n"
        "dependencies:\n"
        "  '@s/real': {specifier: ^1, version: 1.1.0}\n"
        "  old: {specifier: 'npm:@s/real@^1', version: /@s/real@1.0.0}\n"
        "packages: {/@s/real@1.0.0: {resolution: {}}, /@s/real@1.1.0: {resolution: {}}}\n",
    ),
    "pnpm-9-with-a-document-in-front": (
        "pnpm-lock.yaml",
        "lockfileVersion: '9.0'\nimporters: {.: {}}\n---\nlockfileVersion: '9.0'\n"
        "importers:\n  .:\n    dependencies:\n"
        "      '@s/real': {specifier: ^1, version: 1.1.0}\n"
        "      old: {specifier: 'npm:@s/real@^1', version: '@s/real@1.0.0'}\n"
        "packages: {'@s/real@1.0.0': {resolution: {}}, '@s/real@1.1.0': {resolution: {}}}\n"
        "snapshots: {'@s/real@1.0.0': {}, '@s/real@1.1.0': {}}\n",
    ),
    "yarn-1": (
        "yarn.lock",
        '"@s/real@^1":\n  version "1.1.0"\n\n"old@npm:@s/real@^1":\n  version "1.0.0"\n',
    ),
    "yarn-berry": (
        "yarn.lock",
        "__metadata:\n  version: 8\n\n"
        '"@s/real@npm:^1":\n  version: 1.1.0\n  resolution: "@s/real@npm:1.1.0"\n\n'
        '"app@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "app@workspace:."\n'
        '  dependencies:\n    "@s/real": "npm:^1"\n    old: "npm:@s/real@^1"\n\n'
        '"old@npm:@s/real@^1":\n  version: 1.0.0\n'
        '  resolution: "@s/real@npm:1.0.0::__archiveUrl=https%3A%2F%2Fr.example.com%2Freal.tgz"\n',
    ),
    "bun": (
        "bun.lock",
        {
            "lockfileVersion": 1,
            "workspaces": {"": {"dependencies": {"@s/real": "^1", "old": "npm:@s/real@^1"}}},
            "packages": {
                "@s/real": ["@s/real@1.1.0", "", {}, ""],
                "old": ["@s/real@1.0.0", "", {}, ""],
            },
        },
    ),
}


@pytest.mark.parametrize("case", LOCKS)
def test_an_alias_keeps_its_own_version(
    project: Project, registry: LocalRegistry, case: str
) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        registry.publish(f"@s/real@{version}")
    project.manifest(dependencies={"@s/real": "^1", "old": "npm:@s/real@^1"})
    name, lock = LOCKS[case]
    project.write(name, lock if isinstance(lock, str) else json.dumps(lock))
    project.graft("import")
    got = {local: line[2] for local, line in project.lock["importers"]["."].items()}
    assert got == {"@s/real": "@s/real@1.1.0", "old": "@s/real@1.0.0"}
