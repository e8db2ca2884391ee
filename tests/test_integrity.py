"""Bytes are what the lock, or else the registry, says that they are."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil

import pytest

from harness.archive import pack_files
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


def archive_of(text: str) -> bytes:
    return pack_files({"package.json": '{"name":"a","version":"1.0.0"}', "index.js": text})


def sri(algorithm: str, data: bytes) -> str:
    digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
    return f"{algorithm}-{digest}"


GOOD = archive_of("module.exports = 'good'")
EVIL = archive_of("module.exports = 'evil'")
SHOW = "console.log(require('a'))"


@pytest.mark.parametrize(
    "integrity",
    [
        "sha512",
        sri("sha384", GOOD),
        sri("sha256", GOOD),
        f"{sri('sha1', EVIL)} {sri('sha256', GOOD)}",  # the strongest decides
        f"md5-AAAA {sri('sha512', GOOD)}?opt",
    ],
)
def test_strong_integrities_are_verified_without_a_word(
    project: Project, registry: LocalRegistry, integrity: str
) -> None:
    registry.publish("a@1.0.0", archive=GOOD, integrity=integrity)
    project.manifest(dependencies={"a": "1"})
    assert project.graft("install", "--json").json["notes"] == []
    assert project.node(SHOW) == "good"


def test_sha1_alone_is_verified_and_said(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", archive=GOOD, integrity="sha1")
    project.manifest(dependencies={"a": "1"})
    (note,) = project.graft("install", "--json").json["notes"]
    assert note["code"] == "weak-integrity" and "a@1.0.0" in note["message"]
    assert "sha1-" in project.read("graft-lock.json")
    registry.publish("a@1.0.0", archive=EVIL, integrity="sha1")
    other = {"GRAFT_HOME": str(project.machine.root / "other")}
    assert project.graft("install", env=other, check=False).code == 30


BAD = [
    ("none", "integrity-missing", 31),
    ("md5-AAAA", "integrity-missing", 31),
    ("sha512-AAAA", "integrity-missing", 31),
    (sri("sha512", EVIL), "integrity-mismatch", 30),
    (sri("sha256", EVIL), "integrity-mismatch", 30),
    (f"{sri('sha256', GOOD)} {sri('sha512', EVIL)}", "integrity-mismatch", 30),
]


@pytest.mark.parametrize(("integrity", "code", "exit_code"), BAD)
def test_what_cannot_be_verified_is_not_admitted(
    project: Project, registry: LocalRegistry, integrity: str, code: str, exit_code: int
) -> None:
    registry.publish("a@1.0.0", archive=GOOD, integrity=integrity)
    project.manifest(dependencies={"a": "1"})
    before = snapshot(project.dir)
    for _ in range(2):
        failed = project.graft("install", "--json", check=False)
        assert (failed.code, failed.json["error"]["code"]) == (exit_code, code)
        assert "a@1.0.0" in failed.json["error"]["where"]
    assert snapshot(project.dir) == before
    for folder in ("objects", "slots", "trash"):
        assert os.listdir(project.store / folder) == []


def test_a_failed_change_leaves_an_installed_project_as_it_is(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", archive=GOOD)
    registry.publish("bad@1.0.0", integrity=sri("sha512", EVIL))
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    before = snapshot(project.dir)
    failed = project.graft("add", "bad", check=False)
    assert failed.code == 30
    assert "expected sha512-" in failed.stderr and "received sha512-" in failed.stderr
    assert snapshot(project.dir) == before
    assert project.node(SHOW) == "good"


def test_hazard_22_the_lock_s_integrity_beats_what_the_registry_says_today(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", archive=GOOD)
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    lock = project.read("graft-lock.json")
    registry.publish("a@1.0.0", archive=EVIL)

    fresh = project.sibling("fresh", dependencies={"a": "1"})
    fresh.write("graft-lock.json", lock)
    elsewhere = {"GRAFT_HOME": str(project.machine.root / "empty")}
    assert fresh.graft("install", env=elsewhere, check=False).code == 30
    assert not fresh.exists("node_modules")
    assert fresh.read("graft-lock.json") == lock
    # A store that has the right bytes needs no registry for them.
    fresh.graft("install")
    assert fresh.node(SHOW) == "good"

    # Who has no lock gets what is published today, beside the other.
    shutil.rmtree(project.machine.cache)
    new = project.sibling("new", dependencies={"a": "1"})
    new.graft("install")
    assert new.node(SHOW) == "evil"
    assert project.node(SHOW) == fresh.node(SHOW) == "good"
    assert project.graft("install", "--force", "--json").json["slots"] == 0


def test_hazard_22_one_name_from_two_registries_never_mixes(
    project: Project, registry: LocalRegistry
) -> None:
    with LocalRegistry() as private:
        registry.publish("a@1.0.0", archive=GOOD)
        private.publish("a@1.0.0", archive=EVIL)
        registry.publish("@acme/a@1.0.0", archive=GOOD)
        private.publish("@acme/a@1.0.0", archive=EVIL)
        wanted = {"a": "1", "@acme/a": "1"}
        both = "console.log(require('a'), require('@acme/a'))"
        project.manifest(dependencies=wanted)
        other = project.sibling("other", dependencies=wanted)
        scoped = project.sibling("scoped", dependencies=wanted)
        other.write(".npmrc", f"registry={private.url}\n")
        scoped.write(".npmrc", f"@acme:registry={private.url}\n")
        for _ in range(2):
            for each in (project, other, scoped):
                each.graft("install")
            assert project.node(both) == "good good"
            assert other.node(both) == "evil evil"
            assert scoped.node(both) == "good evil"
        assert len(list(project.store.glob("objects/*.json"))) == 2


def test_the_same_bytes_from_two_registries_are_one_object(
    project: Project, registry: LocalRegistry
) -> None:
    with LocalRegistry() as mirror:
        for each in (registry, mirror):
            each.publish("a@1.0.0", archive=GOOD)
        project.manifest(dependencies={"a": "1"})
        other = project.sibling("other", dependencies={"a": "1"})
        other.write(".npmrc", f"registry={mirror.url}\n")
        project.graft("install")
        other.graft("install")
        assert mirror.tarball_requests == []
        assert len(list(project.store.glob("objects/*.json"))) == 1
