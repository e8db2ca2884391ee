"""Packages from git repositories, which are real ones here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@1.1.0")


@pytest.fixture
def lib(machine: Machine) -> Repository:
    return Repository(machine, "lib")


def said(project: Project, name: str = "lib") -> str:
    return project.node(f"console.log(require('{name}').said)")


def origin(project: Project, name: str = "lib") -> str:
    (found,) = [e["origin"] for id, e in project.lock["nodes"].items() if id.startswith(f"{name}@")]
    return str(found)


def copy(project: Project, machine: Machine, registry: LocalRegistry) -> Project:
    """The same project on another machine, whose git is set up in the same way."""
    other = Machine(machine.root / "other", registry)
    shutil.copy(machine.home / ".gitconfig", other.home / ".gitconfig")
    fresh = other.project("app")
    for name in ("package.json", "graft-lock.json"):
        fresh.write(name, project.read(name))
    return fresh


def test_a_repository_with_what_it_asks_for(project: Project, lib: Repository) -> None:
    commit = lib.commit("head", dependencies={"a": "1.0.0"}, bin="index.js")
    project.manifest(dependencies={"lib": lib.url})
    project.graft("install")
    assert said(project) == "head" and ".bin/lib" in project.links()
    assert project.node("console.log(require('lib').requires('a').version)") == "1.0.0"
    assert origin(project) == f"git:file://{lib.path}#{commit}"
    assert project.graft("ci", "--json").json["upToDate"]


def test_commit_tag_branch_and_range(project: Project, lib: Repository) -> None:
    first = lib.commit("first", tag="v1.0.0")
    lib.commit("second", tag="release-1.2.0")
    lib.git("tag", "--annotate", "--message", "noted", "noted")
    lib.commit("third", tag="v2.0.0-rc.1")
    lib.git("checkout", "--quiet", "-b", "feature/x", first)
    lib.commit("on a branch")
    lib.git("checkout", "--quiet", "main")
    for behind, expected in {
        first: "first",
        first[:9]: "first",
        "v1.0.0": "first",
        "noted": "second",
        "feature/x": "on a branch",
        "refs/heads/feature/x": "on a branch",
        "semver:^1": "second",
        "semver:~1.0": "first",
        "semver:>=2.0.0-0": "third",
        "tag=v1.0.0": "first",
    }.items():
        project.manifest(dependencies={"lib": f"{lib.url}#{behind}"})
        project.graft("install")
        assert said(project) == expected, behind
        project.graft("ci")


def test_a_folder_of_a_repository(project: Project, lib: Repository) -> None:
    lib.write("packages/one/extra.txt", "of one")
    commit = lib.commit("one", folder="packages/one", name="one")
    lib.commit("two", folder="packages/two", name="two", files=["index.js"])
    project.manifest(
        dependencies={
            "one": f"{lib.url}#{commit}&path:/packages/one",
            "two": f"{lib.url}#main::path:packages/two",
        }
    )
    project.graft("install")
    assert (said(project, "one"), said(project, "two")) == ("one", "two")
    assert project.exists("node_modules/one/extra.txt")
    assert origin(project, "one") == f"git:file://{lib.path}#{commit}&path:/packages/one"
    project.graft("ci")


def test_what_is_packed_is_what_npm_would_publish(project: Project, lib: Repository) -> None:
    lib.write("dist/main.js", "")
    lib.write("src/source.ts", "")
    lib.write("README.md", "")
    lib.write("dist/.npmignore", "*.map")
    lib.write("dist/main.js.map", "")
    (lib.path / "link").symlink_to("README.md")
    lib.commit("packed", files=["dist"], main="index.js")
    project.manifest(dependencies={"lib": lib.url})
    project.graft("install")
    folder = project.path("node_modules/lib")
    found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert found == {"README.md", "dist/main.js", "index.js", "package.json"}


def test_the_integrity_is_the_same_everywhere(
    project: Project, machine: Machine, registry: LocalRegistry, lib: Repository
) -> None:
    lib.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    lib.commit("packed")
    project.manifest(dependencies={"lib": lib.url})
    project.graft("install")
    fresh = copy(project, machine, registry)
    fresh.graft("ci")
    assert said(fresh) == "packed"
    fresh.remove("graft-lock.json")
    fresh.graft("install", "--force")
    assert fresh.read("graft-lock.json") == project.read("graft-lock.json")


def test_a_lock_holds_a_branch_where_it_is_until_update(project: Project, lib: Repository) -> None:
    lib.commit("first")
    project.manifest(dependencies={"lib": f"{lib.url}#main", "a": "1.0.0"})
    project.graft("install")
    lib.commit("second", version="1.1.0")
    project.graft("install")
    project.graft("add", "a@1.1.0")
    assert said(project) == "first"
    project.graft("update", "lib")
    assert said(project) == "second"
    lib.commit("third")
    project.graft("update")
    assert said(project) == "third"


def test_offline_with_store_or_mirror(project: Project, lib: Repository, machine: Machine) -> None:
    commit = lib.commit("first")
    project.manifest(dependencies={"lib": f"{lib.url}#{commit}"})
    failed = project.graft("install", "--offline", "--json", check=False)
    assert failed.json["error"]["code"] == "offline-missing"
    project.graft("install")
    shutil.rmtree(lib.path)
    project.remove("node_modules")
    project.graft("ci", "--offline")
    project.remove("node_modules")
    machine.run(["chmod", "-R", "u+w", str(machine.store)])
    shutil.rmtree(machine.store)
    project.graft("ci", "--offline")  # from the mirror
    assert said(project) == "first"


@pytest.mark.parametrize("damage", ["all", "objects", "HEAD", "packs"])
def test_the_mirror_may_be_deleted_at_any_time(
    project: Project, lib: Repository, machine: Machine, damage: str
) -> None:
    lib.commit("first")
    project.manifest(dependencies={"lib": lib.url})
    project.graft("install")
    (mirror,) = [path for path in (machine.cache / "git").iterdir() if path.is_dir()]
    if damage == "all":
        shutil.rmtree(machine.cache / "git")
    elif damage == "packs":
        for path in (mirror / "objects").rglob("*"):
            if path.is_file():
                path.unlink()
    else:
        target = mirror / damage
        shutil.rmtree(target) if target.is_dir() else target.unlink()
    machine.run(["chmod", "-R", "u+w", str(machine.store)])
    shutil.rmtree(machine.store)
    project.remove("node_modules")
    project.graft("ci")
    assert said(project) == "first"


def test_hazard_1_5_the_transport_is_not_part_of_the_identity(
    project: Project, machine: Machine, registry: LocalRegistry, lib: Repository
) -> None:
    """Written as ssh, reached as whatever the user's git makes of it, kept as https."""
    commit = lib.commit("private")
    lib.known_as("ssh://git@git.example.com/team/lib.git")
    lib.known_as("git@git.example.com:team/lib.git")
    project.manifest(dependencies={"lib": "git+ssh://git@git.example.com/team/lib.git"})
    project.graft("install")
    assert origin(project) == f"git:https://git.example.com/team/lib.git#{commit}"
    fresh = copy(project, machine, registry)
    fresh.graft("ci")  # the lock names https alone; what package.json says leads there
    assert said(fresh) == "private"
    project.manifest(dependencies={"lib": "git@git.example.com:team/lib.git"})
    project.graft("install")
    assert list(project.lock["nodes"]) == [
        f"lib@git:https://git.example.com/team/lib.git#{commit}#1.0.0"
    ]


