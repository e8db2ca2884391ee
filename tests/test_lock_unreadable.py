"""Locks that are damaged, from the future, half merged or hostile: named, and left alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

_INTEGRITY = "sha512-" + "A" * 86 + "=="
GOOD_NODE = {"integrity": _INTEGRITY}


def lock_with(**nodes: Any) -> str:
    importers = {".": {"a": ["prod", "^1", "a@1.0.0"]}}
    return json.dumps({"lockfile": 1, "importers": importers, "nodes": nodes})


@pytest.mark.parametrize(
    ("text", "code", "about"),
    [
        ("", "lock-unreadable", "damaged"),
        ("{", "lock-unreadable", "damaged"),
        ("[]", "lock-unreadable", "damaged"),
        ('"lockfile"', "lock-unreadable", "damaged"),
        ('{"lockfile": 1}', "lock-unreadable", "damaged"),
        ('{"lockfile": 1, "importers": [], "nodes": []}', "lock-unreadable", "damaged"),
        ('{"lockfile": 1, "importers": {}, "nodes": {}}', "lock-unreadable", "damaged"),
        ('{"lockfile": 2}', "lock-version", "format 2; this graft reads 1"),
        ('{"lockfile": "1"}', "lock-version", "format '1'"),
        ('{\n<<<<<<< HEAD\n"lockfile": 1\n=======\n', "lock-unreadable", "unmerged"),
        ("<<<<<<< HEAD\n=======\n>>>>>>> other\n", "lock-unreadable", "unmerged"),
        (lock_with(), "lock-unreadable", "damaged"),
        (lock_with(**{"a@1.0.0": []}), "lock-unreadable", "damaged"),
        (lock_with(**{"a@1.0.0": {"integrity": "md5-xx"}}), "lock-unreadable", "damaged"),
        (lock_with(**{"a@1.0.0": {"dependencies": {"b": "1"}}}), "lock-unreadable", "damaged"),
        (lock_with(**{"a@1.0.0": {"dependencies": {"b": []}}}), "lock-unreadable", "damaged"),
        (lock_with(**{"a@1.0.0": {"os": "linux"}}), "lock-unreadable", "damaged"),
    ],
)
def test_a_lock_that_cannot_be_read_is_named_and_left_alone(
    project: Project, registry: LocalRegistry, text: str, code: str, about: str
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "^1"})
    project.write("graft-lock.json", text)
    before = snapshot(project.dir)
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (error["code"], failed.code) == (code, 13 if code == "lock-version" else 12)
    assert about in error["message"] and error["where"].endswith("graft-lock.json")
    assert error["fix"] and snapshot(project.dir) == before
    assert registry.requests == []


@pytest.mark.parametrize(
    "node",
    [
        {"../../evil@1.0.0": GOOD_NODE},
        {"@../evil@1.0.0": GOOD_NODE},
        {"evil@../../1.0.0": GOOD_NODE},
        {"evil@1.0.0/../..": GOOD_NODE},
        {"evil@no-version": GOOD_NODE},
        {"evil": GOOD_NODE},
        {"": GOOD_NODE},
        {"node_modules@1.0.0": GOOD_NODE},
        {"evil@1.0.0": GOOD_NODE | {"dependencies": {"../up": ["1", "a@1.0.0"]}}},
        {"evil@1.0.0": GOOD_NODE | {"dependencies": {".bin": ["1", "a@1.0.0"]}}},
        {"evil@1.0.0": GOOD_NODE | {"bin": {"../up": "x.js"}}},
        {"evil@1.0.0": GOOD_NODE | {"bin": {"up": "../../x.js"}}},
        {"evil@1.0.0": GOOD_NODE | {"tarball": "https://evil.example/x.tgz"}},
        {"evil@1.0.0": GOOD_NODE | {"tarball": "a/../../x.tgz"}},
    ],
    ids=lambda node: next(iter(node.items())).__repr__()[:60],
)
def test_names_in_a_lock_lead_nowhere_else(
    project: Project, registry: LocalRegistry, node: dict[str, Any]
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "^1"})
    project.write("graft-lock.json", lock_with(**{"a@1.0.0": GOOD_NODE}, **node))
    before = snapshot(project.dir)
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] == "lock-unreadable"
    assert snapshot(project.dir) == before and registry.requests == []
