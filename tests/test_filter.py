"""``--filter``: which members of a workspace a selector means."""

from __future__ import annotations

import subprocess

import pytest

from harness.project import Project


@pytest.fixture
def workspace(project: Project) -> Project:
    """``web`` and ``admin`` need ``@acme/ui``, which needs ``@acme/core``; ``lone`` is alone."""
    project.manifest(workspaces=["apps/*", "packages/*", "lone"])
    for path, name, needs in (
        ("apps/web", "web", ["@acme/ui"]),
        ("apps/admin", "admin", ["@acme/ui"]),
        ("packages/ui", "@acme/ui", ["@acme/core"]),
        ("packages/core", "@acme/core", []),
        ("lone", "lone", []),
    ):
        project.manifest(
            path, name=name, dependencies=dict.fromkeys(needs, "workspace:*"), scripts={"p": "pwd"}
        )
    return project


def selected(project: Project, *filters: str, cwd: str = ".") -> set[str]:
    flags = [f"--filter={text}" for text in filters] or ["-r"]
    said = project.graft(
        "exec", *flags, "--workspace-concurrency", "1", "--", "pwd", cwd=cwd
    ).stdout.splitlines()
    return {str(line).removeprefix(f"{project.dir}/") for line in said}


ALL = {"apps/web", "apps/admin", "packages/ui", "packages/core", "lone"}


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        ([], ALL),
        (["web"], {"apps/web"}),
        (["@acme/*"], {"packages/ui", "packages/core"}),
        (["ui"], {"packages/ui"}),
        (["*"], ALL | {"."}),
        (["web..."], {"apps/web", "packages/ui", "packages/core"}),
        (["web^..."], {"packages/ui", "packages/core"}),
        (["...@acme/core"], {"packages/core", "packages/ui", "apps/web", "apps/admin"}),
        (["...^@acme/core"], {"packages/ui", "apps/web", "apps/admin"}),
        (["...@acme/ui..."], {"packages/core", "packages/ui", "apps/web", "apps/admin"}),
        (["./apps/web"], {"apps/web"}),
        (["./apps"], {"apps/web", "apps/admin"}),
        (["{apps/*}"], {"apps/web", "apps/admin"}),
        (["{packages}..."], {"packages/ui", "packages/core"}),
        (["@acme/*{packages/ui}"], {"packages/ui"}),
        (["web", "lone"], {"apps/web", "lone"}),
        (["!web"], ALL - {"apps/web"}),
        (["{apps}", "!admin"], {"apps/web"}),
        (["!@acme/ui..."], {"apps/web", "apps/admin", "lone"}),
        (["nobody"], set()),
    ],
)
def test_selectors(workspace: Project, filters: list[str], paths: set[str]) -> None:
    found = {path if path != str(workspace.dir) else "." for path in selected(workspace, *filters)}
    assert found == paths


def test_folders_are_relative_to_where_graft_is_called(workspace: Project) -> None:
    assert selected(workspace, "./web", cwd="apps") == {"apps/web"}
    assert selected(workspace, ".", cwd="apps/web") == {"apps/web"}
    assert selected(workspace, "../../lone", cwd="apps/web") == {"lone"}


def test_what_changed_since_a_reference(workspace: Project) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", *arguments],
            cwd=workspace.dir,
            env=workspace.machine.environment(),
            check=True,
            capture_output=True,
        )

    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    git("tag", "before")
    workspace.write("packages/core/index.js", "")
    git("add", ".")
    git("commit", "-m", "second")
    workspace.write("lone/untracked.js", "")
    assert selected(workspace, "[before]") == {"packages/core", "lone"}
    assert selected(workspace, "[HEAD]") == {"lone"}
    assert selected(workspace, "...[before]") == ALL
    assert selected(workspace, "@acme/*[before]") == {"packages/core"}
    failed = workspace.graft("exec", "--filter=[nowhere]", "pwd", "--json", check=False)
    assert failed.code == 2
    assert "nowhere" in failed.stderr + failed.stdout
    assert workspace.graft("exec", "--filter=[--output=x]", "pwd", check=False).code == 2
    assert not workspace.exists("x")


@pytest.mark.parametrize("text", ["", "!", "a[b", "{}", "..."])
def test_a_selector_that_makes_no_sense(workspace: Project, text: str) -> None:
    assert workspace.graft("exec", f"--filter={text}", "pwd", check=False).code == 2


def test_nothing_selected_is_said_and_may_be_a_failure(workspace: Project) -> None:
    done = workspace.graft("exec", "--filter", "nobody", "pwd")
    assert "no member is selected by nobody" in done.stderr
    flags = ("--filter", "nobody", "--fail-if-no-match")
    assert workspace.graft("exec", *flags, "pwd", check=False).code == 2