def test_shortcuts_try_https_and_then_ssh(project: Project, lib: Repository) -> None:
    commit = lib.commit("hosted")
    lib.known_as("ssh://git@github.com/acme/lib.git")
    project.machine.env |= {"GIT_ALLOW_PROTOCOL": "file:ssh"}  # nobody asks the real host here
    project.graft("add", "acme/lib")
    assert project.json("package.json")["dependencies"] == {"lib": "github:acme/lib"}
    assert origin(project) == f"git:https://github.com/acme/lib.git#{commit}"
    assert said(project) == "hosted"


def test_two_commits_of_one_repository_are_two_nodes(
    project: Project, registry: LocalRegistry, lib: Repository
) -> None:
    first = lib.commit("first")
    lib.known_as("https://git.example.com/lib.git")
    lib.commit("second")
    registry.publish(
        "user@1.0.0", dependencies={"lib": f"git+https://git.example.com/lib.git#{first}"}
    )
    registry.publish("lib@1.0.0")
    registry.publish("other@1.0.0", dependencies={"lib": "^1"})
    dependencies = {"user": "1", "other": "1", "lib": "git+https://git.example.com/lib.git"}
    project.manifest(dependencies=dependencies)
    project.graft("install")
    assert said(project) == "second"
    assert project.node("console.log(require('user').requires('lib').said)") == "first"
    assert project.node("console.log(require('other').requires('lib').name)") == "lib"
    assert sum(id.startswith("lib@") for id in project.lock["nodes"]) == 3
    project.graft("ci")


