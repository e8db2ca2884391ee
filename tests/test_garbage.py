"""``graft store gc``: what nobody needs goes, and what anybody may need stays.

Projects say what they need (``store/v1/projects``); when something was first seen not to be needed
stands in ``store/v1/garbage``, which is how tests make a week pass.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

RUNS = "console.log(require('a').requires('b').version)"
NOW = ("--older-than", "0")


@pytest.fixture
def living(project: Project, registry: LocalRegistry) -> Project:
    """``a -> b``, in use."""
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    return project


@pytest.fixture
def other(living: Project, registry: LocalRegistry) -> Project:
    """``c -> b``: shares ``b``."""
    registry.publish("c@1.0.0", dependencies={"b": "1"})
    other = living.sibling("other", dependencies={"c": "1"})
    other.graft("install")
    return other


def collect(project: Project, *flags: str) -> Any:
    return project.graft("store", "gc", "--json", *flags).json


def slots(project: Project) -> set[str]:
    """The packages that have one."""
    return {path.name.partition("@")[0] for path in project.store.glob("slots/*")}


def objects(project: Project) -> int:
    records = list(project.store.glob("objects/*.json"))
    assert len(records) == len(list(project.store.glob("objects/*"))) - len(records)
    return len(records)


def record(project: Project) -> Path:
    (found,) = (
        path
        for path in project.store.glob("projects/*")
        if f"path\t{project.dir}\n" in path.read_text()
    )
    return found


def edit(path: Path, line: str, value: str) -> None:
    lines = path.read_text().splitlines()
    path.write_text(
        "".join(f"{line}\t{value}\n" if s.startswith(f"{line}\t") else f"{s}\n" for s in lines)
    )


def a_week_passes(project: Project) -> None:
    notes = project.store / "garbage"
    first, *lines = notes.read_text().splitlines()
    pairs = [line.split("\t") for line in lines]
    earlier = [f"{path}\t{int(since) - 7 * 86400}" for path, since in pairs]
    notes.write_text("\n".join([first, *earlier]) + "\n")


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, kind)
        yield


def assert_runs(project: Project) -> None:
    assert project.node(RUNS) == "1.0.0"
    assert project.graft("install", "--json").json["upToDate"]


# What goes


def test_what_a_deleted_project_alone_needed_goes(living: Project, other: Project) -> None:
    shutil.rmtree(other.dir)
    done = collect(living, *NOW)
    assert slots(living) == {"a", "b"}
    assert objects(living) == 2
    assert [path.name for path in living.store.glob("projects/*")] == [record(living).name]
    assert len(list(living.store.glob("locks/project-*"))) == 1
    assert len(list(living.store.glob("graphs/*"))) == 2  # one, and when it was seen
    assert list(living.store.glob("trash/*")) == []
    assert done["bytes"] > 0
    assert_runs(living)


def test_what_an_update_left_behind_goes(living: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.1.0")
    living.graft("add", "a@1.1.0")
    collect(living, *NOW)
    assert slots(living) == {"a"}
    assert living.node("console.log(require('a').version)") == "1.1.0"


def test_nothing_goes_before_the_grace_is_over(living: Project, other: Project) -> None:
    shutil.rmtree(other.dir)
    assert collect(living)["waiting"] > 0
    assert collect(living)["removed"] == []
    assert slots(living) == {"a", "b", "c"}
    a_week_passes(living)
    assert collect(living)["removed"] != []
    assert slots(living) == {"a", "b"}


def test_what_is_needed_again_starts_anew(living: Project, other: Project) -> None:
    """Times of files have no say: a store that was copied, or restored, has new ones."""
    aside = other.machine.root / "aside"
    other.dir.rename(aside)
    collect(living)
    a_week_passes(living)
    aside.rename(other.dir)
    collect(living)
    assert other.node("console.log(require('c').version)") == "1.0.0"
    shutil.rmtree(other.dir)
    assert collect(living)["removed"] == []


def test_the_grace_is_a_setting_that_no_project_has_a_say_in(
    living: Project, other: Project
) -> None:
    shutil.rmtree(other.dir)
    living.write(".npmrc", "gc-grace=0\n")
    assert collect(living)["removed"] == []
    living.remove(".npmrc")
    living.machine.npmrc.write_text(f"{living.machine.npmrc.read_text()}gc-grace=0\n")
    assert collect(living)["removed"] != []


def test_a_dry_run_says_what_would_go_and_why(living: Project, other: Project) -> None:
    shutil.rmtree(other.dir)
    said = living.graft("store", "gc", "--dry-run", *NOW)
    (line,) = (line for line in said.stdout.splitlines() if "slots/c@1.0.0" in line)
    assert "no project has needed it since 20" in line
    assert "would remove 1 graph, 1 slot, 1 object" in said.stderr
    told = collect(living, "--dry-run", *NOW)
    assert all(
        each["bytes"] > 0 for each in told["removed"] if each["path"][:4] in ("slot", "obje")
    )
    assert slots(living) == {"a", "b", "c"}
    assert not (living.store / "garbage").exists()


def test_down_to_a_size_what_was_needed_last_stays(
    living: Project, other: Project, registry: LocalRegistry
) -> None:
    registry.publish("big@1.0.0", files={"big.bin": os.urandom(2_000_000)})
    third = living.sibling("third", dependencies={"big": "1"})
    third.graft("install")
    shutil.rmtree(third.dir)
    collect(living)
    a_week_passes(living)
    shutil.rmtree(other.dir)
    done = collect(living, "--older-than", "30d", "--max-size", "1MB")
    assert slots(living) == {"a", "b", "c"}
    assert done["tooLarge"] == 0
    done = collect(living, "--max-size", "1")
    assert slots(living) == {"a", "b"}
    assert done["tooLarge"] > 0
    assert_runs(living)


def test_what_an_interrupted_command_left_goes(living: Project) -> None:
    for place in ("slots", "objects", "graphs", "projects", "trash", "."):
        left = living.store / place / ".tmp-1-abcd-left"
        (left / "folder").mkdir(parents=True)
        (left / "folder" / "file").write_text("x")
        (left / "folder").chmod(0o555)
    collect(living)
    assert list(living.store.rglob(".tmp-*")) == []
    assert_runs(living)


def test_a_graph_without_a_project_goes_with_its_slots(living: Project, other: Project) -> None:
    """And what no graph names as well, such as what was only fetched."""
    other.manifest(dependencies={"a": "1"})
    other.graft("install")
    collect(living, *NOW)
    assert slots(living) == {"a", "b"}


# What stays


def test_a_store_gc_in_one_project_breaks_no_other(living: Project, other: Project) -> None:
    for where in (living, other):
        assert collect(where, *NOW)["removed"] == []
    empty = living.sibling("empty")
    collect(empty, *NOW)
    assert slots(living) == {"a", "b", "c"}
    assert_runs(living)


def test_an_empty_registry_prunes_nothing(living: Project) -> None:
    record(living).unlink()
    said = living.graft("store", "gc", *NOW)
    assert "everything is kept: no project is registered" in said.stderr
    assert slots(living) == {"a", "b"}
    assert not (living.store / "garbage").exists()


def test_a_damaged_registry_prunes_nothing(living: Project, other: Project) -> None:
    broken = record(other)
    broken.write_bytes(broken.read_bytes()[:-5])
    (reason,) = collect(living, *NOW)["keeps"]
    assert str(broken) in reason
    assert slots(living) == {"a", "b", "c"}
    other.graft("install")
    assert collect(living, *NOW)["keeps"] == []


def test_a_partial_registry_heals_when_a_project_is_used(living: Project, other: Project) -> None:
    """A project that the register lost is not up to date, and is registered again."""
    lost = record(other)
    lost.unlink()
    collect(living)
    other.graft("install")
    assert record(other) == lost
    a_week_passes(living)
    assert collect(living)["removed"] == []


def test_a_project_that_cannot_be_read_keeps_what_it_named(living: Project, other: Project) -> None:
    aside = other.machine.root / "aside"
    other.dir.rename(aside)
    other.dir.write_text("no folder")
    assert collect(living, *NOW)["removed"] == []
    other.dir.unlink()
    aside.rename(other.dir)
    shutil.rmtree(other.modules)
    other.modules.symlink_to("/nowhere")
    assert collect(living, *NOW)["removed"] == []
    assert slots(living) == {"a", "b", "c"}


def test_a_project_whose_disk_is_away_keeps_what_it_named(living: Project, other: Project) -> None:
    """Where it was mounted is an ordinary folder now, or none."""
    its = record(other)
    shutil.rmtree(other.dir)
    for mount in (living.machine.root, living.machine.root / "disk", ""):
        edit(its, "mount", str(mount))
        assert collect(living, *NOW)["removed"] == []
    assert slots(living) == {"a", "b", "c"}


def test_a_project_of_another_machine_is_only_forgotten_by_name(
    living: Project, other: Project
) -> None:
    """Two machines may share a home, and a container has paths of its own."""
    edit(record(other), "host", "old-laptop")
    shutil.rmtree(other.dir)
    assert collect(living, *NOW)["removed"] == []
    assert collect(living, *NOW, "--forget", "laptop")["removed"] == []
    assert collect(living, *NOW, "--forget", "old-laptop")["removed"] != []
    assert slots(living) == {"a", "b"}


def test_a_project_that_cannot_be_looked_at_and_whose_graph_is_lost_keeps_all(
    living: Project, other: Project
) -> None:
    its = record(other)
    edit(its, "mount", "")
    (graph,) = (line for line in its.read_text().splitlines() if line.startswith("graph\t"))
    shutil.rmtree(other.dir)
    (other.store / "graphs" / graph.partition("\t")[2]).unlink()
    assert len(collect(living, *NOW)["keeps"]) == 1
    assert slots(living) == {"a", "b", "c"}


def test_what_lies_in_a_project_counts_beside_what_it_said(living: Project, other: Project) -> None:
    edit(record(living), "graph", "0" * 64)
    for graph in living.store.glob("graphs/*"):
        graph.unlink()
    shutil.rmtree(other.dir)
    collect(living, *NOW)
    assert slots(living) == {"a", "b"}
    assert objects(living) == 2
    assert living.node(RUNS) == "1.0.0"


def test_a_project_without_node_modules_needs_nothing(living: Project, other: Project) -> None:
    shutil.rmtree(other.modules)
    collect(living)
    assert slots(living) == {"a", "b", "c"}  # for a week, in which it may be installed again
    collect(living, *NOW)
    assert slots(living) == {"a", "b"}
    other.graft("install")
    assert other.node("console.log(require('c').version)") == "1.0.0"


def test_a_change_that_has_begun_keeps_what_it_claims(living: Project, other: Project) -> None:
    shutil.rmtree(other.modules)
    other.path(".graft-staging").mkdir()
    assert collect(living, *NOW)["removed"] == []


def test_members_alone_keep_what_a_workspace_needs(
    living: Project, registry: LocalRegistry
) -> None:
    registry.publish("c@1.0.0")
    whole = living.sibling("whole", workspaces=["packages/*"])
    whole.manifest("packages/web", dependencies={"c": "1"})
    whole.graft("install")
    shutil.rmtree(whole.modules)
    assert collect(living, *NOW)["removed"] == []
    assert whole.node("console.log(require('c').version)", cwd="packages/web") == "1.0.0"


def test_link_counts_say_nothing_where_files_are_reflinks(living: Project) -> None:
    """Every file of an object may have one link alone and be in use, and one that nobody needs may
    have several."""
    for file in living.store.glob("objects/*/node_modules/*/*"):
        copy = file.with_name("copy")
        file.parent.chmod(0o755)
        shutil.copy2(file, copy)
        copy.replace(file)
    unused = next(living.store.glob("objects/*/node_modules/b/package.json"))
    os.link(unused, living.machine.root / "link")
    assert collect(living, *NOW)["removed"] == []
    assert_runs(living)
    living.graft("remove", "a")
    collect(living, *NOW)
    assert objects(living) == 0


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
def test_projects_with_own_files_keep_what_those_were_made_from(
    living: Project, other: Project, layout: str
) -> None:
    other.graft("install", "--layout", layout)
    collect(living, *NOW)
    assert slots(living) == {"a", "b"}
    assert objects(living) == 3
    shutil.rmtree(other.modules)
    other.graft("install", "--offline", "--layout", layout)
    assert other.node("console.log(require('c').requires('b').version)") == "1.0.0"


def test_a_dev_servers_leased_slots_stay(living: Project, registry: LocalRegistry) -> None:
    graph = record(living).read_text().splitlines()[-1].partition("\t")[2]
    registry.publish("a@2.0.0")
    living.graft("add", "a@2")
    lease = living.store / "leases" / graph
    lease.touch()
    with locked(lease, fcntl.LOCK_SH):
        assert collect(living, *NOW)["removed"] == []
        assert len(list(living.store.glob("slots/*"))) == 3
    collect(living, *NOW)
    assert slots(living) == {"a"}
    assert not lease.exists()


# Moved, copied


def test_a_moved_project_is_registered_where_it_is(living: Project, other: Project) -> None:
    before = record(other)
    moved = living.machine.root / "projects" / "moved"
    other.dir.rename(moved)
    there = Project(moved, living.machine)
    there.graft("install")
    assert not before.exists()
    assert record(there).exists()
    collect(living, *NOW)
    assert there.node("console.log(require('c').version)") == "1.0.0"


@pytest.mark.parametrize("renamed", ["other", "."])
def test_a_project_that_only_runs_after_it_was_moved_keeps_its_slots(
    living: Project, registry: LocalRegistry, renamed: str
) -> None:
    """Nobody has to run graft there: a folder of its path that has another name is found."""
    registry.publish("c@1.0.0")
    other = living.sibling("group/other", dependencies={"c": "1"})
    other.graft("install")
    group = other.dir.parent
    before = (group / renamed).resolve()
    after = before.with_name("renamed")
    before.rename(after)
    there = Project(after if renamed == "other" else after / "other", living.machine)
    assert collect(living, *NOW)["removed"] == []
    assert there.node("console.log(require('c').version)") == "1.0.0"
    said = living.graft("store", "status").stdout
    assert re.search(rf"moved .* {there.dir}\n", said)
    shutil.rmtree(after)
    collect(living, *NOW)
    assert slots(living) == {"a", "b"}


def test_a_copied_project_is_registered_beside_the_first(living: Project, other: Project) -> None:
    copy = living.machine.root / "projects" / "copy"
    shutil.copytree(other.dir, copy, symlinks=True)
    there = Project(copy, living.machine)
    there.graft("install")
    assert record(other).exists()
    shutil.rmtree(other.dir)
    collect(living, *NOW)
    assert there.node("console.log(require('c').version)") == "1.0.0"


def test_a_copy_that_says_so_first_does_not_pass_for_what_was_moved(
    living: Project, other: Project
) -> None:
    """The copy then needs other packages; the project that was moved has not been heard of."""
    projects = living.machine.root / "projects"
    copy = Project(projects / "copy", living.machine)
    shutil.copytree(other.dir, copy.dir, symlinks=True)
    moved = Project(projects / "moved", living.machine)
    other.dir.rename(moved.dir)
    copy.graft("install")
    copy.graft("remove", "c")
    collect(living, *NOW)
    assert moved.node("console.log(require('c').version)") == "1.0.0"


# Others at work


def test_who_shall_not_wait_for_others_does_nothing(living: Project, other: Project) -> None:
    shutil.rmtree(other.dir)
    with locked(living.store / "locks" / "store", fcntl.LOCK_SH):
        said = living.graft("store", "gc", "--auto", *NOW)
    assert (said.stdout, said.stderr) == ("", "")
    assert slots(living) == {"a", "b", "c"}
    living.graft("store", "gc", "--auto", *NOW)
    assert slots(living) == {"a", "b"}


def test_a_lock_that_is_held_stays(living: Project, other: Project) -> None:
    shutil.rmtree(other.dir)
    (lock,) = (
        path
        for path in living.store.glob("locks/project-*")
        if path.name == f"project-{record(other).name}"
    )
    with locked(lock, fcntl.LOCK_EX):
        collect(living, *NOW)
        assert lock.exists()
    collect(living, *NOW)
    assert not lock.exists()


def test_a_journal_goes_with_its_project_alone(living: Project, other: Project) -> None:
    journal = living.store / "journals" / f"{record(other).name}.json"
    journal.write_text("{}")
    aside = living.machine.root / "aside"
    other.dir.rename(aside)
    other.dir.write_text("in the way")
    collect(living, *NOW)
    assert journal.exists()
    other.dir.unlink()
    collect(living, *NOW)
    assert not journal.exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--older-than", "soon"), "a time like 7d"),
        (("--max-size", "5 parsecs"), "a size like 5GB"),
    ],
)
def test_amounts_that_are_none_are_refused(
    project: Project, flags: tuple[str, str], says: str
) -> None:
    said = project.graft("store", "gc", *flags, check=False)
    assert said.code == 2
    assert says in said.stderr


# Behind an install's back


def gone(project: Project, name: str) -> bool:
    """Whether a package's slot goes within some seconds, which it does on its own."""
    for _ in range(200):
        if name not in slots(project):
            return True
        time.sleep(0.05)
    return False


