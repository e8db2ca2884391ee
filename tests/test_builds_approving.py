"""``graft approve-builds``: what there is to decide, what is written down, and what it does."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry

SCRIPT = "touch ran"


@pytest.fixture
def wanting(project: Project, registry: LocalRegistry) -> Project:
    """A project with ``one`` and ``two``, which have scripts, installed."""
    for name in ("one", "two"):
        registry.publish(f"{name}@1.0.0", scripts={"postinstall": SCRIPT})
    project.manifest(dependencies={"one": "^1", "two": "^1"})
    project.graft("install")
    return project


def approvals(project: Project) -> dict[str, Any]:
    return dict(project.json("package.json").get("graft", {}).get("approvedBuilds", {}))


def states(project: Project) -> dict[str, str]:
    packages = project.graft("approve-builds", "--json").json["packages"]
    return {each["id"]: each["state"] for each in packages}


def ran(project: Project, name: str) -> bool:
    return project.exists(f"node_modules/{name}/ran")


def test_it_lists_what_there_is_to_decide(wanting: Project) -> None:
    result = wanting.graft("approve-builds")
    assert result.stdout == (
        "one@1.0.0 (undecided)\n  postinstall: touch ran\n"
        "two@1.0.0 (undecided)\n  postinstall: touch ran\n"
    )
    wanting.graft("approve-builds", "one")
    wanting.graft("approve-builds", "--deny", "two")
    assert states(wanting) == {"one@1.0.0": "approved", "two@1.0.0": "denied"}
    assert (ran(wanting, "one"), ran(wanting, "two")) == (True, False)
    empty = wanting.sibling("empty")
    empty.graft("install")
    assert "no package here has scripts" in empty.graft("approve-builds").stderr


def test_an_approval_names_version_bytes_and_scripts(wanting: Project) -> None:
    wanting.graft("approve-builds", "one@1.0.0")
    (id, said), *rest = approvals(wanting).items()
    assert (id, rest) == ("one@1.0.0", [])
    assert said.keys() == {"integrity", "scripts"}
    assert said["integrity"] in wanting.read("graft-lock.json")
    assert len(said["scripts"]) == 64


def test_another_version_is_another_decision(wanting: Project, registry: LocalRegistry) -> None:
    wanting.graft("approve-builds", "--all")
    registry.publish("one@1.1.0", scripts={"postinstall": SCRIPT})
    report = wanting.graft("update", "one", "--json").json
    assert (report["built"], report["ignoredBuilds"]) == ([], ["one@1.1.0"])
    assert not ran(wanting, "one")
    wanting.graft("approve-builds", "one")
    assert ran(wanting, "one")
    # What was said of the version that is gone goes with it.
    assert approvals(wanting).keys() == {"one@1.1.0", "two@1.0.0"}


def test_other_bytes_of_the_same_version_are_not_approved(
    wanting: Project, registry: LocalRegistry
) -> None:
    wanting.graft("approve-builds", "--all")
    registry.publish("one@1.0.0", scripts={"postinstall": SCRIPT}, files={"evil.js": "x"})
    wanting.remove("graft-lock.json")
    wanting.remove("node_modules")
    for kind in ("packuments", "resolutions"):
        if (wanting.machine.cache / kind).exists():
            wanting.machine.run(["rm", "-r", str(wanting.machine.cache / kind)])
    report = wanting.graft("install", "--json").json
    assert report["ignoredBuilds"] == ["one@1.0.0"]
    assert not ran(wanting, "one") and ran(wanting, "two")


def test_other_scripts_than_the_approved_ones_do_not_run(wanting: Project) -> None:
    wanting.graft("approve-builds", "one")
    manifest = wanting.json("package.json")
    manifest["graft"]["approvedBuilds"]["one@1.0.0"]["scripts"] = "0" * 64
    wanting.write("package.json", manifest)
    result = wanting.graft("install", "--json", check=False)
    assert (result.code, result.json["error"]["code"]) == (53, "build-unapproved")
    assert "touch ran" in result.json["error"]["why"][0]
    assert states(wanting)["one@1.0.0"] == "undecided"
    wanting.graft("approve-builds", "one")
    assert ran(wanting, "one")


@pytest.mark.parametrize(
    ("id", "value"),
    [
        ("one@1.0.0", True),
        ("one@1.0.0", None),
        ("one@1.0.0", {}),
        ("one@1.0.0", {"integrity": "", "scripts": ""}),
        ("one@1.0.0", {"scripts": "0" * 64}),
        ("one@1.0.0", {"integrity": "sha512-x"}),
        ("one@1.0.0", {"integrity": None, "scripts": None}),
        ("one@1.0.0", {"integrity": "sha512-x", "scripts": "y", "network": "yes"}),
        ("one@1.0.0", {"integrity": "sha512-x", "scripts": "y", "sandbox": False}),
        ("one", {"integrity": "sha512-x", "scripts": "y"}),
        ("*", True),
    ],
)
def test_hazard_34_half_an_approval_approves_nothing(
    wanting: Project, id: str, value: object
) -> None:
    wanting.manifest(graft={"approvedBuilds": {id: value}})
    for command in (("install",), ("install", "--force"), ("approve-builds", "--all")):
        result = wanting.graft(*command, "--json", check=False)
        assert (result.code, result.json["error"]["code"]) == (72, "manifest-invalid")
        assert id in result.json["error"]["why"][0]
    assert not ran(wanting, "one")


def test_an_integrity_that_is_empty_matches_nothing(wanting: Project) -> None:
    wanting.manifest(
        graft={"approvedBuilds": {"one@1.0.0": {"integrity": "sha512-x", "scripts": "0" * 64}}}
    )
    report = wanting.graft("install", "--json").json
    assert report["ignoredBuilds"] == ["one@1.0.0", "two@1.0.0"]


def test_a_package_does_not_approve_itself(project: Project, registry: LocalRegistry) -> None:
    own = {"approvedBuilds": {"sly@1.0.0": {"integrity": "x", "scripts": "y"}, "low": True}}
    registry.publish("low@1.0.0", scripts={"install": SCRIPT})
    registry.publish(
        "sly@1.0.0",
        dependencies={"low": "1"},
        scripts={"install": SCRIPT},
        extra={"graft": own, "trustedDependencies": ["low"]},
    )
    project.manifest(dependencies={"sly": "1"})
    report = project.graft("install", "--json").json
    assert report["ignoredBuilds"] == ["low@1.0.0", "sly@1.0.0"]


def test_other_tools_lists_are_hints_and_no_approvals(wanting: Project) -> None:
    wanting.manifest(pnpm={"onlyBuiltDependencies": ["one"]}, trustedDependencies=["one", "two"])
    wanting.write("pnpm-workspace.yaml", "allowBuilds:\n  two: false\n")
    assert wanting.graft("install", "--json").json["ignoredBuilds"] == ["one@1.0.0", "two@1.0.0"]
    packages = wanting.graft("approve-builds", "--json").json["packages"]
    assert {each["id"]: each["hint"] for each in packages} == {
        "one@1.0.0": "pnpm in package.json allows it",
        "two@1.0.0": "pnpm-workspace.yaml forbids it",
    }


def test_what_a_registry_does_not_tell_is_shown(project: Project, registry: LocalRegistry) -> None:
    hidden = '{"name": "sly", "version": "1.0.0", "scripts": {"postinstall": "touch ran"}}'
    registry.publish("sly@1.0.0", files={"package.json": hidden})
    registry.publish("gyp@1.0.0", files={"binding.gyp": "{}"})
    # And the other way round: what says that it has scripts, and has none.
    registry.publish(
        "loud@1.0.0",
        scripts={"install": SCRIPT},
        files={"package.json": '{"name": "loud", "version": "1.0.0"}'},
    )
    project.manifest(dependencies={"sly": "1", "gyp": "1", "loud": "1"})
    assert project.graft("install", "--json").json["ignoredBuilds"] == []
    packages = project.graft("approve-builds", "--json").json["packages"]
    assert {each["id"]: each["declared"] for each in packages} == {
        "gyp@1.0.0": False,
        "sly@1.0.0": False,
    }
    assert "the registry does not say" in project.graft("approve-builds").stdout
    project.graft("approve-builds", "sly")
    assert ran(project, "sly")


def test_the_manifest_keeps_its_form(wanting: Project) -> None:
    text = (
        '{\r\n\t"name": "app",\r\n\t"graft": {"layout":   "virtual"},\r\n'
        '\t"dependencies": { "one": "^1",\r\n\t\t"two": "^1" }\r\n}'
    )
    wanting.path("package.json").write_bytes(text.encode())
    wanting.graft("install")
    wanting.graft("approve-builds", "--deny", "one")
    after = wanting.path("package.json").read_bytes().decode()
    assert after.replace("\r\n", "").count("\n") == 0
    assert '\t"dependencies": { "one": "^1",\r\n\t\t"two": "^1" }\r\n}' in after
    assert wanting.json("package.json")["graft"] == {
        "layout": "virtual",
        "approvedBuilds": {"one": False},
    }
    wanting.graft("approve-builds", "--remove", "one")
    assert wanting.json("package.json")["graft"] == {"layout": "virtual"}


def test_taking_back_an_approval_takes_back_its_build(wanting: Project) -> None:
    before = wanting.path("package.json").read_bytes()
    wanting.graft("approve-builds", "one")
    assert ran(wanting, "one")
    wanting.graft("approve-builds", "--remove", "one")
    assert not ran(wanting, "one")
    assert wanting.path("package.json").read_bytes() == before
    unknown = wanting.graft("approve-builds", "--remove", "one", check=False)
    assert unknown.code == 25


def test_a_denial_holds_for_all_versions_and_ends_the_note(
    wanting: Project, registry: LocalRegistry
) -> None:
    wanting.graft("approve-builds", "one", "two")
    wanting.graft("approve-builds", "--deny", "one")
    assert not ran(wanting, "one")
    registry.publish("one@1.2.0", scripts={"postinstall": SCRIPT})
    assert wanting.graft("update", "--json").json["ignoredBuilds"] == []
    assert approvals(wanting)["one"] is False


def test_a_dry_run_writes_and_runs_nothing(wanting: Project) -> None:
    before = wanting.read("package.json"), wanting.links()
    report = wanting.graft("approve-builds", "--all", "--dry-run", "--json").json
    assert report["dryRun"] and len(report["steps"]) == 2
    assert (wanting.read("package.json"), wanting.links()) == before
    assert not list(wanting.store.glob("slots/*/**/ran"))


def test_names_that_mean_nothing_are_usage(wanting: Project) -> None:
    result = wanting.graft("approve-builds", "onee", check=False)
    assert result.code == 25 and "did you mean 'one'?" in result.stderr
    for arguments in (
        ("--deny",),
        ("--remove",),
        ("--deny", "--remove", "one"),
        ("--lockfile-only",),
    ):
        assert wanting.graft("approve-builds", *arguments, check=False).code == 2
    bare = wanting.sibling("bare")
    assert bare.graft("approve-builds", check=False).code == 10


def test_ci_builds_what_is_approved(wanting: Project) -> None:
    wanting.graft("approve-builds", "--all")
    wanting.remove("node_modules")
    wanting.graft("ci", "--strict-dep-builds")
    assert ran(wanting, "one") and ran(wanting, "two")


def test_on_a_terminal_it_asks_about_each(wanting: Project) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "graft", "approve-builds"],
        cwd=wanting.dir,
        env=wanting.machine.environment(),
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    os.write(ours, b"y\nd\n")
    _, stderr = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0, stderr
    assert stderr.index("one@1.0.0") < stderr.index("touch ran") < stderr.index("two@1.0.0")
    assert states(wanting) == {"one@1.0.0": "approved", "two@1.0.0": "denied"}
    assert ran(wanting, "one") and not ran(wanting, "two")


def test_what_a_script_says_moves_no_cursor(project: Project, registry: LocalRegistry) -> None:
    registry.publish("sly@1.0.0", scripts={"install": "evil # \x1b[2K\r\u202enothing\ngood"})
    project.manifest(dependencies={"sly": "1"})
    project.graft("install")
    shown = project.graft("approve-builds").stdout
    assert "\x1b" not in shown and "\r" not in shown and "\u202e" not in shown
    assert "\\x1b[2K\\r\\u202enothing\\ngood" in shown


def test_a_folder_and_an_archive_of_this_machine_are_approved_by_what_they_hold(
    project: Project, registry: LocalRegistry
) -> None:
    beside = project.machine.project("beside", scripts={"install": SCRIPT})
    registry.publish("packed@1.0.0", scripts={"install": SCRIPT})
    archive = registry.publish("packed@1.0.0", scripts={"install": SCRIPT}).archive
    project.write("packed.tgz", archive)
    project.manifest(dependencies={"beside": "file:../beside", "packed": "file:packed.tgz"})
    ignored = project.graft("install", "--json").json["ignoredBuilds"]
    assert [id.partition("@")[0] for id in ignored] == ["beside", "packed"]
    project.graft("approve-builds", "--all")
    assert ran(project, "beside") and ran(project, "packed")
    assert len(project.graft("rebuild", "--json").json["built"]) == 2
    beside.write("more.js", "")
    report = project.graft("install", "--json").json
    assert [id.partition("@")[0] for id in report["ignoredBuilds"]] == ["beside"]
    assert not ran(project, "beside") and ran(project, "packed")


def test_a_workspace_approves_in_its_root(project: Project, registry: LocalRegistry) -> None:
    registry.publish("one@1.0.0", scripts={"postinstall": SCRIPT})
    project.manifest(workspaces=["packages/*"])
    project.manifest(
        "packages/member",
        dependencies={"one": "1"},
        scripts={"install": "touch never"},
        graft={"approvedBuilds": {"one@1.0.0": {"integrity": "x", "scripts": "y"}}},
    )
    project.graft("install")
    assert states(project) == {"one@1.0.0": "undecided"}
    project.graft("approve-builds", "one", cwd="packages/member")
    assert "one@1.0.0" in approvals(project)
    assert project.exists("packages/member/node_modules/one/ran")
    assert not project.exists("packages/member/never")
