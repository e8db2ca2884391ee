"""``graft cache``: what is there, and what may go while other commands run."""

from __future__ import annotations

import os
import shutil

import pytest

from graft.indices.parsed import ParsedCache
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def used(project: Project, registry: LocalRegistry) -> Project:
    """A project after an install without a lock."""
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    return project


def kinds(project: Project) -> dict[str, int]:
    found = project.graft("cache", "ls", "--json").json["kinds"]
    assert all(each["bytes"] > 0 and os.path.exists(each["path"]) for each in found)
    return {each["kind"]: each["entries"] for each in found}


def test_path_and_ls(used: Project) -> None:
    cache = used.machine.cache
    assert used.graft("cache", "path").stdout == f"{cache}\n"
    assert used.graft("cache", "path", "x", "--json").json == {"path": f"{cache}/x"}
    assert kinds(used) == {"packuments": 2, "resolutions": 1}
    lines = used.graft("cache").stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["packuments", "2", "entries"],
        ["resolutions", "1", "entry"],
    ]


def test_clean_takes_all_and_the_next_install_asks_again(
    used: Project, registry: LocalRegistry
) -> None:
    dry = used.graft("cache", "clean", "--dry-run", "--json").json
    assert dry["dryRun"] and [each["kind"] for each in dry["removed"]] == [
        "packuments",
        "resolutions",
    ]
    assert kinds(used) == {"packuments": 2, "resolutions": 1}
    used.graft("cache", "clean", "packuments")
    assert kinds(used) == {"resolutions": 1}
    used.graft("cache", "clean")
    assert kinds(used) == {}
    assert "nothing to remove" in used.graft("cache", "clean").stderr
    registry.clear_log()
    used.remove("graft-lock.json")
    used.graft("install")
    assert registry.requests and kinds(used) == {"packuments": 2, "resolutions": 1}


def test_what_others_put_there_is_other(used: Project) -> None:
    (used.machine.cache / "something").mkdir()
    (used.machine.cache / "something/file").write_text("x")
    assert kinds(used)["other"] == 1
    used.graft("cache", "clean", "other")
    assert not (used.machine.cache / "something").exists()


def test_descriptors_that_were_read_are_a_kind(used: Project) -> None:
    cache = ParsedCache(str(used.machine.cache))
    cache.put(b"a = 1", {"a": 1})
    assert cache.get(b"a = 1") == {"a": 1} and kinds(used)["descriptors"] == 1
    used.graft("cache", "clean", "descriptors")
    assert cache.get(b"a = 1") is None and kinds(used) == {"packuments": 2, "resolutions": 1}


def test_links_in_the_cache_are_not_followed(used: Project) -> None:
    outside = used.machine.root / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    (used.machine.cache / "link").symlink_to(outside)
    (used.machine.cache / "packuments/link").symlink_to(outside)
    used.graft("cache", "clean")
    assert (outside / "keep").exists()


def test_verify_removes_what_is_damaged_and_what_was_left_behind(used: Project) -> None:
    packuments = [path for path in (used.machine.cache / "packuments").rglob("*") if path.is_file()]
    packuments[0].write_bytes(packuments[0].read_bytes()[:-1])
    old = used.machine.cache / "resolutions/.tmp-1-abc-x"
    new = used.machine.cache / "resolutions/.tmp-2-abc-x"
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (1, 1))
    dry = used.graft("cache", "verify", "--dry-run", "--json").json
    assert {str(packuments[0]), str(old)} < set(dry["removed"]) and packuments[0].exists()
    used.graft("cache", "verify")
    assert not packuments[0].exists() and not old.exists() and new.exists()
    assert kinds(used)["packuments"] == 1
    # What was resolved from it goes too.
    assert [path.name for path in (used.machine.cache / "resolutions").iterdir()] == [new.name]


def test_the_remembered_registry_goes_only_by_name(used: Project) -> None:
    config = used.machine.home / ".config/graft/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('registry = "https://registry.example.com/"\n[other]\na = 1\n')
    used.graft("cache", "clean")
    assert kinds(used) == {"registry": 1}
    used.graft("cache", "clean", "registry")
    assert config.read_text() == "[other]\na = 1\n" and kinds(used) == {}


def test_tools_that_run_are_left_alone(project: Project, registry: LocalRegistry) -> None:
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    wait = (
        "#!/usr/bin/env node\nconst fs = require('fs');\n"
        "console.log('started');\n"
        "setInterval(() => { if (fs.existsSync('stop')) process.exit(0) }, 20);\n"
        "setTimeout(() => process.exit(1), 30000);\n"
    )
    registry.publish("tool@1.0.0", bin="./cli.js", files={"cli.js": (wait, 0o755)})
    with project.spawn("x", "tool") as running:
        assert running.stdout and running.stdout.readline() == "started\n"
        said = project.graft("cache", "clean", "x", "--json").json
        assert said["removed"] == [] and len(said["inUse"]) == 1
        assert os.path.exists(f"{said['inUse'][0]}/node_modules/.bin/tool")
        project.write("stop", "")
        assert running.wait(30) == 0
    assert project.graft("cache", "clean", "x", "--json").json["inUse"] == []
    assert kinds(project).get("x") is None


@pytest.mark.parametrize(
    ("words", "fix"), [(["cleen"], "did you mean 'clean'?"), (["clean", "packument"], "packuments")]
)
def test_usage(project: Project, words: list[str], fix: str) -> None:
    failed = project.graft("cache", *words, "--json", check=False)
    assert failed.code == 2 and fix in failed.json["error"]["fix"]