def test_an_install_that_changed_something_collects_once_a_day(
    living: Project, other: Project, registry: LocalRegistry
) -> None:
    registry.publish("d@1.0.0")
    shutil.rmtree(other.dir)
    collect(living)
    a_week_passes(living)
    yesterday = time.time() - 86_500
    os.utime(living.store / "collected", (yesterday, yesterday))
    living.graft("install")
    assert (living.store / "collected").stat().st_mtime < yesterday + 1
    living.machine.npmrc.write_text(f"{living.machine.npmrc.read_text()}auto-gc=false\n")
    living.graft("add", "d")
    assert (living.store / "collected").stat().st_mtime < yesterday + 1
    text = living.machine.npmrc.read_text()
    living.machine.npmrc.write_text(text.replace("auto-gc=false\n", ""))
    said = living.graft("remove", "d")
    assert "collect" not in said.stderr
    assert gone(living, "c")
    assert slots(living) >= {"a", "b"}
    assert (living.store / "collected").stat().st_mtime > yesterday + 1


def test_a_new_store_is_not_collected_for_a_day(living: Project) -> None:
    """Whatever is in it is not a day old."""
    assert (living.store / "collected").read_bytes() == b""
    assert living.graft("store", "status", "--json").json["collected"] is None


# What is said of it


