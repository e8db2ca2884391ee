"""``graft doctor`` about a project and its store: each finding's command really mends it."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.crash import crash
from harness.project import Project
from harness.registry import LocalRegistry

RUNS = "console.log(require('a').requires('b').version)"


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    return project


def doctor(project: Project) -> dict[str, dict[str, str]]:
    done = project.graft("doctor", "--json", check=False)
    return {check["name"]: check for check in done.json["checks"]}


def in_slot(project: Project, name: str, path: str) -> Path:
    (slot,) = project.store.glob(f"slots/{name}@*")
    found = slot / path
    found.parent.chmod(0o755)
    return found


def a_file_of_a_slot(project: Project) -> None:
    in_slot(project, "a", "node_modules/a/index.js").unlink()


def a_link_of_a_slot(project: Project) -> None:
    in_slot(project, "a", "node_modules/b").unlink()


def a_whole_slot(project: Project) -> None:
    (slot,) = project.store.glob("slots/b@*")
    slot.rename(project.machine.root / "gone")


def a_file_of_an_object(project: Project) -> None:
    (file,) = project.store.glob("objects/*/node_modules/b/index.js")
    file.parent.chmod(0o755)
    file.unlink()


def its_record(project: Project) -> None:
    for path in project.store.glob("projects/*"):
        path.unlink()


def its_graph(project: Project) -> None:
    for path in project.store.glob("graphs/*"):
        path.unlink()


def the_store(project: Project) -> None:
    shutil.rmtree(project.machine.graft_home)


def a_link(project: Project) -> None:
    project.remove("node_modules/a")


def the_lock(project: Project) -> None:
    project.manifest(dependencies={"a": "1.0"})


def half_a_change(project: Project) -> None:
    project.manifest(description="changed", devDependencies={"b": "1"})
    crash(project, "exchange", "/node_modules", "install")


def a_staging_folder(project: Project) -> None:
    project.path(".graft-staging").mkdir()


def another_store(project: Project) -> None:
    project.machine.env["GRAFT_HOME"] = str(project.machine.root / "another")


WRONG: dict[str, tuple[Callable[[Project], None], str]] = {
    "a file of a slot": (a_file_of_a_slot, "slots"),
    "a link of a slot": (a_link_of_a_slot, "slots"),
    "a whole slot": (a_whole_slot, "slots"),
    "a file of an object": (a_file_of_an_object, "slots"),
    "its record": (its_record, "register"),
    "its graph": (its_graph, "slots"),
    "the store": (the_store, "links"),
    "a link": (a_link, "links"),
    "the lock": (the_lock, "lock"),
    "half a change": (half_a_change, "change"),
    "a staging folder": (a_staging_folder, "change"),
    "another store": (another_store, "slots"),
}


@pytest.mark.parametrize("what", WRONG)
def test_the_command_that_is_named_mends_it(installed: Project, what: str) -> None:
    spoil, name = WRONG[what]
    spoil(installed)
    found = doctor(installed)
    assert found[name]["state"] == "fail", found
    _, command, _ = found[name]["fix"].split("'")
    program, *arguments = shlex.split(command)
    assert program == "graft"
    installed.graft(*arguments)
    wrong = {name: check for name, check in doctor(installed).items() if check["state"] == "fail"}
    assert wrong == {}
    assert installed.node(RUNS) == "1.0.0"


def test_a_sound_project_and_its_store(installed: Project) -> None:
    found = doctor(installed)
    wanted = ("change", "register", "slots", "links", "store")
    assert {name: found[name]["state"] for name in wanted} == dict.fromkeys(wanted, "ok")
    assert "leftovers" not in found and not list(installed.store.glob("*/.tmp-*"))


def test_leftovers_are_named(installed: Project) -> None:
    (installed.store / "slots/.tmp-1-x").mkdir()
    assert doctor(installed)["leftovers"]["message"].startswith("1 in the store")


def test_a_store_of_another_user_is_named(installed: Project) -> None:
    if os.geteuid() != 0:
        pytest.skip("only the superuser can give a store away")
    from graft.store.paths import Store
    from graft.workflows.store_checkup import store_checks

    os.chown(installed.store, 4711, -1)
    os.seteuid(65534)
    try:
        names = [check.name for check in store_checks(Store(str(installed.store)))]
    except PermissionError:
        pytest.skip("the temporary folder is closed to others")
    finally:
        os.seteuid(0)
    assert names == ["owner"]
