"""graft is killed; the project and the store lose nothing, and the next command mends the rest.

This is a sample, a larger one in ``make test-deep``: ``make crashes`` kills before every effect.
"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import settings

from harness.crash import Lab, Scenario, crash, sample, workplace
from harness.crash_scenarios import FOREIGN, SCENARIOS, installed, locked
from harness.crash_store import SCENARIOS as OF_STORE
from harness.project import Project
from harness.registry import LocalRegistry

# Those where folders are made file by file, as where nothing could compile the native part.
FILE_BY_FILE = {"first install, lock", "isolated to hoisted"}
IS_DEEP = settings.get_current_profile_name() == "deep"
ALL_KINDS = 99
# How many kills are tried of each; the usual is few, as much is alike.
USUAL = 2
MOST = {
    "first install, no lock": 8,
    "build": 4,
    "damaged store": 4,
    "workspace, graph known": 6,
    "update, hoisted": 6,
    "collection": 8,
    "repair": 8,
    "index": 9,
}


def named(name: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.name == name)


@pytest.mark.parametrize("scenario", (*SCENARIOS, *OF_STORE), ids=lambda scenario: scenario.name)
def test_killed_before_an_effect(scenario: Scenario) -> None:
    native = scenario.name not in FILE_BY_FILE
    with workplace() as place, Lab(scenario, place, native=native) as lab:
        most = ALL_KINDS if IS_DEEP else MOST.get(scenario.name, USUAL)
        for number in sample(lab.effects, lab.project.dir, most=most):
            effects = lab.run(number)
            assert not lab.judge().faults, effects[-1]


@pytest.mark.parametrize("name", ["first install, no lock", "update, hoisted"])
def test_killed_amid_a_file(name: str) -> None:
    """What is written is half there, or there and empty; so are files of the cache."""
    with workplace() as place, Lab(named(name), place, native=True) as lab:
        tried = 0
        for number in sample(lab.effects, lab.project.dir, most=ALL_KINDS):
            if lab.effects[number - 1].writes:
                effects = lab.run(number + 1)
                tried += lab.tear(effects[-2], "half" if tried % 2 else "empty")
                assert not lab.judge().faults, effects[-2]
        assert tried > 1


@pytest.mark.parametrize("name", ["add, virtual", "update, hoisted", "workspace, a member less"])
def test_killed_again_while_the_first_is_mended(name: str) -> None:
    with workplace() as place, Lab(named(name), place, native=True) as lab:
        journals = f"{lab.project.store}/journals/"
        decided = 1 + [
            effect.event == "os.rename" and effect.path.startswith(journals)
            for effect in lab.effects
        ].index(True)
        for number in range(1, len(lab.effects) - decided, 1 if IS_DEEP else 11):
            lab.run(list(lab.effects[decided]))  # by its name: threads change the numbers
            effects = lab.run(number, ["install"], restore=False)
            verdict = lab.judge()
            assert not verdict.faults, effects[-1]
            assert verdict.outcome in ("new", "done")


def test_what_was_finished_is_said(project: Project, registry: LocalRegistry) -> None:
    installed(project, registry)
    crash(project, "os.rename", "app/package.json", "add", "@acme/more")
    assert "finished a change that had been interrupted" in project.graft("install").stderr
    assert "interrupted" not in project.graft("install").stderr


def test_half_of_a_folder_is_not_taken_for_somebody_else_s(
    project: Project, registry: LocalRegistry
) -> None:
    """Before anything was decided, all in the staging folder is graft's, whatever it looks like."""
    installed(project, registry)
    project.manifest(graft={"layout": "hoisted"})
    crash(project, "os.utime", "node_modules/a/package.json", "install")
    project.graft("install")
    assert not project.exists("node_modules/.ignored")
    assert {path: project.read(f"node_modules/{path}") for path in FOREIGN} == FOREIGN


def test_half_of_a_change_is_not_taken_for_all_of_it_in_a_project_that_was_moved(
    project: Project, registry: LocalRegistry
) -> None:
    """The journal is not found there; nothing but the record says what a folder was made from."""
    installed(project, registry, layout="hoisted")
    registry.publish("a@1.1.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    crash(project, "os.rename", "app/node_modules/.graft/state", "update", "a")
    for journal in project.store.glob("journals/*"):
        journal.unlink()
    project.graft("install")
    assert project.json("node_modules/a/package.json")["version"] == "1.1.0"


def test_the_launcher_says_nothing_of_a_project_that_was_about_to_change(
    project: Project, registry: LocalRegistry
) -> None:
    """The store's record names two graphs then, and only the next command settles that."""
    installed(project, registry)
    project.graft("install")
    stamp = project.path("node_modules/.graft/stamp")
    assert stamp.exists()
    crash(project, "os.mkdir", "app/.graft-staging", "remove", "a")
    assert not stamp.exists()


def test_what_the_store_knows_of_a_project_is_settled_by_the_next_command(
    project: Project, registry: LocalRegistry
) -> None:
    """Nothing of the project has to change for that."""
    locked(project, registry)
    crash(project, "os.rmdir", "app/.graft-staging", "install")
    (record,) = project.store.glob("projects/*")
    killed = record.read_text()
    assert "\nlock\t\n" in killed
    assert project.graft("install", "--dry-run", "--json").json["upToDate"]
    assert record.read_text() == killed
    assert project.graft("install", "--json").json["upToDate"]
    digest = hashlib.sha256(project.path("graft-lock.json").read_bytes()).hexdigest()
    assert record.read_text() == killed.replace("\nlock\t\n", f"\nlock\t{digest}\n")


def test_the_store_goes_on_to_know_one_graph_of_a_project_that_did_not_change(
    project: Project, registry: LocalRegistry
) -> None:
    installed(project, registry)
    (before,) = graphs(project)
    crash(project, "os.mkdir", "app/.graft-staging", "remove", "a")
    assert len(graphs(project)) == 2
    assert project.graft("install", "--json").json["upToDate"]
    assert graphs(project) == [before]


def graphs(project: Project) -> list[str]:
    """Those that the store's record of the project names."""
    (said,) = (
        text
        for path in project.store.glob("projects/*")
        if f"path\t{project.dir}\n" in (text := path.read_text())
    )
    return [line for line in said.splitlines() if line.startswith("graph\t")]


def test_who_waits_goes_on_when_who_was_at_work_is_killed(
    project: Project, registry: LocalRegistry
) -> None:
    locked(project, registry)
    registry.fault("/a/-/a-1.0.0.tgz", times=None, delay=30)
    first = project.spawn("install")
    registry.wait_for("/a/-/a-1.0.0.tgz")
    registry.clear_faults()
    second = project.spawn("install")
    assert second.stderr is not None
    while "waiting for" not in (said := second.stderr.readline()):
        assert said
    first.kill()
    first.communicate()
    second.communicate()
    assert second.returncode == 0
    assert project.graft("install", "--json").json["upToDate"]