def test_the_status_of_a_store(living: Project, other: Project) -> None:
    said = living.graft("store", "status", "--json").json
    assert (said["objects"]["entries"], said["slots"]["entries"]) == (3, 3)
    assert said["graphs"]["entries"] == 2
    assert said["collected"] is None
    assert (
        said["saved"] == said["copies"] - sum(said[kind]["bytes"] for kind in ("objects", "slots"))
        or said["saved"] == 0
    )
    paths = {project["path"]: project for project in said["projects"]}
    assert paths[str(living.dir)]["state"] == "here"
    assert paths[str(living.dir)]["packages"] == 2
    assert (
        paths[str(living.dir)]["lock"]
        == hashlib.sha256(living.path("graft-lock.json").read_bytes()).hexdigest()
    )
    shutil.rmtree(other.dir)
    collect(living)
    said = living.graft("store", "status", "--json").json
    assert said["garbage"]["now"]["entries"] == 0
    assert said["garbage"]["later"]["bytes"] > 0
    assert said["collected"] > 0
    text = living.graft("store", "status").stdout
    assert re.search(rf"gone .* {other.dir}", text)


def test_sharing_saves_what_copies_would_take(living: Project, registry: LocalRegistry) -> None:
    registry.publish("big@1.0.0", files={"big.bin": os.urandom(1_000_000)})
    for name in ("one", "two", "three"):
        living.sibling(name, dependencies={"big": "1"}).graft("install")
    saved = living.graft("store", "status", "--json").json["saved"]
    assert 1_900_000 < saved < 2_200_000


