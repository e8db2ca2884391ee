"""Workspaces: several packages, one lock, and a ``node_modules`` for each."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


def member(
    project: Project, path: str, name: str, version: str = "1.0.0", **fields: object
) -> None:
    project.write(f"{path}/package.json", {"name": name, "version": version, **fields})
    project.write(f"{path}/index.js", f"exports.from = {path!r};")


@pytest.fixture
def workspace(project: Project, registry: LocalRegistry) -> Project:
    """``@acme/core``, and ``web`` which uses it; both need packages of their own."""
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0")
    registry.publish("b@2.0.0")
    project.manifest(workspaces=["packages/*"], dependencies={"b": "2"})
    member(project, "packages/core", "@acme/core", dependencies={"b": "^1"}, bin="index.js")
    member(project, "packages/web", "web", dependencies={"a": "^1", "@acme/core": "workspace:*"})
    return project


def loaded(project: Project, folder: str, name: str) -> str:
    script = f"console.log(require({(name + '/package.json')!r}).version)"
    return project.node(script, cwd=folder)


def test_every_member_gets_what_it_asks_for(workspace: Project) -> None:
    workspace.graft("install")
    assert loaded(workspace, ".", "b") == "2.0.0"
    assert loaded(workspace, "packages/core", "b") == "1.0.0"
    assert loaded(workspace, "packages/web", "a") == "1.0.0"
    assert workspace.node("console.log(require('@acme/core').from)", cwd="packages/web") == (
        "packages/core"
    )
    assert workspace.links("packages/web")["@acme/core"] == "../../../core"
    assert workspace.links("packages/web")[".bin/core"] == "../@acme/core/index.js"
    assert workspace.lock["importers"]["packages/web"]["@acme/core"] == [
        "prod",
        "workspace:*",
        "@acme/core@link:packages/core",
    ]
    assert workspace.lock["nodes"]["@acme/core@link:packages/core"] == {
        "origin": "link:packages/core"
    }


def test_a_second_install_has_nothing_to_do(workspace: Project) -> None:
    workspace.graft("install")
    lock = workspace.read("graft-lock.json")
    assert workspace.graft("install", "--json").json["upToDate"]
    assert workspace.graft("ci", "--json", cwd="packages/web").json["upToDate"]
    assert workspace.read("graft-lock.json") == lock


# What a workspace is


def test_pnpms_file_lists_members_too(project: Project) -> None:
    project.write("pnpm-workspace.yaml", "packages:\n  - 'libs/**'\n  - '!**/skipped'\n")
    member(project, "libs/deep/one", "one")
    member(project, "libs/skipped", "skipped")
    member(project, "libs/two", "two", dependencies={"one": "workspace:^"})
    project.graft("install")
    assert list(project.lock["importers"]) == [".", "libs/deep/one", "libs/two"]


@pytest.mark.parametrize(
    ("patterns", "paths"),
    [
        (["./packages/a/"], ["packages/a"]),
        (["packages/{a,b}"], ["packages/a", "packages/b"]),
        (["packages/?"], ["packages/a", "packages/b"]),
        (["packages/[!a]"], ["packages/b"]),
        (["**"], ["packages/a", "packages/a/inner", "packages/b"]),
        (["packages/**", "!packages/a/**"], ["packages/b"]),
        (["packages/*", "!packages/*", "packages/b"], ["packages/b"]),
        (["packages/none", "*"], []),
    ],
)
def test_patterns(project: Project, patterns: list[str], paths: list[str]) -> None:
    for path in ("packages/a", "packages/a/inner", "packages/b", "packages/.hidden"):
        member(project, path, path.replace("/", "-").replace(".", ""))
    member(project, "packages/b/node_modules/no", "no")
    project.write("packages/empty/readme", "")
    project.path("packages/link").symlink_to("a")
    project.manifest(workspaces={"packages": patterns})
    project.graft("install", "--lockfile-only")
    assert list(project.lock["importers"]) == [".", *paths]


def test_a_folder_that_the_root_does_not_list_is_a_project_of_its_own(workspace: Project) -> None:
    member(workspace, "other/tool", "tool")
    workspace.graft("install", cwd="other/tool")
    assert workspace.exists("other/tool/graft-lock.json")
    assert not workspace.exists("graft-lock.json")


def test_two_members_of_one_name(workspace: Project) -> None:
    member(workspace, "packages/copy", "web")
    error = workspace.graft("install", "--json", check=False).json["error"]
    assert error["code"] == "workspace-invalid"
    assert error["where"].endswith("packages/web/package.json")
    assert "packages/copy/package.json" in error["why"][0]


@pytest.mark.parametrize("said", ["packages/*", [1], ["../other"]])
def test_a_list_that_makes_no_sense(project: Project, said: object) -> None:
    project.manifest(workspaces=said)
    assert project.graft("install", check=False).code == 74


def test_a_member_that_cannot_be_read_is_named(workspace: Project) -> None:
    workspace.write("packages/web/package.json", "{")
    failed = workspace.graft("install", "--json", check=False).json["error"]
    assert failed["code"] == "manifest-unreadable"
    assert failed["where"].endswith("packages/web/package.json")


def test_a_member_that_is_a_link_out_of_the_project_is_none(workspace: Project) -> None:
    outside = workspace.sibling("outside")
    workspace.path("packages/out").symlink_to(outside.dir)
    workspace.graft("install")
    assert "packages/out" not in workspace.lock["importers"]
    assert not outside.exists("node_modules")


# Members that need each other


@pytest.mark.parametrize(
    ("specifier", "link"),
    [
        ("workspace:*", True),
        ("workspace:^", True),
        ("workspace:~", True),
        ("workspace:^1.0.0", True),
        ("workspace:../core", True),
        ("^1.0.0", True),
        ("*", True),
        ("^2.0.0", False),
    ],
)
def test_what_leads_to_a_member(
    workspace: Project, registry: LocalRegistry, specifier: str, link: bool
) -> None:
    registry.publish("@acme/core@2.0.0")
    workspace.manifest("packages/web", dependencies={"@acme/core": specifier})
    workspace.graft("install")
    target = workspace.links("packages/web")["@acme/core"]
    assert (target == "../../../core") is link
    assert workspace.graft("ci", "--json").json["upToDate"]


def test_a_member_under_another_name(workspace: Project) -> None:
    workspace.manifest("packages/web", dependencies={"heart": "workspace:@acme/core@*"})
    workspace.graft("install")
    assert workspace.links("packages/web")["heart"] == "../../core"


def test_an_unknown_member_lists_those_there_are(workspace: Project) -> None:
    workspace.manifest("packages/web", dependencies={"@acme/cor": "workspace:*"})
    error = workspace.graft("install", "--json", check=False).json["error"]
    assert (error["code"], error["fix"]) == ("member-unknown", "did you mean '@acme/core'?")
    assert error["why"][1] == "it has @acme/core, app, web"


def test_a_member_out_of_the_range_that_is_asked_of_it(workspace: Project) -> None:
    workspace.manifest("packages/web", dependencies={"@acme/core": "workspace:^2"})
    error = workspace.graft("install", "--json", check=False).json["error"]
    assert error["code"] == "no-matching-version"
    assert "1.0.0" in error["message"]


def test_members_may_need_each_other_in_a_cycle_and_themselves(workspace: Project) -> None:
    workspace.manifest(
        "packages/core", dependencies={"web": "workspace:*", "@acme/core": "workspace:*"}
    )
    workspace.graft("install")
    assert workspace.links("packages/core")["web"] == "../../web"
    script = "console.log(require('web').from, require('@acme/core').from)"
    assert workspace.node(script, cwd="packages/core") == "packages/web packages/core"


def test_a_member_that_left_the_range_is_resolved_anew(
    workspace: Project, registry: LocalRegistry
) -> None:
    registry.publish("@acme/core@1.5.0")
    workspace.manifest("packages/web", dependencies={"@acme/core": "^1.0.0"})
    workspace.graft("install")
    workspace.manifest("packages/core", version="2.0.0")
    assert workspace.graft("ci", check=False).code == 11
    workspace.graft("install")
    assert loaded(workspace, "packages/web", "@acme/core") == "1.5.0"


def test_what_a_registrys_package_asks_for_is_no_member(
    workspace: Project, registry: LocalRegistry
) -> None:
    registry.publish("web@1.0.0")
    registry.publish("user@1.0.0", dependencies={"web": "^1"})
    workspace.manifest("packages/core", dependencies={"user": "1"})
    workspace.graft("install")
    assert "web@1.0.0" in workspace.lock["nodes"]


# Peers


def test_one_package_has_the_peers_of_each_member(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("react@17.0.2")
    registry.publish("react@18.3.1")
    registry.publish("hooks@1.0.0", peers={"react": ">=17"})
    project.manifest(workspaces=["apps/*"])
    for name, version in (("old", "17.0.2"), ("new", "18.3.1")):
        member(project, f"apps/{name}", name, dependencies={"react": version, "hooks": "1"})
    project.graft("install")
    script = """
        const own = require.resolve("hooks/package.json");
        console.log(require(require.resolve("react/package.json", {paths: [own]})).version)"""
    assert project.node(script, cwd="apps/old") == "17.0.2"
    assert project.node(script, cwd="apps/new") == "18.3.1"
    assert list(project.lock["nodes"]) == [
        "hooks@1.0.0(react@17.0.2)",
        "hooks@1.0.0(react@18.3.1)",
        "react@17.0.2",
        "react@18.3.1",
    ]


def test_a_members_peer_is_what_the_others_chose(project: Project, registry: LocalRegistry) -> None:
    registry.publish("react@18.0.0")
    registry.publish("react@19.0.0")
    project.manifest(workspaces=["packages/*"])
    member(project, "packages/a-ui", "ui", peerDependencies={"react": ">=17"})
    member(project, "packages/web", "web", dependencies={"react": "18.0.0", "ui": "workspace:*"})
    project.graft("install")
    assert loaded(project, "packages/a-ui", "react") == "18.0.0"


def test_a_peer_is_met_by_a_member_of_this_checkout_alone(
    workspace: Project, registry: LocalRegistry
) -> None:
    """conventions.md 1.1: a green run that verified the wrong tree."""
    registry.publish("plugin@1.0.0", peers={"@acme/core": "^1"})
    workspace.manifest("packages/web", dependencies={"plugin": "1", "@acme/core": "workspace:*"})
    workspace.graft("install")
    second = workspace.sibling("second")
    for path in ("package.json", "graft-lock.json", "packages/core/package.json"):
        second.write(path, workspace.read(path))
    second.write("packages/web/package.json", workspace.read("packages/web/package.json"))
    second.graft("ci")
    script = """
        const own = require.resolve("plugin/package.json");
        console.log(require.resolve("@acme/core/package.json", {paths: [own]}))"""
    for checkout in (workspace, second):
        found = checkout.node(script, cwd="packages/web")
        assert found == str(checkout.path("packages/core/package.json"))


def test_a_missing_peer_is_a_member_before_a_stranger_of_that_name(
    workspace: Project, registry: LocalRegistry
) -> None:
    registry.publish("@acme/core@1.9.0")
    registry.publish("plugin@1.0.0", peers={"@acme/core": "^1"})
    workspace.manifest("packages/web", dependencies={"plugin": "1"})
    workspace.graft("install")
    assert "@acme/core@1.9.0" not in workspace.lock["nodes"]


# Nothing to do, and something


def test_an_edited_member_is_never_up_to_date(workspace: Project) -> None:
    workspace.graft("install")
    workspace.manifest("packages/core", dependencies={"b": "^2"})
    assert workspace.graft("ci", check=False).code == 11
    workspace.graft("install")
    assert loaded(workspace, "packages/core", "b") == "2.0.0"


def test_a_new_member_is_never_up_to_date(workspace: Project) -> None:
    workspace.graft("install")
    member(workspace, "packages/new", "new")
    assert workspace.graft("ci", check=False).code == 11
    workspace.graft("install")
    assert "packages/new" in workspace.lock["importers"]


def test_a_removed_member_is_never_up_to_date(workspace: Project) -> None:
    workspace.graft("install")
    workspace.remove("packages/web")
    assert workspace.graft("ci", check=False).code == 11
    workspace.graft("install")
    assert "packages/web" not in workspace.lock["importers"]


def test_a_link_that_a_member_lost_is_put_back(workspace: Project) -> None:
    workspace.graft("install")
    workspace.remove("packages/web/node_modules/a")
    assert not workspace.graft("install", "--json").json["upToDate"]
    assert loaded(workspace, "packages/web", "a") == "1.0.0"


def test_a_second_checkout_gets_the_same(workspace: Project, registry: LocalRegistry) -> None:
    workspace.graft("install")
    second = workspace.sibling("second")
    for path in ("", "packages/core/", "packages/web/"):
        second.write(f"{path}package.json", workspace.read(f"{path}package.json"))
    second.write("graft-lock.json", workspace.read("graft-lock.json"))
    second.write("packages/core/index.js", "exports.from = 'second';")
    registry.close()
    second.graft("ci", cwd="packages/web")
    script = "console.log(require('@acme/core').from, require('a/package.json').version)"
    assert second.node(script, cwd="packages/web") == "second 1.0.0"
    assert workspace.graft("install", "--json").json["upToDate"]


def test_development_is_left_out_for_all_members(workspace: Project) -> None:
    workspace.manifest("packages/core", devDependencies={"a": "1"})
    workspace.graft("install", "--prod")
    assert "a" not in workspace.links("packages/core")
    assert "b" in workspace.links("packages/core")


def test_commands_in_a_member_edit_that_member(workspace: Project) -> None:
    workspace.graft("install")
    workspace.graft("add", "b@^2", cwd="packages/web")
    assert workspace.json("packages/web/package.json")["dependencies"]["b"] == "^2"
    assert workspace.json("package.json")["dependencies"] == {"b": "2"}
    assert loaded(workspace, "packages/web", "b") == "2.0.0"
    workspace.graft("remove", "a", cwd="packages/web")
    assert not workspace.exists("packages/web/node_modules/a")


# Overrides


def test_rules_of_the_root_count_for_members(workspace: Project) -> None:
    workspace.manifest(overrides={"@acme/core": {"b": "2.0.0"}})
    workspace.graft("install")
    assert loaded(workspace, "packages/core", "b") == "2.0.0"
    assert workspace.graft("ci", "--json").json["upToDate"]


def test_an_override_may_lead_to_a_member(workspace: Project, registry: LocalRegistry) -> None:
    registry.publish("user@1.0.0", dependencies={"c": "^1"})
    registry.publish("c@1.0.0")
    member(workspace, "packages/c", "c", "7.0.0")
    workspace.manifest(overrides={"c": "workspace:*"}, dependencies={"user": "1"})
    workspace.graft("install")
    assert "c@1.0.0" not in workspace.lock["nodes"]
    assert workspace.graft("ci", "--json").json["upToDate"]
    script = """
        const own = require.resolve("user/package.json");
        console.log(require(require.resolve("c/package.json", {paths: [own]})).version)"""
    assert workspace.node(script) == "7.0.0"


# Editing


def test_a_member_is_added_as_a_member(workspace: Project) -> None:
    workspace.graft("add", "web", cwd="packages/core")
    dependencies = workspace.json("packages/core/package.json")["dependencies"]
    assert dependencies == {"b": "^1", "web": "workspace:^"}
    workspace.graft("add", "web@workspace:*", cwd="packages/core")
    assert workspace.json("packages/core/package.json")["dependencies"]["web"] == "workspace:*"
    error = workspace.graft("add", "--workspace", "wep", "--json", check=False).json["error"]
    assert (error["code"], error["fix"]) == ("member-unknown", "did you mean 'web'?")


def test_the_root_may_be_edited_from_a_members_folder(workspace: Project) -> None:
    workspace.graft("add", "-w", "a@^1", cwd="packages/core")
    assert workspace.json("package.json")["dependencies"] == {"a": "^1", "b": "2"}
    workspace.graft("remove", "--workspace-root", "a", cwd="packages/core")
    assert workspace.json("package.json")["dependencies"] == {"b": "2"}


def test_a_folder_is_added_relative_to_the_member(workspace: Project) -> None:
    workspace.manifest("packages/core/tools", name="tools")
    workspace.graft("add", "./tools", cwd="packages/core")
    assert workspace.links("packages/core")["tools"] == "../tools"


# Looking


def test_ls_is_about_the_folder_it_is_called_in(workspace: Project) -> None:
    workspace.graft("install")
    assert workspace.graft("ls").stdout.splitlines() == ["b@2.0.0"]
    assert workspace.graft("ls", "--depth", "1", cwd="packages/web").stdout.splitlines() == [
        "@acme/core@link:packages/core",
        "  b@1.0.0",
        "a@1.0.0",
        "  b@1.0.0",
    ]


def test_ls_of_all_members(workspace: Project) -> None:
    workspace.graft("install")
    assert workspace.graft("ls", "-r").stdout.splitlines() == [
        ".",
        "  b@2.0.0",
        "packages/core",
        "  b@1.0.0",
        "packages/web",
        "  @acme/core@link:packages/core",
        "  a@1.0.0",
    ]
    shown = workspace.graft("ls", "--filter", "web", "--json").json["importers"]
    assert list(shown["packages/web"]["dependencies"]) == ["@acme/core", "a"]


def test_why_names_the_member_that_asks(workspace: Project) -> None:
    workspace.graft("install")
    assert workspace.graft("why", "b@1.0.0").stdout.splitlines() == [
        "b@1.0.0",
        "  packages/core/package.json asks for b@^1: b@1.0.0",
        "  packages/web/package.json asks for a@^1: a@1.0.0",
        "    a@1.0.0 asks for b@1: b@1.0.0",
    ]
    (reason,) = workspace.graft("why", "@acme/core", "--json").json
    assert reason["chains"][0]["importer"] == "packages/web"


def test_the_command_of_a_member_can_be_run(project: Project, tmp_path: Path) -> None:
    """Version control may not have its bit. A file that lies elsewhere keeps the mode it has."""
    outside = tmp_path / "outside.sh"
    outside.write_text("#!/bin/sh\n")
    outside.chmod(0o644)
    project.manifest(private=True, workspaces=["packages/*"])
    bins = {"hello": "cli.sh", "strange": "strange.sh", "later": "dist/later.sh"}
    project.manifest("packages/tool", name="tool", bin=bins)
    project.write("packages/tool/cli.sh", "#!/bin/sh\necho hello\n")
    project.path("packages/tool/strange.sh").symlink_to(outside)
    project.manifest("packages/user", name="user", dependencies={"tool": "workspace:*"})
    project.graft("install")
    assert project.graft("exec", "hello", cwd="packages/user").stdout == "hello\n"
    assert stat.S_IMODE(outside.stat().st_mode) == 0o644
