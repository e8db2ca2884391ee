"""From nothing to a team's packages in a project, and whatever happens upstream after that."""

from __future__ import annotations

import json

import pytest

from harness.command import GRAFT
from harness.index_team import IndexTeam
from harness.machine import Machine
from harness.project import Project

TOOL = "pkgs/@acme/t/tool.toml"


def lib(version: str) -> dict[str, str]:
    """A package with a package.json."""
    return {
        "package.json": f'{{"name": "@base/lib", "version": "{version}"}}',
        "index.js": f"module.exports = 'lib {version}'",
    }


def tool(version: str, needs: str) -> dict[str, str]:
    """A package with a graft.toml alone, that depends on the other team's."""
    return {
        "graft.toml": f"""\
[package]
namespace = "acme"
name = "tool"
version = "{version}"

[dependencies.base]
lib = "{needs}"

[indices]
base = "https://git.example.com/base.git"
""",
        "index.js": f"module.exports = 'tool {version} on ' + require('@base/lib')",
    }


@pytest.fixture
def base(machine: Machine) -> IndexTeam:
    team = IndexTeam(machine, "base")
    team.publish(lib("1.0.0"))
    team.publish(lib("1.1.0"))
    return team


@pytest.fixture
def acme(machine: Machine) -> IndexTeam:
    team = IndexTeam(machine, "acme")
    team.publish(tool("1.0.0", "1.0.0"))
    return team


@pytest.fixture(params=["package.json", "graft.toml alone"])
def user(
    request: pytest.FixtureRequest, project: Project, acme: IndexTeam, base: IndexTeam
) -> Project:
    if request.param == "graft.toml alone":
        project.remove("package.json")
    project.write("graft.toml", f'[indices]\nacme = "{acme.url}"\nbase = "{base.url}"\n')
    return project


def pins(user: Project) -> list[str]:
    return [pin["commit"] for _, pin in sorted(user.lock["indices"].items())]


def said(user: Project) -> str:
    """What the tool says when it is run."""
    folder = "@acme/tool" if user.exists("package.json") else "./packages/@acme/tool"
    return user.node(f"console.log(require('{folder}'))")


def away(user: Project) -> None:
    for folder in ("node_modules", "packages"):
        if user.exists(folder):
            user.remove(folder)


def test_from_nothing_to_a_package_that_outlives_what_happens_upstream(
    user: Project, acme: IndexTeam, base: IndexTeam
) -> None:
    toml = user.read("graft.toml")
    outcomes = set()
    for spelling in ("acme:tool@1.0.0", "@acme/tool", "acme.tool@1.0.0"):
        user.write("graft.toml", toml)
        done = user.graft("add", spelling)
        assert ("namespace-dotted" in done.stderr) == spelling.startswith("acme.")
        outcomes.add((user.read("graft.toml"), user.read("graft-lock.json")))
    ((manifest, first),) = outcomes
    assert manifest == f'{toml}\n[dependencies.acme]\ntool = "1.0.0"\n'
    assert said(user) == "tool 1.0.0 on lib 1.0.0"

    # Upstream goes on, and nobody here sees it until they ask.
    base.publish(lib("1.2.0"))
    acme.publish(tool("1.1.0", "1.2.0"))
    away(user)
    user.graft("install")
    assert (user.read("graft-lock.json"), said(user)) == (first, "tool 1.0.0 on lib 1.0.0")
    user.graft("index", "update")
    assert user.lock["nodes"] == json.loads(first)["nodes"]
    assert pins(user) == [acme.git("rev-parse", "HEAD"), base.git("rev-parse", "HEAD")]
    moved = user.read("graft-lock.json")
    user.graft("install")
    assert (user.read("graft-lock.json"), said(user)) == (moved, "tool 1.0.0 on lib 1.0.0")
    user.graft("update")
    assert said(user) == "tool 1.1.0 on lib 1.2.0"

    # The repository forgets what is pinned: that is called out, and nothing needs it.
    second = user.read("graft-lock.json")
    base.git("checkout", "--quiet", "--orphan", "other")
    base.git("commit", "--quiet", "--message", "squashed")
    base.git("branch", "--quiet", "--force", "-M", "main")
    base.push()
    user.machine.run(["git", f"--git-dir={base.bare}", "gc", "--quiet", "--prune=now"])
    away(user)
    user.graft("install", "--offline")
    assert (user.read("graft-lock.json"), said(user)) == (second, "tool 1.1.0 on lib 1.2.0")
    lost = pins(user)[1]
    elsewhere = {"GRAFT_HOME": str(user.machine.root / "another")}
    gone = user.graft("ci", "--json", env=elsewhere, check=False).json["error"]
    assert gone["code"] == "index-commit-gone" and lost in str(gone)
    refusal = user.graft("index", "update", "--json", check=False).json["error"]
    assert refusal["code"] == "index-rewritten" and "history was rewritten" in str(refusal)
    assert user.read("graft-lock.json") == second

    # What was published is changed: the team's own gate refuses it, and so do those who use it.
    last = [line for line in acme.text(TOOL).splitlines() if line.startswith("sha256")][-1]
    acme.change(TOOL, last, 'sha256 = "' + "0" * 64 + '"')
    gate = acme.machine.run(
        [*GRAFT, "index", "check", "HEAD~1", "HEAD"], cwd=acme.root, check=False
    )
    assert gate.code == 1 and "digest-changed acme:tool@1.1.0" in gate.stdout
    for command in (("index", "update", "acme"), ("update",)):
        refusal = user.graft(*command, "--json", check=False).json["error"]
        assert refusal["code"] == "index-rewritten", command
    assert user.read("graft-lock.json") == second
    user.graft("ci", "--offline")
    assert said(user) == "tool 1.1.0 on lib 1.2.0"