def test_an_override_leads_to_a_repository(
    project: Project, registry: LocalRegistry, lib: Repository
) -> None:
    lib.commit("the fork")
    registry.publish("lib@1.0.0")
    registry.publish("user@1.0.0", dependencies={"lib": "^1"})
    project.manifest(dependencies={"user": "1"}, overrides={"lib": lib.url})
    project.graft("install")
    assert project.node("console.log(require('user').requires('lib').said)") == "the fork"
    project.graft("ci")


def test_a_prepare_script_is_named_and_does_not_run(project: Project, lib: Repository) -> None:
    lib.commit("as committed", scripts={"prepare": "echo built > built.txt"})
    project.manifest(dependencies={"lib": lib.url})
    report = project.graft("install", "--json").json
    (note,) = report["notes"]
    assert note["code"] == "git-not-prepared" and "'prepare' did not run" in note["message"]
    assert said(project) == "as committed" and not project.exists("node_modules/lib/built.txt")
    assert project.graft("install", "--json").json["notes"] == []


@pytest.mark.parametrize(
    ("behind", "code", "about"),
    [
        ("#absent", "git-ref-missing", "its branches are main"),
        ("#semver:^9", "git-ref-missing", "the newest is v1.0.0"),
        ("#path:/absent", "git-ref-missing", "no folder absent"),
        ("#" + "0" * 40, "git-ref-missing", "no commit"),
        ("#path:/../..", "bad-specifier", "no folder of a repository"),
        ("#-v", "bad-specifier", "cannot be a commit"),
        ("-absent", "git-unreachable", "tried"),
    ],
)
def test_errors(project: Project, lib: Repository, behind: str, code: str, about: str) -> None:
    lib.commit("first", tag="v1.0.0")
    project.manifest(dependencies={"lib": f"{lib.url}{behind}"})
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert error["code"] == code
    assert about in f"{error['message']} {error.get('why')}"
    assert not project.exists("graft-lock.json") and not project.exists("node_modules")


def test_git_is_not_installed(project: Project, lib: Repository, machine: Machine) -> None:
    project.manifest(dependencies={"lib": lib.url})
    failed = project.graft("install", "--json", check=False, env={"PATH": str(machine.root)})
    assert (failed.code, failed.json["error"]["code"]) == (46, "git-missing")


