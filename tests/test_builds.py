"""Scripts of packages: which run, when, on what, and what comes of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from graft.scripts.phases import Phase, install_phases, prepare_phases, scripts_digest
from harness.project import Project
from harness.registry import LocalRegistry

# What differs with each run: the same text in two projects is the same run.
ONCE = "node -e \"fs.writeFileSync('once', String(process.hrtime.bigint()))\""


def approve(project: Project, *packages: str, **more: Any) -> Any:
    return project.graft("approve-builds", *packages, **more)


def twin(project: Project, name: str) -> Project:
    """Another project that asks for the same and approves the same."""
    fields = project.json("package.json")
    return project.sibling(name, **{key: fields[key] for key in ("dependencies", "graft")})


def codes(report: dict[str, Any]) -> list[str]:
    return [note["code"] for note in report["notes"] if note["code"] != "build-unconfined"]


@pytest.fixture
def scripted(registry: LocalRegistry) -> LocalRegistry:
    registry.publish("scripted@1.0.0", scripts={"postinstall": ONCE})
    return registry


# Which


def test_phases_are_npms() -> None:
    scripts = {
        "prepare": "no",
        "postinstall": "c",
        "preinstall": "a",
        "install": "b",
        "test": "no",
    }
    assert [phase.line for phase in install_phases({"scripts": scripts}, ())] == ["a", "b", "c"]
    gyp = Phase("install", "node-gyp rebuild")
    assert install_phases({}, {"binding.gyp"}) == (gyp,)
    after = {"scripts": {"postinstall": "x"}}
    assert install_phases(after, {"binding.gyp"}) == (gyp, Phase("postinstall", "x"))
    for own in ({"install": "x"}, {"preinstall": "x"}):
        assert gyp not in install_phases({"scripts": own}, {"binding.gyp"})
    assert install_phases({"gypfile": False}, {"binding.gyp"}) == ()
    assert install_phases({}, {"src/binding.gyp"}) == ()
    for odd in ({"scripts": "x"}, {"scripts": {"install": 1}}, {"scripts": {"install": " "}}):
        assert install_phases(odd, ()) == ()
    assert [phase.event for phase in prepare_phases({"scripts": scripts})] == ["prepare"]


def test_the_digest_of_scripts_tells_them_apart() -> None:
    lists = [
        [],
        [("install", "a")],
        [("preinstall", "a")],
        [("install", "a"), ("postinstall", "b")],
        [("install", "b"), ("postinstall", "a")],
        [("install", "a\x1epostinstall\0b")],
    ]
    digests = [scripts_digest(Phase(*pair) for pair in pairs) for pairs in lists]
    assert len(set(digests)) >= len(lists) - 1  # the last holds a NUL, and never runs
    assert scripts_digest(Phase(*pair) for pair in lists[3]) == digests[3]


def test_nothing_runs_unasked_and_one_note_says_so(
    project: Project, scripted: LocalRegistry
) -> None:
    scripted.publish("also@1.0.0", scripts={"install": "touch ran"})
    scripted.publish("prepared@1.0.0", scripts={"prepare": "touch ran", "test": "exit 1"})
    project.manifest(dependencies={"scripted": "1", "also": "1", "prepared": "1"})
    result = project.graft("install")
    assert result.stderr.count("builds-ignored") == 1
    assert "also@1.0.0, scripted@1.0.0" in result.stderr
    assert "graft approve-builds" in result.stderr
    assert not list(project.store.glob("**/ran")) + list(project.store.glob("**/once"))
    # Also where links are all that is made, and where another project made the slots.
    other = project.sibling("other", dependencies={"scripted": "1", "also": "1", "prepared": "1"})
    other.write("graft-lock.json", project.read("graft-lock.json"))
    assert "also@1.0.0, scripted@1.0.0" in other.graft("install").stderr
    assert project.graft("install", "--force", "--json").json["ignoredBuilds"] == [
        "also@1.0.0",
        "scripted@1.0.0",
    ]


def test_without_scripts_there_is_no_note(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", scripts={"test": "x"})
    project.manifest(dependencies={"a": "1"})
    assert codes(project.graft("install", "--json").json) == []


@pytest.mark.usefixtures("scripted")
def test_an_approved_build_runs_and_stays(project: Project) -> None:
    project.manifest(dependencies={"scripted": "1"})
    project.graft("install")
    report = approve(project, "scripted", "--json").json
    assert report["built"] == ["scripted@1.0.0"] and codes(report) == []
    once = project.read("node_modules/scripted/once")
    for arguments in ((), ("--force",), ("--frozen-lockfile",)):
        assert project.graft("install", *arguments, "--json").json["built"] == []
        assert project.read("node_modules/scripted/once") == once
    # The launcher would not see that node is another one.
    assert not project.exists("node_modules/.graft/stamp")


@pytest.mark.usefixtures("scripted")
def test_hazard_24_a_second_project_gets_the_artefacts(project: Project) -> None:
    """What says that a package is built lies beside what was built, never anywhere else."""
    project.manifest(dependencies={"scripted": "1"})
    project.graft("install")
    approve(project, "scripted")
    once = project.read("node_modules/scripted/once")
    other = twin(project, "other")
    assert other.graft("install", "--json").json["built"] == []
    assert other.read("node_modules/scripted/once") == once
    # And again, after its node_modules was removed; and a project that approves nothing has none.
    other.remove("node_modules")
    other.graft("install")
    assert other.read("node_modules/scripted/once") == once
    third = project.sibling("third", dependencies={"scripted": "1"})
    third.graft("install")
    assert not third.exists("node_modules/scripted/once")


def test_hazard_33_scripts_run_in_no_shared_slot(project: Project, scripted: LocalRegistry) -> None:
    scripted.publish("user@1.0.0", dependencies={"scripted": "1"}, scripts={"install": "touch ran"})
    wanted = {"user": "1"}
    other = project.sibling("other", dependencies=wanted)
    other.graft("install")
    shared = {path.name for path in project.store.glob("slots/*")}
    project.manifest(dependencies=wanted)
    project.graft("install")
    approve(project, "scripted", "user")
    assert project.exists("node_modules/user/ran")
    again = {path.name for path in project.store.glob("slots/*")}
    assert len(again - shared) == 2
    assert not list(project.store.glob("objects/**/ran"))
    for name in shared:
        assert not list((project.store / "slots" / name).rglob("ran"))
    assert not other.exists("node_modules/user/ran")


def test_what_lies_below_is_built_first(project: Project, registry: LocalRegistry) -> None:
    read = "cat ../{0}/order 2>/dev/null > order; echo {1} >> order"
    registry.publish("low@1.0.0", scripts={"postinstall": "echo low > order"})
    registry.publish("plain@1.0.0", dependencies={"low": "1"})
    registry.publish(
        "mid@1.0.0",
        dependencies={"low": "1"},
        scripts={"preinstall": read.format("low", "mid"), "postinstall": "echo post >> order"},
    )
    # Through a package that has no scripts.
    registry.publish(
        "top@1.0.0",
        dependencies={"mid": "1", "plain": "1"},
        scripts={
            "install": "node -e \"require('fs').readFileSync("
            "require('fs').realpathSync('../plain') + '/../low/order')\" && "
            + read.format("mid", "top")
        },
    )
    project.manifest(dependencies={"top": "1"})
    project.graft("install")
    approve(project, "--all")
    assert project.read("node_modules/top/order").split() == ["low", "mid", "post", "top"]


def test_packages_that_need_each_other_are_built(project: Project, registry: LocalRegistry) -> None:
    for name, other in (("egg", "hen"), ("hen", "egg")):
        registry.publish(
            f"{name}@1.0.0", dependencies={other: "1"}, scripts={"install": f"echo {name} > made"}
        )
    project.manifest(dependencies={"egg": "1", "hen": "1"})
    project.graft("install")
    assert approve(project, "--all", "--json").json["built"] == ["egg@1.0.0", "hen@1.0.0"]
    assert project.read("node_modules/egg/made") + project.read("node_modules/hen/made") == (
        "egg\nhen\n"
    )


def test_hazard_5_bins_of_its_own_dependencies_are_on_the_path(
    project: Project, registry: LocalRegistry
) -> None:
    """As in packages that call ``husky``, ``node-gyp-build`` or ``prebuild-install``."""
    registry.publish("sibling@1.0.0", bin={"sibling": "cli.js"})
    registry.publish(
        "husky-like@1.0.0",
        dependencies={"sibling": "1"},
        bin={"own": "own.js"},
        scripts={"postinstall": "sibling here > said && own there >> said"},
    )
    registry.publish("parent@1.0.0", dependencies={"husky-like": "1"})
    project.manifest(dependencies={"parent": "1"})
    project.graft("install")
    approve(project, "husky-like")
    said = project.path("node_modules/parent").resolve().parent / "husky-like/said"
    assert said.read_text() == "sibling@1.0.0 here\nhusky-like@1.0.0 there\n"


def test_the_environment_is_npms(project: Project, registry: LocalRegistry) -> None:
    registry.publish(
        "env@1.2.3",
        scripts={"install": "env > env.txt", "postinstall": "env > post.txt; pwd > pwd.txt"},
        extra={"config": {"port": 8080}},
    )
    project.manifest(dependencies={"env": "1"})
    project.graft("install")
    approve(project, "env")

    def variables(file: str) -> dict[str, str]:
        lines = project.read(f"node_modules/env/{file}").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    found, post = variables("env.txt"), variables("post.txt")
    assert found["npm_lifecycle_event"] == "install"
    assert found["npm_lifecycle_script"] == "env > env.txt"
    assert post["npm_lifecycle_event"] == "postinstall"
    assert found["npm_package_name"] == "env" and found["npm_package_version"] == "1.2.3"
    assert found["npm_package_config_port"] == "8080"
    assert found["INIT_CWD"] == str(project.dir)
    assert found["npm_command"] == "install"
    assert found["npm_config_user_agent"].startswith("graft/")
    assert os.path.basename(found["NODE"]) == "node"
    assert project.read("node_modules/env/pwd.txt").strip().endswith("/node_modules/env")
    # Each build has a home and a temporary folder of its own, which are gone.
    for name in ("HOME", "TMPDIR"):
        assert found[name].startswith(str(project.store)) and not os.path.exists(found[name])
    assert len({file["HOME"] for file in (found, post)}) == 1


def test_an_addon_is_built_by_the_node_gyp_that_npm_ships(
    project: Project, registry: LocalRegistry
) -> None:
    node = shutil.which("node")
    headers = Path(node).resolve().parent.parent / "include/node/node_api.h" if node else None
    if not (headers and headers.exists() and shutil.which("g++") and shutil.which("npm")):
        pytest.skip("needs node with its headers, npm, make and a compiler")
    source = """
        #include <node_api.h>
        NAPI_MODULE_INIT() {
          napi_value value;
          napi_create_int32(env, 42, &value);
          return value;
        }
    """
    target = {"target_name": "answer", "sources": ["answer.c"]}
    registry.publish(
        "addon@1.0.0",
        files={
            "binding.gyp": str({"targets": [target]}),
            "answer.c": source,
            "index.js": "module.exports = require('./build/Release/answer.node')",
        },
        extra={"gypfile": True},
        scripts={"install": "node-gyp rebuild"},
    )
    registry.publish("addon-implicit@1.0.0", files={"binding.gyp": "{}"})
    project.manifest(dependencies={"addon": "1", "addon-implicit": "1"})
    project.graft("install")
    listed = approve(project, "--json").json["packages"]
    assert {each["id"]: each["scripts"] for each in listed} == {
        "addon@1.0.0": {"install": "node-gyp rebuild"},
        "addon-implicit@1.0.0": {"install": "node-gyp rebuild"},
    }
    approve(project, "addon", timeout=300)
    assert project.node("console.log(require('addon'))") == "42"


@pytest.mark.parametrize("layout", ["virtual", "isolated", "hoisted"])
def test_each_layout_has_what_was_built(
    project: Project, registry: LocalRegistry, layout: str
) -> None:
    registry.publish("low@1.0.0", scripts={"install": "echo low > made; ln -s made link"})
    registry.publish(
        "top@1.0.0", dependencies={"low": "1"}, scripts={"install": "cat ../low/made > made"}
    )
    project.manifest(dependencies={"top": "1"}, graft={"layout": layout})
    project.graft("install")
    approve(project, "--all")
    assert project.read("node_modules/top/made") == "low\n"
    below = project.path("node_modules/top").resolve().parent / "low"
    assert (below / "link").read_text() == "low\n"


# Failures


def test_a_build_that_fails_changes_nothing_and_shows_its_output(
    project: Project, registry: LocalRegistry
) -> None:
    script = "for i in $(seq 50); do echo line $i; done; echo broken >&2; exit 3"
    registry.publish("broken@1.0.0", scripts={"install": script})
    registry.publish("above@1.0.0", dependencies={"broken": "1"}, scripts={"install": "touch ran"})
    project.manifest(dependencies={"above": "1"})
    project.graft("install")
    before = project.read("package.json"), project.links()
    slots = {path.name for path in project.store.glob("slots/*")}
    result = approve(project, "--all", "--json", check=False)
    assert result.code == 54
    error = result.json["error"]
    assert error["code"] == "build-failed" and error["where"] == "broken@1.0.0"
    assert "exit code 3" in error["message"]
    assert error["why"][0] == f"install is: {script}"
    assert error["why"][-2:] == ["line 50", "broken"] and "line 10" not in error["why"]
    assert (project.read("package.json"), project.links()) == before
    assert {path.name for path in project.store.glob("slots/*")} == slots


def test_a_build_that_takes_too_long_is_ended_with_all_that_it_started(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("slow@1.0.0", scripts={"install": "sleep 3600 & echo $! ; sleep 3600"})
    project.manifest(dependencies={"slow": "1"})
    project.graft("install")
    project.machine.npmrc.write_text(project.machine.npmrc.read_text() + "build-timeout=1\n")
    result = approve(project, "slow", "--json", check=False)
    assert result.code == 54
    error = result.json["error"]
    assert "longer than 1 seconds" in error["message"] and "build-timeout" in error["fix"]


def test_an_optional_package_that_cannot_be_built_is_left_out(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("broken@1.0.0", scripts={"install": "exit 1"})
    registry.publish("needs@1.0.0", dependencies={"broken": "1"})
    registry.publish("fine@1.0.0", optional={"needs": "1"}, scripts={"install": "touch ran"})
    project.manifest(dependencies={"fine": "1"}, optionalDependencies={"broken": "1"})
    project.graft("install")
    report = approve(project, "--all", "--json").json
    assert codes(report) == ["build-left-out"]
    assert report["built"] == ["fine@1.0.0"]
    assert sorted(project.links()) == ["app", "fine"]
    assert project.exists("node_modules/fine/ran")
    beside = project.path("node_modules/fine").resolve().parent
    assert sorted(path.name for path in beside.iterdir()) == ["fine"]
    # The lock has it still: another machine may be able to.
    assert '"broken@1.0.0"' in project.read("graft-lock.json")
    assert project.graft("install").stderr.startswith("up to date")


def test_scripts_cannot_wait_for_somebody(project: Project, registry: LocalRegistry) -> None:
    registry.publish("asks@1.0.0", scripts={"install": 'read answer; test -z "$answer"'})
    project.manifest(dependencies={"asks": "1"})
    project.graft("install")
    approve(project, "asks", stdin="yes\n")


# Settings and flags


@pytest.mark.usefixtures("scripted")
def test_ignore_scripts_runs_none(project: Project) -> None:
    project.manifest(dependencies={"scripted": "1"})
    project.graft("install")
    approve(project, "scripted")
    other = twin(project, "other")
    quiet = other.graft("install", "--ignore-scripts", "--json").json
    assert quiet["built"] == [] and codes(quiet) == []
    assert not other.exists("node_modules/scripted/once")
    other.graft("install")
    assert other.exists("node_modules/scripted/once")
    other.write(".npmrc", "ignore-scripts=true\n")
    other.graft("install")
    assert not other.exists("node_modules/scripted/once")
    # What the store remembers of that is for nobody else.
    third = project.machine.root / "projects" / "third"
    shutil.copytree(other.dir, third, ignore=lambda *_: ["node_modules", ".npmrc"])
    project.machine.run([sys.executable, "-P", "-m", "graft", "install"], cwd=third)
    assert (third / "node_modules/scripted/once").exists()


@pytest.mark.usefixtures("scripted")
def test_strict_dep_builds_wants_every_script_decided(project: Project) -> None:
    project.manifest(dependencies={"scripted": "1"})
    result = project.graft("install", "--strict-dep-builds", "--json", check=False)
    assert result.code == 53 and result.json["error"]["code"] == "build-unapproved"
    assert not project.exists("node_modules") and not project.exists("graft-lock.json")
    project.graft("install")
    for where in (project.machine.npmrc, project.path(".npmrc")):
        before = where.read_text() if where.exists() else ""
        where.write_text(before + "strict-dep-builds=true\n")
        assert project.graft("install", check=False).code == 53
        where.write_text(before)
    # Both answers will do, and a project may not be laxer than its user.
    project.write(".npmrc", "strict-dep-builds=false\n")
    project.machine.npmrc.write_text(project.machine.npmrc.read_text() + "strict-dep-builds=true\n")
    assert project.graft("install", check=False).code == 53
    approve(project, "--deny", "scripted")
    project.graft("install")
    approve(project, "scripted")
    assert project.exists("node_modules/scripted/once")


def test_foreground_scripts_shows_what_they_print(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("loud@1.0.0", scripts={"install": "echo hello from the build"})
    project.manifest(dependencies={"loud": "1"})
    project.graft("install")
    assert "\n  hello from" in approve(project, "loud", "--foreground-scripts").stderr
    assert "\n  hello from" not in project.graft("rebuild").stderr


@pytest.mark.usefixtures("scripted")
def test_another_node_builds_again(project: Project) -> None:
    """What was compiled for one ABI does not load in another."""
    project.manifest(dependencies={"scripted": "1"})
    project.graft("install")
    approve(project, "scripted")
    once = project.read("node_modules/scripted/once")
    bin_folder = project.machine.root / "other-node"
    bin_folder.mkdir()
    real = shutil.which("node")
    fake = bin_folder / "node"
    fake.write_text(
        f'#!/bin/sh\nif [ "$1" = -p ]; then printf "{real}\\n99.0.0\\n999\\n"; '
        f'else exec {real} "$@"; fi\n'
    )
    fake.chmod(0o755)
    env = {"PATH": f"{bin_folder}:{os.environ['PATH']}"}
    assert project.graft("install", "--json", env=env).json["built"] == ["scripted@1.0.0"]
    assert project.read("node_modules/scripted/once") != once
    assert project.graft("install", "--json").json["built"] == []
    assert project.read("node_modules/scripted/once") == once


# Again


def test_rebuild_replaces_what_all_projects_have(project: Project, scripted: LocalRegistry) -> None:
    scripted.publish("idle@1.0.0", scripts={"install": "touch ran"})
    project.manifest(dependencies={"scripted": "1", "idle": "1"})
    project.graft("install")
    approve(project, "scripted")
    other = twin(project, "other")
    other.graft("install")
    once = project.read("node_modules/scripted/once")
    assert project.graft("rebuild", "--json").json["built"] == ["scripted@1.0.0"]
    again = project.read("node_modules/scripted/once")
    assert again != once and other.read("node_modules/scripted/once") == again
    assert project.graft("rebuild", "scripted", "--json").json["built"] == ["scripted@1.0.0"]
    refused = project.graft("rebuild", "idle", "--json", check=False)
    assert (refused.code, refused.json["error"]["code"]) == (53, "build-unapproved")
    missing = project.graft("rebuild", "scriptde", check=False)
    assert missing.code == 25 and "did you mean 'scripted'?" in missing.stderr


def test_a_rebuild_that_fails_keeps_what_there_is(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("moody@1.0.0", scripts={"install": f'test "$TZ" != bad && {ONCE}'})
    project.manifest(dependencies={"moody": "1"})
    project.graft("install")
    approve(project, "moody")
    once = project.read("node_modules/moody/once")
    assert project.graft("rebuild", env={"TZ": "bad"}, check=False).code == 54
    assert project.read("node_modules/moody/once") == once
    project.graft("rebuild")
    assert project.read("node_modules/moody/once") != once


def test_two_commands_at_once_build_once(project: Project, registry: LocalRegistry) -> None:
    registry.publish("slow@1.0.0", scripts={"install": f"sleep 1; {ONCE}"})
    project.manifest(dependencies={"slow": "1"})
    project.graft("install")
    approve(project, "slow")
    projects = [twin(project, f"p{n}") for n in range(2)]
    shutil.rmtree(project.machine.graft_home / "cache", ignore_errors=True)
    built = project.path("node_modules/slow").resolve().parent.parent
    for path in (built, *built.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(built)
    running = [each.spawn("install", "--json") for each in projects]
    reports = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    assert sorted(report["built"] for report in reports) == [[], ["slow@1.0.0"]]
    assert len({each.read("node_modules/slow/once") for each in projects}) == 1


def test_interrupting_ends_what_runs(project: Project, registry: LocalRegistry) -> None:
    duration = f"3600.{uuid.uuid4().int}"
    registry.publish("slow@1.0.0", scripts={"install": f"sleep {duration}"})
    project.manifest(dependencies={"slow": "1"})
    project.graft("install")
    process = project.spawn("approve-builds", "slow")
    assert process.stderr and process.stdout
    while not runs(duration):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.stderr.close()
    process.stdout.close()
    assert not runs(duration)
    assert not list(project.store.glob("slots/.tmp-*"))


def runs(argument: str) -> bool:
    """Whether some process has that among its arguments, as the first of two."""
    done = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return f"sleep {argument}" in done.stdout.splitlines()
