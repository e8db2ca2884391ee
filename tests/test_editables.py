"""Git packages that are worked in: a clone in the project, brought up to date by ``graft sync``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository


@pytest.fixture
def lib(machine: Machine, registry: LocalRegistry) -> Repository:
    registry.publish("a@1.0.0")
    lib = Repository(machine, "lib")
    lib.git("checkout", "--quiet", "-b", "main")
    lib.commit("one", dependencies={"a": "^1"})
    return lib


@pytest.fixture
def app(project: Project, lib: Repository) -> Project:
    project.write("graft.toml", asks(lib))
    project.graft("install")
    return project


def asks(lib: Repository) -> str:
    line = f'{{ git = "{lib.url.removeprefix("git+")}", branch = "main", editable = true }}'
    return f"[dependencies]\nlib = {line}\n"


def git(app: Project, *arguments: str) -> str:
    clone = app.path("editable/lib")
    return app.machine.run(["git", *arguments], cwd=clone).stdout.strip()


def said(app: Project) -> str:
    return app.node("console.log(require('lib').said + require('lib').requires('a').version)")


def outcome(app: Project, *flags: str, code: int = 0) -> Any:
    done = app.graft("sync", "--json", *flags, check=False)
    assert done.code == code
    (found,) = done.json["outcomes"]
    return found


def test_a_clone_lies_in_the_project_and_is_linked_with_what_it_asks_for(app: Project) -> None:
    assert app.path("node_modules/lib").resolve() == app.path("editable/lib")
    assert said(app) == "one1.0.0"
    assert git(app, "status", "--porcelain") == ""
    assert app.graft("install", "--json").json["upToDate"]
    app.remove("node_modules")
    app.remove("editable")
    app.graft("ci")
    assert said(app) == "one1.0.0"


def test_add_editable_clones_and_writes_graft_toml(project: Project, lib: Repository) -> None:
    project.graft("add", "--editable", f"{lib.url}#main")
    assert project.read("graft.toml").replace("{git", "{ git").replace("true}", "true }") == asks(
        lib
    )
    assert "lib" not in project.read("package.json")
    assert said(project) == "one1.0.0"


def test_what_cannot_be_cloned_leaves_the_project_as_it_was(
    project: Project, lib: Repository
) -> None:
    project.write("graft.toml", asks(lib).replace("main", "nowhere"))
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] == "git-unreachable"
    assert not project.exists("node_modules") and not any(project.path("editable").iterdir())
    project.write("graft.toml", asks(lib))
    assert project.graft("install", "--offline", check=False).code
    assert project.graft("install", "--dry-run").code == 0
    assert not project.exists("editable/lib")


def test_a_clone_is_not_made_behind_a_link(project: Project, lib: Repository) -> None:
    project.path("editable").symlink_to(project.machine.home)
    project.write("graft.toml", asks(lib))
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] == "link-refused"
    assert not (project.machine.home / "lib").exists()


def test_sync_takes_what_is_new(app: Project, lib: Repository) -> None:
    before = lib.git("rev-parse", "HEAD")
    assert outcome(app)["outcome"] == "up-to-date"
    after = lib.commit("two", dependencies={"a": "^1"})
    assert outcome(app, "--dry-run")["outcome"] == "synced" and said(app) == "one1.0.0"
    found = outcome(app)
    assert (found["outcome"], found["before"], found["after"]) == ("synced", before, after)
    assert said(app) == "two1.0.0"


def test_sync_installs_what_the_news_ask_for(
    app: Project, lib: Repository, registry: LocalRegistry
) -> None:
    registry.publish("a@2.0.0")
    lib.commit("two", dependencies={"a": "^2"})
    outcome(app)
    assert said(app) == "two2.0.0"


def test_sync_merges_what_has_gone_both_ways(app: Project, lib: Repository) -> None:
    app.write("editable/lib/own.js", "")
    git(app, "add", "--all")
    git(app, "commit", "--quiet", "--message", "own")
    assert outcome(app)["outcome"] == "ahead"
    lib.commit("two", dependencies={"a": "^1"})
    assert outcome(app)["outcome"] == "synced"
    assert said(app) == "two1.0.0" and app.exists("editable/lib/own.js")


def test_a_conflict_is_taken_back(app: Project, lib: Repository) -> None:
    app.write("editable/lib/index.js", "mine")
    git(app, "commit", "--quiet", "--all", "--message", "own")
    head = git(app, "rev-parse", "HEAD")
    lib.commit("two", dependencies={"a": "^1"})
    assert outcome(app, "--dry-run", code=1)["outcome"] == "conflict"
    found = outcome(app, code=1)
    assert found["outcome"] == "conflict" and "merge origin/main" in found["nextStep"]
    assert (git(app, "rev-parse", "HEAD"), git(app, "status", "--porcelain")) == (head, "")


def test_changed_files_are_in_the_way_only_of_news(app: Project, lib: Repository) -> None:
    app.write("editable/lib/index.js", "mine")
    assert outcome(app)["outcome"] == "up-to-date"
    lib.commit("two", dependencies={"a": "^1"})
    assert outcome(app, code=1)["outcome"] == "dirty"
    assert app.read("editable/lib/index.js") == "mine"


def test_what_sync_leaves_alone(app: Project, lib: Repository) -> None:
    git(app, "checkout", "--quiet", "-b", "topic")
    assert "topic" in outcome(app)["said"]
    git(app, "checkout", "--quiet", "--detach")
    assert outcome(app)["outcome"] == "skipped"
    git(app, "checkout", "--quiet", "main")
    app.write("graft.toml", asks(lib).replace('branch = "main"', 'tag = "v1"'))
    assert "v1" in outcome(app)["said"]
    # A worktree of somebody's repository, or a link to one, is not this project's own.
    elsewhere = app.machine.root / "elsewhere"
    app.write("graft.toml", asks(lib))
    app.path("editable/lib").rename(elsewhere)
    app.path("editable/lib").symlink_to(elsewhere)
    lib.commit("two", dependencies={"a": "^1"})
    assert outcome(app)["outcome"] == "skipped"
    assert "one" in (elsewhere / "index.js").read_text()


def _change(app: Project) -> None:
    app.write("editable/lib/index.js", "mine")


def _add(app: Project) -> None:
    app.write("editable/lib/new.js", "")


def _commit(app: Project) -> None:
    git(app, "commit", "--quiet", "--allow-empty", "--message", "own")


def _branch(app: Project) -> None:
    git(app, "checkout", "--quiet", "-b", "topic")
    _commit(app)
    git(app, "checkout", "--quiet", "main")


def _detach(app: Project) -> None:
    git(app, "checkout", "--quiet", "--detach")
    _commit(app)


def _stash(app: Project) -> None:
    _change(app)
    git(app, "stash")


def _worktree(app: Project) -> None:
    git(app, "worktree", "add", "--quiet", "-b", "side", str(app.machine.root / "side"))


@pytest.mark.parametrize(
    "work", [_change, _add, _commit, _branch, _detach, _stash, _worktree], ids=lambda f: f.__name__
)
def test_no_work_is_thrown_away_without_force(app: Project, work: Any) -> None:
    work(app)
    failed = app.graft("remove", "lib", "--json", check=False)
    assert failed.json["error"]["code"] == "editable-has-work" and failed.json["error"]["why"]
    assert app.exists("editable/lib/.git") and "lib" in app.read("graft.toml")


def test_a_clone_without_work_goes_with_its_line(app: Project) -> None:
    assert app.graft("remove", "lib", "--dry-run").code == 0 and app.exists("editable/lib")
    app.graft("remove", "lib")
    assert not app.exists("editable") and not app.exists("node_modules/lib")


def test_force_throws_work_away(app: Project) -> None:
    _change(app)
    app.graft("remove", "lib", "--force")
    assert not app.exists("editable")


def test_what_is_behind_a_link_stays_when_its_line_goes(app: Project) -> None:
    elsewhere = app.machine.root / "elsewhere"
    app.path("editable/lib").rename(elsewhere)
    app.path("editable/lib").symlink_to(elsewhere)
    app.graft("remove", "lib", "--force")
    assert not app.exists("editable/lib") and (elsewhere / "index.js").exists()


def test_only_what_git_says_can_be_editable(project: Project) -> None:
    project.write("graft.toml", '[dependencies]\nlib = { version = "1", editable = true }\n')
    assert "editable" in project.graft("install", check=False).stderr
    assert project.graft("add", "--editable", "lib", check=False).code
    assert project.graft("sync", "other", check=False).code


def test_a_clone_is_not_published(app: Project) -> None:
    packed = app.graft("pack", "--dry-run", "--json").stdout
    assert "package.json" in packed and "editable/" not in packed


def test_the_next_command_clears_what_a_kill_left(app: Project) -> None:
    app.path("editable/lib").rename(app.path("editable/.tmp-1-lib"))
    app.graft("install")
    assert [Path(found).name for found in app.path("editable").iterdir()] == ["lib"]