@pytest.mark.parametrize("key", ["b", "b@1.0.0", "slot", "key", "object", "integrity"])
def test_why_something_is_in_the_store(living: Project, other: Project, key: str) -> None:
    slot = next(living.store.glob("slots/b@*"))
    integrity = json.loads((slot / "slot.json").read_bytes())["integrity"]
    digest = base64.b64decode(integrity.partition("-")[2]).hex()
    keys = {
        "slot": slot.name,
        "key": slot.name.rpartition("-")[2][:12],
        "object": f"sha512-{digest[:20]}",
        "integrity": integrity,
    }
    (answer,) = living.graft("store", "why", "--json", keys.get(key, key)).json
    chains = {need["project"]: need["chain"] for need in answer["needs"]}
    assert [path[:8] for path in chains[str(living.dir)]][:2] == ["slots/a@", "slots/b@"]
    assert [path[:8] for path in chains[str(other.dir)]][:2] == ["slots/c@", "slots/b@"]
    assert (answer["since"], answer["goes"]) == (None, None)
    text = living.graft("store", "why", keys.get(key, key)).stdout
    assert f"{living.dir} needs it: a@1.0.0 > b@1.0.0" in text


def test_why_names_the_path_of_dependencies(living: Project, registry: LocalRegistry) -> None:
    """And not the graph, which names all of its slots."""
    registry.publish("d@1.0.0", dependencies={"a": "1"})
    deep = living.sibling("deep", dependencies={"d": "1"})
    deep.graft("install")
    text = living.graft("store", "why", "b").stdout
    assert f"{deep.dir} needs it: d@1.0.0 > a@1.0.0 > b@1.0.0" in text