@pytest.mark.parametrize(
    "written",
    [
        "git+ssh://-oProxyCommand=touch%20$HOME/ran/x",
        "git+ext::sh -c 'touch ran'",
        "ext::sh -c touch% ran/x",
        "git+https://git.example.com/x#--upload-pack=touch ran",
        "git@-oProxyCommand=touch.ran:x",
    ],
)
def test_nothing_that_is_written_becomes_an_option_or_a_command(
    project: Project, registry: LocalRegistry, written: str
) -> None:
    registry.publish("evil@1.0.0", dependencies={"x": written})
    project.manifest(dependencies={"evil": "^1"})
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] in ("bad-specifier", "source-unsupported")
    assert failed.json["error"]["where"] == "evil@1.0.0"
    assert not list(Path(project.machine.root).rglob("ran"))


def test_a_package_names_no_repository_of_this_machine(
    project: Project, registry: LocalRegistry, lib: Repository
) -> None:
    lib.commit("private")
    registry.publish("evil@1.0.0", dependencies={"lib": lib.url})
    project.manifest(dependencies={"evil": "^1"})
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] == "source-unsupported"
    # Nor does a lock make it so.
    commit = lib.git("rev-parse", "HEAD")
    id = f"lib@git:file://{lib.path}#{commit}#1.0.0"
    project.write(
        "graft-lock.json",
        {
            "lockfile": 1,
            "importers": {".": {"evil": ["prod", "^1", "evil@1.0.0"]}},
            "nodes": {
                "evil@1.0.0": {"integrity": "", "dependencies": {"lib": [lib.url, id]}},
                id: {"origin": f"git:file://{lib.path}#{commit}"},
            },
        },
    )
    assert project.graft("ci", "--json", check=False).json["error"]["code"] == "lock-stale"


def test_graft_in_a_git_hook_works_on_the_repository_that_is_meant(
    project: Project, lib: Repository
) -> None:
    lib.commit("meant")
    project.manifest(dependencies={"lib": lib.url})
    strange = {"GIT_DIR": str(project.dir / "not-here"), "GIT_INDEX_FILE": "nowhere"}
    project.graft("install", env=strange)
    assert said(project) == "meant" and not project.exists("not-here")


def test_a_package_of_a_repository_asks_for_others_by_git(
    project: Project, machine: Machine, lib: Repository
) -> None:
    other = Repository(machine, "other")
    other.commit("below", dependencies={"a": "^1"})
    other.known_as("https://git.example.com/other.git")
    lib.commit("above", dependencies={"other": "git+https://git.example.com/other.git"})
    project.manifest(dependencies={"lib": lib.url})
    project.graft("install")
    assert project.node("console.log(require('lib').requires('other').said)") == "below"
    assert project.graft("ci", "--json").json["upToDate"]


@pytest.mark.parametrize("kind", ["optionalDependencies", "dependencies"])
def test_an_optional_ref_that_is_gone_is_left_out(
    project: Project, lib: Repository, kind: str
) -> None:
    lib.commit("first")
    fields: dict[str, Any] = {kind: {"lib": f"{lib.url}#gone"}}
    project.manifest(**fields)
    done = project.graft("install", "--json", check=False)
    assert done.code == (0 if kind == "optionalDependencies" else 48)


def test_the_cache_command_knows_repositories(project: Project, lib: Repository) -> None:
    lib.commit("first")
    project.manifest(dependencies={"lib": lib.url})
    project.graft("install")
    kinds = project.graft("cache", "ls", "--json").json["kinds"]
    assert [kind["entries"] for kind in kinds if kind["kind"] == "git"] == [1]
    project.graft("cache", "clean", "git")
    assert [path.suffix for path in (project.machine.cache / "git").iterdir()] == [".lock"]
    lib.commit("second")
    project.graft("update")
    assert said(project) == "second"


def test_why_names_the_repository_readably(project: Project, lib: Repository) -> None:
    commit = lib.commit("first", dependencies={"a": "1.0.0"})
    project.manifest(dependencies={"lib": f"{lib.url}#main"})
    project.graft("install")
    shown = f"lib@1.0.0 (git file://{lib.path}#{commit[:10]})"
    assert project.graft("ls").stdout == f"{shown}\n"
    assert f"{shown} asks for a@1.0.0" in project.graft("why", "a").stdout
