"""No room left, in the store or in the project: one diagnostic, and nothing is lost."""

from __future__ import annotations

import os
import shlex

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.surroundings import Mounts

MORE = "mount -o remount,size=16m,nr_inodes=10k"
RUNS = "node -e \"console.log('found', require('a').requires('b').version)\""


@pytest.fixture
def large(project: Project, registry: LocalRegistry) -> Project:
    """A project of ``a -> b``, in which ``b`` takes 120 kB."""
    registry.publish("b@1.0.0", files={"data.txt": os.urandom(60_000).hex()})
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    project.manifest(dependencies={"a": "1"})
    return project


# A folder, a lock, an archive's files, or a slot has no room.
@pytest.mark.parametrize("size", ["1m,nr_inodes=6", "1m,nr_inodes=11", "12k", "60k", "160k"])
def test_a_full_store_leaves_the_project_as_it_was(large: Project, size: str) -> None:
    home = large.machine.graft_home
    home.mkdir()
    there = shlex.quote(str(home))
    after = (
        f"echo left $(find {there} -name '.tmp-*') $(ls -A)\n{MORE} {there}\ngraft --json; {RUNS}"
    )
    result = Mounts().small(home, size).run(large, "install", check=False, after=after)
    assert result.code == 1
    assert f"error disk-full: there is no room left on {home}\n" in result.stderr
    assert f"where  {large.store}/" in result.stderr
    assert result.stderr.count("error ") == 1
    assert "left package.json\n" in result.stdout
    assert "found 1.0.0" in result.stdout


@pytest.mark.parametrize(("layout", "size"), [("virtual", "8k"), ("hoisted", "64k")])
def test_a_full_disk_under_the_project_leaves_it_as_it_was(
    large: Project, layout: str, size: str
) -> None:
    large.graft("install", "--layout", layout)
    manifest = large.path("package.json").rename(large.dir.parent / "package.json")
    mounts = Mounts().small(large.dir, size).line("cp {} {}", manifest, large.dir)
    there = shlex.quote(str(large.dir))
    after = f"echo left $(ls -A)\n{MORE} {there}\ngraft; {RUNS}"
    result = mounts.run(large, "install", "--layout", layout, check=False, after=after)
    assert result.code == 1
    assert f"error disk-full: there is no room left on {large.dir}\n" in result.stderr
    assert f"where  {large.dir}/.graft-staging/" in result.stderr
    assert "left package.json\n" in result.stdout
    assert "found 1.0.0" in result.stdout


def test_a_full_home_of_journals_changes_nothing(large: Project, registry: LocalRegistry) -> None:
    """The journal is the last that is written before a change is decided."""
    large.graft("install")
    registry.publish("a@2.0.0", dependencies={"b": "1"})
    large.manifest(dependencies={"a": "2"})
    large.graft("fetch", check=False)
    large.graft("install", "--lockfile-only")
    large.graft("fetch")
    journals = large.store / "journals"
    mounts = Mounts().small(journals, "4k").line("head -c 4096 /dev/zero > {}/full", journals)
    there = shlex.quote(str(journals))
    after = f"echo left $(ls -A) $(ls -A {there})\nrm {there}/full; graft"
    result = mounts.run(large, "install", check=False, after=after)
    assert f"where  {journals}/" in result.stderr
    assert "left graft-lock.json node_modules package.json full\n" in result.stdout
    assert large.json("node_modules/a/package.json")["version"] == "2.0.0"


def test_a_cache_without_room_fails_no_install(large: Project) -> None:
    cache = large.machine.cache
    cache.mkdir(parents=True)
    mounts = Mounts().small(cache, "4k").line("head -c 4096 /dev/zero > {}/full", cache)
    result = mounts.run(large, "install", check=True)
    assert "error" not in result.stderr
    assert large.json("node_modules/a/package.json")["version"] == "1.0.0"


def test_a_file_that_may_not_become_that_large(large: Project) -> None:
    """EFBIG, as with a quota: what ``ulimit -f`` allows."""
    mounts = Mounts().line("trap '' XFSZ; ulimit -f 64")
    result = mounts.run(large, "install", "--json", check=False)
    error = result.json["error"]
    assert error["code"] == "disk-full"
    assert error["where"].startswith(str(large.store))
    large.graft("install")
    assert large.json("node_modules/a/package.json")["version"] == "1.0.0"