def test_why_something_is_still_in_the_store(living: Project, other: Project) -> None:
    shutil.rmtree(other.dir)
    collect(living)
    (answer,) = living.graft("store", "why", "--json", "c").json
    assert answer["needs"] == []
    assert answer["goes"] - answer["since"] == 7 * 86_400
    assert "nobody has needed it since" in living.graft("store", "why", "c").stdout
    failed = living.graft("store", "why", "nothing", check=False)
    assert failed.code == 38


def test_a_lease_is_named_by_why(living: Project, registry: LocalRegistry) -> None:
    graph = record(living).read_text().splitlines()[-1].partition("\t")[2]
    registry.publish("a@2.0.0")
    living.graft("add", "a@2")
    lease = living.store / "leases" / graph
    lease.touch()
    with locked(lease, fcntl.LOCK_SH):
        (answer,) = living.graft("store", "why", "--json", "b").json
    assert answer["needs"][0]["lease"] == graph


def test_a_slot_that_comes_between_two_looks_keeps_its_object(
    living: Project, other: Project
) -> None:
    """A graph may name slots that are not there yet, as when an install was interrupted."""
    shutil.rmtree(other.dir)
    (slot,) = living.store.glob("slots/a@*")
    aside = living.machine.root / "aside"
    slot.chmod(0o755)
    slot.rename(aside)
    with (living.store / "locks" / "store").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        collecting = living.spawn("store", "gc", *NOW)
        assert collecting.stderr is not None
        assert "waiting for" in collecting.stderr.readline()
        aside.rename(slot)
    assert collecting.wait(timeout=20) == 0
    assert slots(living) == {"a", "b"} and objects(living) == 2
    assert living.node(RUNS) == "1.0.0"
