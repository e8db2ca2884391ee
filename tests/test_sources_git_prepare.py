"""Packages from git that have to be made first: ``prepare`` under the script policy."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from graft.scripts.confinement import confinement
from graft.scripts.phases import Phase, scripts_digest
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository

needs_sandbox = pytest.mark.skipif(
    not confinement("auto", os.environ).bubblewrap, reason="no sandbox: install bubblewrap"
)
# Takes a development dependency's command, and a source and settings that are not published.
COMPILE = "compile src/index.src settings.json dist"
_COMPILER = """#!/usr/bin/env node
const fs = require('fs');
const [source, settings, target] = process.argv.slice(2);
fs.mkdirSync(target);
const said = JSON.parse(fs.readFileSync(settings)).before + fs.readFileSync(source);
fs.writeFileSync(target + '/index.js', 'exports.said = ' + JSON.stringify(said));
fs.writeFileSync(target + '/once', String(process.hrtime.bigint()));
fs.writeFileSync(target + '/cli.js', '#!/usr/bin/env node\\nconsole.log("it runs")');
"""


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    registry.publish("helper@1.0.0", scripts={"postinstall": "touch ran"})
    registry.publish(
        "compiler@1.0.0",
        dependencies={"helper": "1"},
        scripts={"install": "touch ran"},
        bin={"compile": "compile.js"},
        files={"compile.js": _COMPILER},
    )


@pytest.fixture
def lib(machine: Machine) -> Repository:
    return Repository(machine, "lib")


def commit_sources(lib: Repository, *, folder: str = ".", **more: Any) -> str:
    lib.write(f"{folder}/src/index.src", "compiled")
    lib.write(f"{folder}/settings.json", {"before": "it is "})
    lib.write(".gitignore", "dist\nnode_modules\n")
    manifest = {
        "name": "lib",
        "version": "1.0.0",
        "main": "dist/index.js",
        "bin": "dist/cli.js",
        "files": ["dist"],
        "scripts": {"prepare": COMPILE},
        "devDependencies": {"compiler": "^1.0.0"},
        **more,
    }
    lib.write(f"{folder}/package.json", manifest)
    return lib.commit()


def installed(project: Project, lib: Repository, behind: str = "") -> dict[str, Any]:
    project.manifest(dependencies={"lib": f"{lib.url}{behind}"})
    return dict(project.graft("install", "--json").json)


def codes(report: dict[str, Any]) -> list[str]:
    return [note["code"] for note in report["notes"] if note["code"] != "build-unconfined"]


def files(project: Project) -> set[str]:
    folder = Path(os.path.realpath(project.path("node_modules/lib")))
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def leftovers(project: Project) -> list[Path]:
    return [path for path in project.store.glob("slots/*") if path.name.startswith(".")]


def said(project: Project) -> str:
    return project.node("console.log(require('lib').said)")


def test_what_nobody_approved_is_not_prepared(project: Project, lib: Repository) -> None:
    commit_sources(lib)
    report = installed(project, lib)
    assert codes(report) == ["git-not-prepared"]
    assert "graft approve-builds lib" in report["notes"][0]["fix"]
    assert files(project) == {"package.json"}
    (listed,) = project.graft("approve-builds", "--json").json["packages"]
    assert listed["state"] == "undecided" and listed["scripts"] == {"prepare": COMPILE}
    assert listed["declared"] is True
    assert project.graft("install", "--json").json["built"] == []


def test_what_is_approved_is_prepared(project: Project, lib: Repository) -> None:
    commit_sources(lib)
    installed(project, lib)
    lock = project.read("graft-lock.json")
    report = project.graft("approve-builds", "lib", "--json").json
    (id,) = report["built"]
    assert id.startswith("lib@git:") and codes(report) == []
    assert said(project) == "it is compiled"
    assert files(project) == {"package.json", "dist/index.js", "dist/once", "dist/cli.js"}
    assert project.graft("exec", "lib").stdout.strip() == "it runs"
    # Every machine verifies the same bytes: those of the commit.
    assert project.read("graft-lock.json") == lock
    # What it was prepared with is no part of the project, and ran no scripts.
    assert not project.exists("node_modules/compiler")
    assert not list(project.store.glob("slots/*/node_modules/*/ran"))
    assert not leftovers(project)
    assert len(list(project.store.glob("projects/*"))) == 1
    for arguments in ((), ("--force",), ("--frozen-lockfile",)):
        again = project.graft("install", *arguments, "--json").json
        assert again["built"] == [] and codes(again) == []
        assert said(project) == "it is compiled"


@pytest.mark.parametrize("layout", ["isolated", "hoisted"])
def test_in_the_other_layouts(project: Project, lib: Repository, layout: str) -> None:
    commit_sources(lib)
    installed(project, lib)
    project.graft("approve-builds", "lib", "--layout", layout)
    assert said(project) == "it is compiled"


def test_a_second_project_uses_it(project: Project, lib: Repository) -> None:
    commit_sources(lib)
    installed(project, lib)
    project.graft("approve-builds", "lib")
    fields = project.json("package.json")
    other = project.sibling("other", **{key: fields[key] for key in ("dependencies", "graft")})
    other.write("graft-lock.json", project.read("graft-lock.json"))
    assert other.graft("install", "--json").json["built"] == []
    once = "node_modules/lib/dist/once"
    assert other.read(once) == project.read(once)
    # Who approved nothing has it as it is committed.
    third = project.sibling("third", dependencies=fields["dependencies"])
    third.graft("install")
    assert files(third) == {"package.json"}
    # And it runs again where that is asked for.
    before = project.read(once)
    assert len(project.graft("rebuild", "--json").json["built"]) == 1
    assert project.read(once) != before


def test_another_machine_prepares_it_itself(
    project: Project, lib: Repository, machine: Machine, registry: LocalRegistry
) -> None:
    commit_sources(lib)
    installed(project, lib)
    project.graft("approve-builds", "lib")
    reports = []
    # Development dependencies of the package are not the project's to omit.
    for flag in ("--omit=dev", "--ignore-scripts"):
        other = Machine(machine.root / flag, registry)
        shutil.copy(machine.home / ".gitconfig", other.home / ".gitconfig")
        fresh = other.project("app")
        for name in ("package.json", "graft-lock.json"):
            fresh.write(name, project.read(name))
        reports.append(fresh.graft("ci", flag, "--json").json)
        assert ("dist/index.js" in files(fresh)) is (flag == "--omit=dev")
    assert [len(report["built"]) for report in reports] == [1, 0]
    assert [codes(report) for report in reports] == [[], ["git-not-prepared"]]


def test_another_commit_is_another_decision(project: Project, lib: Repository) -> None:
    commit_sources(lib)
    installed(project, lib)
    project.graft("approve-builds", "lib")
    lib.write("src/index.src", "other")
    lib.commit()
    assert codes(project.graft("update", "lib", "--json").json) == ["git-not-prepared"]
    assert files(project) == {"package.json"}
    project.graft("approve-builds", "lib")
    assert said(project) == "it is other"
    assert len(project.json("package.json")["graft"]["approvedBuilds"]) == 1


def test_what_is_denied_is_no_news(project: Project, lib: Repository) -> None:
    commit_sources(lib)
    project.manifest(dependencies={"lib": lib.url}, graft={"approvedBuilds": {"lib": False}})
    assert codes(project.graft("install", "--json").json) == []
    assert files(project) == {"package.json"}


def test_a_failing_prepare_changes_nothing(project: Project, lib: Repository) -> None:
    commit_sources(lib, scripts={"prepare": "echo what is wrong; exit 3"})
    installed(project, lib)
    before = project.read("package.json")
    failed = project.graft("approve-builds", "lib", "--json", check=False)
    assert failed.code == 54
    error = failed.json["error"]
    assert error["code"] == "build-failed" and "exit code 3" in error["message"]
    assert "what is wrong" in str(error["why"])
    assert project.read("package.json") == before and files(project) == {"package.json"}
    assert not leftovers(project)


def test_what_it_needs_and_is_not_there(project: Project, lib: Repository) -> None:
    commit_sources(lib, devDependencies={"absent": "1"})
    installed(project, lib)
    before = project.read("package.json")
    failed = project.graft("approve-builds", "lib", "--json", check=False)
    assert failed.json["error"]["code"] == "build-failed"
    assert "absent" in str(failed.json["error"]["why"])
    assert project.read("package.json") == before and not leftovers(project)


def test_an_optional_one_that_fails_is_left_out(project: Project, lib: Repository) -> None:
    commit_sources(lib, scripts={"prepare": "exit 3"})
    project.manifest(optionalDependencies={"lib": lib.url})
    project.graft("install")
    report = project.graft("approve-builds", "lib", "--json").json
    assert codes(report) == ["build-left-out"]
    assert not project.exists("node_modules/lib")


def test_other_scripts_than_the_approved_do_not_run(project: Project, lib: Repository) -> None:
    commit_sources(lib)
    installed(project, lib)
    project.graft("approve-builds", "lib")
    fields = project.json("package.json")
    (approval,) = fields["graft"]["approvedBuilds"].values()
    approval["scripts"] = "0" * 64
    project.write("package.json", json.dumps(fields))
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] == "build-unapproved"


def test_its_own_install_scripts_run_on_what_was_prepared(
    project: Project, lib: Repository
) -> None:
    scripts = {"prepare": COMPILE, "prepack": "echo packed >> dist/index.js.txt"}
    commit_sources(lib, scripts={**scripts, "postinstall": "ls dist > seen.txt"})
    installed(project, lib)
    (listed,) = project.graft("approve-builds", "--json").json["packages"]
    assert list(listed["scripts"]) == ["prepare", "prepack", "postinstall"]
    project.graft("approve-builds", "lib")
    assert project.read("node_modules/lib/seen.txt").split() == [
        *("cli.js", "index.js", "index.js.txt", "once"),
    ]


def test_a_folder_of_a_repository(project: Project, lib: Repository) -> None:
    commit_sources(lib, folder="packages/tool")
    lib.write("shared.json", {"before": "shared, "})
    scripts = {"prepare": COMPILE.replace("settings.json", "../../shared.json")}
    commit_sources(lib, folder="packages/tool", scripts=scripts)
    installed(project, lib, "#path:/packages/tool")
    project.graft("approve-builds", "lib")
    assert said(project) == "shared, compiled"


def test_a_member_of_a_workspace(project: Project, lib: Repository) -> None:
    """It finds what its root is developed with."""
    root = {"name": "root", "private": True, "workspaces": ["packages/*"]}
    lib.write("package.json", {**root, "devDependencies": {"compiler": "1"}})
    commit_sources(lib, folder="packages/tool", devDependencies={})
    installed(project, lib, "#path:/packages/tool")
    project.graft("approve-builds", "lib")
    assert said(project) == "it is compiled"


def test_its_own_lock_says_what_it_is_prepared_with(
    project: Project, lib: Repository, registry: LocalRegistry
) -> None:
    registry.publish("compiler@1.1.0", bin={"compile": "no.js"}, files={"no.js": "process.exit(1)"})
    entries = {"": {"devDependencies": {"compiler": "^1.0.0"}}}
    pinned = {"version": "1.0.0", "dev": True, "dependencies": {"helper": "1"}}
    modules = {
        f"node_modules/{name}": fields
        for name, fields in (
            ("compiler", {**pinned, "bin": {"compile": "compile.js"}}),
            ("helper", {"version": "1.0.0", "dev": True}),
        )
    }
    lock = {"name": "lib", "lockfileVersion": 3, "packages": {**entries, **modules}}
    lib.write("package-lock.json", lock)
    commit_sources(lib)
    installed(project, lib)
    project.graft("approve-builds", "lib")
    assert said(project) == "it is compiled"


def test_two_at_once(project: Project, lib: Repository, machine: Machine) -> None:
    commit_sources(lib)
    user = Repository(machine, "user")
    user.commit("user", files=["made.js"], scripts={"prepare": "node -p 1 > made.js"})
    project.manifest(dependencies={"lib": lib.url, "user": user.url})
    project.graft("install")
    report = project.graft("approve-builds", "--all", "--json").json
    assert len(report["built"]) == 2 and not leftovers(project)
    assert said(project) == "it is compiled"
    assert project.read("node_modules/user/made.js") == "1\n"


def test_a_patch_is_of_what_was_prepared(project: Project, lib: Repository) -> None:
    lib.write("note.md", "as committed\n")
    commit_sources(lib, files=["dist", "note.md"], scripts={"prepare": f"{COMPILE}; wc -c *.md"})
    installed(project, lib)
    project.graft("approve-builds", "lib")
    folder = Path(project.graft("patch", "lib", "--json").json["folder"])
    (folder / "note.md").write_text("as patched\n")
    project.graft("patch-commit", str(folder))
    assert said(project) == "it is compiled"
    assert project.read("node_modules/lib/note.md") == "as patched\n"


def test_interrupting_it_leaves_nothing(project: Project, lib: Repository) -> None:
    commit_sources(lib, scripts={"prepare": f"{COMPILE}; sleep 60"})
    installed(project, lib)
    before = project.read("package.json")
    process = project.spawn("approve-builds", "lib")
    assert process.stderr and process.stdout
    while not list(project.store.glob("slots/.tmp-*/dist/cli.js")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    process.stderr.close()
    process.stdout.close()
    assert not leftovers(project) and len(list(project.store.glob("projects/*"))) == 1
    assert project.read("package.json") == before and files(project) == {"package.json"}


# What a repository may not do


@pytest.mark.parametrize("kind", ["file:", "git+file://"])
def test_it_reaches_nothing_of_this_machine(
    project: Project, lib: Repository, machine: Machine, kind: str
) -> None:
    secret = Repository(machine, "secret")
    secret.commit("secret")
    commit_sources(lib, devDependencies={"secret": f"{kind}{secret.path}"})
    installed(project, lib)
    failed = project.graft("approve-builds", "lib", "--json", check=False)
    error = failed.json["error"]
    assert error["code"] == "build-failed" and "source-" in str(error["why"])


def test_it_chooses_no_settings_and_approves_nothing(project: Project, lib: Repository) -> None:
    asking = project.sibling("asking", dependencies={"helper": "1"})
    asking.graft("install")
    integrity = asking.lock["nodes"]["helper@1.0.0"]["integrity"]
    digest = scripts_digest([Phase("postinstall", "touch ran")])
    approval = {"helper@1.0.0": {"integrity": integrity, "scripts": digest}}
    lib.write(".npmrc", "registry=http://127.0.0.1:9/\nignore-scripts=false\n")
    commit_sources(lib, graft={"layout": "hoisted", "approvedBuilds": approval})
    installed(project, lib)
    project.graft("approve-builds", "lib")
    assert said(project) == "it is compiled"
    assert not list(project.store.glob("slots/*/node_modules/*/ran"))
    # It is what would have let it run.
    asking.manifest(dependencies={"helper": "1"}, graft={"approvedBuilds": approval})
    asking.graft("install")
    assert asking.exists("node_modules/helper/ran")


def test_names_that_lead_out_of_a_repository(project: Project, lib: Repository) -> None:
    """git would check out none of these, but a server may send them."""
    commit_sources(lib)
    blob = lib.git("hash-object", "-w", "settings.json")
    within = lib.make_tree(f"100644 blob {blob}\tevil\n")
    entries = lib.git("ls-tree", "HEAD") + "\n"
    entries += "".join(f"040000 tree {within}\t{name}\n" for name in ("..", ".git"))
    commit = lib.git("commit-tree", "-m", "evil", lib.make_tree(entries))
    lib.git("update-ref", "refs/heads/evil", commit)
    assert "../evil" in lib.git("ls-tree", "-r", "--name-only", commit)
    installed(project, lib, "#evil")
    project.graft("approve-builds", "lib")
    assert said(project) == "it is compiled"
    assert not list(project.store.rglob("evil"))


@needs_sandbox
def test_it_has_no_network_and_no_home(
    project: Project, lib: Repository, machine: Machine, registry: LocalRegistry
) -> None:
    (machine.home / "secret").write_text("secret")
    lib.write(
        "probe.js",
        f"""
        const fs = require('fs'), found = {{}};
        try {{ found.home = fs.readFileSync({str(machine.home / "secret")!r}, 'utf8'); }}
        catch (error) {{ found.home = error.code; }}
        try {{ fs.writeFileSync(require.resolve('compiler/package.json'), 'x'); }}
        catch (error) {{ found.write = error.code; }}
        fetch({registry.url!r}).then(() => 'reached', () => 'refused').then((said) => {{
          found.network = said;
          fs.mkdirSync('dist', {{ recursive: true }});
          fs.writeFileSync('dist/found.json', JSON.stringify(found));
        }});
        """,
    )
    commit_sources(lib, scripts={"prepare": "node probe.js"})
    installed(project, lib)
    project.graft("approve-builds", "lib")
    found = project.json("node_modules/lib/dist/found.json")
    assert found == {"home": "ENOENT", "write": "EROFS", "network": "refused"}
    project.graft("approve-builds", "--network", "lib")
    assert project.json("node_modules/lib/dist/found.json")["network"] == "reached"
