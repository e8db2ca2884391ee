"""Projects that ask for one version of each package, from npm's registries."""

from __future__ import annotations

from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def flat(project: Project) -> Project:
    project.manifest(resolution="flat")
    return project


@pytest.fixture
def torn(flat: Project, registry: LocalRegistry) -> Project:
    """``a`` and ``b`` have no version of ``c`` in common."""
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0"})
    registry.publish("b@1.0.0", dependencies={"c": "^2.0.0"})
    for version in ("1.0.0", "1.5.0", "2.0.0", "2.1.0", "3.0.0"):
        registry.publish(f"c@{version}")
    flat.manifest(dependencies={"a": "^1.0.0", "b": "^1.0.0"})
    return flat


def nodes(project: Project) -> list[str]:
    return sorted(project.lock["nodes"])


def refused(project: Project, *command: str) -> Any:
    """The error of a command that changes nothing."""
    before = snapshot(project.dir)
    result = project.graft(*(command or ("install",)), "--json", check=False)
    assert snapshot(project.dir) == before
    assert result.code == 29
    return result.json["error"]


def test_there_is_one_version_of_each_package(flat: Project, registry: LocalRegistry) -> None:
    """The newest d suits b alone: nested, there would be two."""
    registry.publish("b@1.0.0", dependencies={"d": "^1.0.0"})
    registry.publish("c@1.0.0", dependencies={"d": "~1.1.0"})
    for version in ("1.0.0", "1.1.0", "1.1.1", "1.2.0"):
        registry.publish(f"d@{version}")
    flat.manifest(dependencies={"b": "1", "c": "1"})
    flat.graft("install")
    assert nodes(flat) == ["b@1.0.0", "c@1.0.0", "d@1.1.1"]
    assert flat.lock["resolution"] == "flat"
    assert flat.node('console.log(require("b").requires("d").version)') == "1.1.1"
    nested = flat.sibling("nested", dependencies={"b": "1", "c": "1"})
    nested.graft("install")
    assert nodes(nested) == ["b@1.0.0", "c@1.0.0", "d@1.1.1", "d@1.2.0"]


@pytest.mark.parametrize("how", ["top", "beside-layout", "setting", "flag"])
def test_it_is_asked_for_as_a_layout_is(
    project: Project, registry: LocalRegistry, how: str
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    flags = []
    if how == "top":
        project.manifest(resolution="flat")
    elif how == "beside-layout":
        project.manifest(graft={"resolution": "flat"})
    elif how == "setting":
        project.write(".npmrc", "resolution=flat\n")
    else:
        flags = ["--resolution", "flat"]
    project.graft("install", *flags)
    assert project.lock["resolution"] == "flat"
    assert project.graft("install", *flags, "--json").json["lockChanged"] is False
    project.graft("ci", *flags)
    project.graft("install", "--resolution", "nested")
    assert "resolution" not in project.lock


def test_a_lock_that_was_made_otherwise_is_made_anew_but_not_by_ci(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    project.manifest(resolution="flat")
    refused = project.graft("ci", "--json", check=False)
    assert refused.code == 11
    assert refused.json["error"]["why"] == [
        "package.json asks for one version of each package, and the lock was made for versions "
        "side by side"
    ]
    project.graft("install")
    assert project.lock["resolution"] == "flat"
    before = project.read("graft-lock.json")
    project.graft("ci")
    project.graft("install")
    assert project.read("graft-lock.json") == before
    project.manifest(resolution="nested")
    project.graft("install")
    assert "resolution" not in project.lock


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"resolution": "flatt"}, "resolution is 'flatt', which is not nested, flat"),
        ({"graft": {"resolution": 1}}, "graft.resolution is 1, which is not nested, flat"),
        (
            {"resolution": "flat", "graft": {"resolution": "nested"}},
            "resolution is 'flat', and graft.resolution is 'nested'",
        ),
    ],
)
def test_another_word_is_an_error_that_names_the_file(
    project: Project, fields: dict[str, Any], reason: str
) -> None:
    project.manifest(**fields)
    said = project.graft("install", "--json", check=False).json["error"]
    assert said["code"] == "manifest-invalid"
    assert said["where"].endswith("app/package.json")
    assert said["why"] == [reason]


def test_two_versions_in_a_merged_lock_are_not_taken(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"c": "*"})
    registry.publish("b@1.0.0", dependencies={"c": "*"})
    registry.publish("c@1.0.0")
    flat.manifest(dependencies={"a": "1", "b": "1"})
    flat.graft("install")
    text = flat.read("graft-lock.json")
    line = next(line for line in text.splitlines() if line.startswith('"c@1.0.0"'))
    merged = text.replace(
        '"b@1.0.0": ', line.replace("1.0.0", "1.1.0").rstrip(",") + ',\n"b@1.0.0": '
    )
    flat.write("graft-lock.json", merged.replace('["*","c@1.0.0"]', '["*","c@1.1.0"]', 1))
    said = flat.graft("ci", "--json", check=False).json["error"]
    assert said["code"] == "lock-stale"
    assert said["why"] == [
        "package.json asks for one version of c, and the lock has c@1.0.0, c@1.1.0"
    ]


def test_a_conflict_is_derived_and_edits_that_work_are_offered(torn: Project) -> None:
    said = refused(torn)
    assert said["code"] == "flat-conflict"
    assert said["where"].endswith("app/package.json")
    assert said["why"] == [
        "Because a 1.0.0 asks for c@^1.0.0, and b 1.0.0 asks for c@^2.0.0, "
        "a 1.0.0 and b 1.0.0 cannot be chosen together.",
        "And because the project asks for a, b 1.0.0 cannot be chosen.",
        "And because the project asks for b, there is no answer.",
    ]
    assert said["fix"] == (
        'add "overrides": {"c": "2.1.0"} and test a: not what they ask for; '
        'or remove "resolution": "flat", and versions may live side by side'
    )
    torn.manifest(overrides={"c": "2.1.0"})
    torn.graft("install")
    assert nodes(torn) == ["a@1.0.0", "b@1.0.0", "c@2.1.0"]


def test_an_offered_override_is_what_most_ask_for(torn: Project, registry: LocalRegistry) -> None:
    """Below what b asks for at least: that is what npm's overrides do."""
    registry.publish("a2@1.0.0", dependencies={"c": "^1.2.0"})
    torn.manifest(dependencies={"a": "1", "a2": "1", "b": "1"})
    assert refused(torn)["fix"].startswith(
        'add "overrides": {"c": "1.5.0"} and test b: not what they ask for; or remove '
    )
    torn.manifest(overrides={"c": "1.5.0"})
    torn.graft("install")
    assert nodes(torn) == ["a2@1.0.0", "a@1.0.0", "b@1.0.0", "c@1.5.0"]


def test_several_overrides_are_found_together(torn: Project, registry: LocalRegistry) -> None:
    """Those alone that stand in the way, of packages that nested resolving has twice."""
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0", "d": "^1.0.0", "e": "*"})
    registry.publish("b@1.0.0", dependencies={"c": "^2.0.0", "d": "^2.0.0", "e": "~1.0.0"})
    for name in "de":
        for version in ("1.0.0", "1.1.0", "2.0.0"):
            registry.publish(f"{name}@{version}")
    assert 'add "overrides": {"c": "2.1.0", "d": "2.0.0"} and test a:' in refused(torn)["fix"]


def test_what_the_project_asks_for_is_what_a_peer_is_overridden_with(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("plugin@1.0.0", peers={"host": "^1.0.0"})
    registry.publish("host@1.0.0")
    registry.publish("host@2.0.0")
    flat.manifest(dependencies={"plugin": "1", "host": "2"})
    said = refused(flat)
    assert said["fix"].startswith(
        'ask for "host": "^1.0.0"; or add "overrides": {"host": "2.0.0"} and test plugin: '
    )
    flat.manifest(overrides={"host": "2.0.0"})
    flat.graft("install")
    assert nodes(flat) == ["host@2.0.0", "plugin@1.0.0(host@2.0.0)"]


def test_an_offered_override_speaks_of_aliases_too(torn: Project, registry: LocalRegistry) -> None:
    registry.publish("b@1.0.0", dependencies={"see": "npm:c@^2.0.0"})
    assert 'add "overrides": {"c": "2.1.0", "see": "npm:c@2.1.0"}' in refused(torn)["fix"]
    torn.manifest(overrides={"c": "2.1.0", "see": "npm:c@2.1.0"})
    torn.graft("install")
    assert nodes(torn) == ["a@1.0.0", "b@1.0.0", "c@2.1.0"]
    assert torn.node('console.log(require("b").requires("see").version)') == "2.1.0"


def test_a_peer_binds_and_is_brought(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("plugin@1.0.0", peers={"host": "^1.0.0"})
    registry.publish("plugin@2.0.0", peers={"host": "^2.0.0"})
    registry.publish("host@1.0.0")
    registry.publish("host@2.0.0")
    flat.manifest(dependencies={"plugin": "*"})
    flat.graft("install")
    assert nodes(flat) == ["host@2.0.0", "plugin@2.0.0(host@2.0.0)"]
    flat.manifest(dependencies={"plugin": "*", "host": "1"})
    flat.remove("graft-lock.json")
    flat.graft("install")
    assert nodes(flat) == ["host@1.0.0", "plugin@1.0.0(host@1.0.0)"]
    flat.manifest(dependencies={"plugin": "2", "host": "1"})
    assert "plugin 2.0.0 asks for host@^2.0.0" in " ".join(refused(flat)["why"])


def test_an_optional_peer_binds_and_is_not_brought(flat: Project, registry: LocalRegistry) -> None:
    meta = {"host": {"optional": True}}
    registry.publish("plugin@1.0.0", peers={"host": "^1.0.0"}, peers_meta=meta)
    registry.publish("host@1.0.0")
    registry.publish("host@2.0.0")
    registry.publish("user@1.0.0", dependencies={"host": "*"})
    flat.manifest(dependencies={"plugin": "1"})
    flat.graft("install")
    assert nodes(flat) == ["plugin@1.0.0"]
    flat.graft("add", "user")
    assert nodes(flat) == ["host@1.0.0", "plugin@1.0.0", "user@1.0.0"]


def test_legacy_peers_neither_bind_nor_come(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("plugin@1.0.0", peers={"host": "^2.0.0", "other": "1"})
    registry.publish("host@1.0.0")
    registry.publish("other@1.0.0")
    flat.manifest(dependencies={"plugin": "1", "host": "1"})
    flat.graft("install", "--legacy-peer-deps")
    assert nodes(flat) == ["host@1.0.0", "plugin@1.0.0(host@1.0.0)"]


def test_what_is_optional_is_left_out_where_it_cannot_be_had(
    flat: Project, registry: LocalRegistry
) -> None:
    """No such package, no such version, and one that goes with nothing else."""
    registry.publish(
        "a@1.0.0",
        dependencies={"c": "1"},
        optional={"nowhere": "1", "c-too-new": "9", "needs-c2": "1", "fine": "1"},
    )
    registry.publish("c@1.0.0")
    registry.publish("c@2.0.0")
    registry.publish("c-too-new@1.0.0")
    registry.publish("needs-c2@1.0.0", dependencies={"c": "2"})
    registry.publish("fine@1.0.0")
    flat.manifest(dependencies={"a": "1"}, optionalDependencies={"gone": "1", "needs-c2": "1"})
    said = flat.graft("install", "--json").json
    assert nodes(flat) == ["a@1.0.0", "c@1.0.0", "fine@1.0.0"]
    left_out = [note for note in said["notes"] if note["code"] == "optional-left-out"]
    assert [note["where"] for note in left_out] == [".", "a"]
    flat.graft("ci")
    assert flat.graft("install", "--json").json["lockChanged"] is False


def test_an_alias_is_the_package_that_it_names(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("real@1.0.0")
    registry.publish("real@1.1.0")
    registry.publish("a@1.0.0", dependencies={"other": "npm:real@~1.0.0"})
    flat.manifest(dependencies={"mine": "npm:real@^1.0.0", "a": "1"})
    flat.graft("install")
    assert nodes(flat) == ["a@1.0.0", "real@1.0.0"]
    assert flat.node('console.log(require("mine").version)') == "1.0.0"


def test_a_tag_is_what_it_names_and_stays_that(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@2.0.0-rc.1", tag="next")
    registry.publish("b@1.0.0", dependencies={"a": "next"})
    flat.manifest(dependencies={"a": "next", "b": "1"})
    said = flat.graft("install", "--json").json
    assert nodes(flat) == ["a@2.0.0-rc.1", "b@1.0.0"]
    assert said["notes"] == []
    registry.publish("a@2.0.0-rc.2", tag="next")
    registry.publish("c@1.0.0")
    flat.graft("add", "c")
    assert nodes(flat) == ["a@2.0.0-rc.1", "b@1.0.0", "c@1.0.0"]
    flat.graft("update")
    assert nodes(flat) == ["a@2.0.0-rc.2", "b@1.0.0", "c@1.0.0"]


def test_overrides_and_extensions_count(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0"})
    registry.publish("c@1.0.0")
    registry.publish("c@2.0.0")
    registry.publish("d@1.0.0")
    flat.manifest(
        dependencies={"a": "1"},
        overrides={"c": "2"},
        packageExtensions={"a": {"dependencies": {"d": "*"}}},
    )
    flat.graft("install")
    assert nodes(flat) == ["a@1.0.0", "c@2.0.0", "d@1.0.0"]
    flat.graft("ci")


def test_an_override_below_one_package_is_refused(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    flat.manifest(dependencies={"a": "1"}, overrides={"a": {"c": "2"}})
    said = flat.graft("install", "--json", check=False).json["error"]
    assert said["code"] == "override-unsupported"
    assert said["why"] == ["'a >> c' would hold below another package alone"]


def test_the_members_of_a_workspace_share_one_version(
    flat: Project, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        registry.publish(f"c@{version}")
    flat.manifest(workspaces=["packages/*"])
    flat.manifest("packages/x", dependencies={"c": "^1.0.0", "y": "workspace:*"})
    flat.manifest("packages/y", dependencies={"c": "~1.0.0"})
    flat.graft("install")
    assert nodes(flat) == ["c@1.0.0", "y@link:packages/y"]
    flat.manifest("packages/y", dependencies={"c": "2"})
    said = refused(flat)
    assert said["why"] == [
        "Because the project asks for c@^1.0.0 and c@2 (no version is in all of these), "
        "there is no answer."
    ]
    assert "packages/x/package.json, packages/y/package.json" in said["fix"]


def test_adding_keeps_what_there_is(flat: Project, registry: LocalRegistry) -> None:
    """And asks the registry for nothing that is in the lock."""
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0"})
    registry.publish("c@1.0.0")
    flat.manifest(dependencies={"a": "^1.0.0"})
    flat.graft("install")
    registry.publish("a@1.1.0", dependencies={"c": "^1.0.0"})
    registry.publish("c@1.1.0")
    registry.publish("b@1.0.0", dependencies={"c": "^1.0.0"})
    registry.clear_log()
    flat.graft("add", "b")
    assert nodes(flat) == ["a@1.0.0", "b@1.0.0", "c@1.0.0"]
    assert {request.path for request in registry.packument_requests} == {"/b"}
    flat.graft("remove", "a")
    assert nodes(flat) == ["b@1.0.0", "c@1.0.0"]
    flat.graft("update", "c")
    assert nodes(flat) == ["b@1.0.0", "c@1.1.0"]


def test_adding_moves_what_has_to_move(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0"})
    registry.publish("c@1.0.0")
    flat.manifest(dependencies={"a": "^1.0.0"})
    flat.graft("install")
    registry.publish("c@1.1.0")
    registry.publish("c@1.2.0")
    registry.publish("b@1.0.0", dependencies={"c": "^1.1.0"})
    flat.graft("add", "b")
    assert nodes(flat) == ["a@1.0.0", "b@1.0.0", "c@1.1.0"], "the nearest that will do"


def test_what_the_project_asks_for_does_not_get_older_unasked(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@1.1.0")
    registry.publish("b@1.0.0", dependencies={"a": "~1.0.0"})
    flat.manifest(dependencies={"a": "^1.0.0"})
    flat.graft("install")
    said = refused(flat, "add", "b")
    assert "a was 1.1.0 and may not change incompatibly" in " ".join(said["why"])
    assert 'ask for "a": "1.0.0"' in said["fix"]
    flat.manifest(dependencies={"a": "1.0.0"})
    flat.graft("add", "b")
    assert nodes(flat) == ["a@1.0.0", "b@1.0.0"]


def test_a_prerelease_that_nobody_names_is_taken_where_nothing_else_will_do(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0-beta.1"})
    registry.publish("c@1.0.0-beta.2")
    flat.manifest(dependencies={"a": "1"})
    said = flat.graft("install", "--json").json
    assert nodes(flat) == ["a@1.0.0", "c@1.0.0-beta.2"]
    (note,) = said["notes"]
    assert note["code"] == "prerelease-taken"
    assert note["where"] == "c"
    assert "a 1.0.0 asks for c@^1.0.0-beta.1" in " ".join(note["why"])
    registry.publish("b@1.0.0")
    assert flat.graft("add", "b", "--json").json["notes"] == [], "the lock names it now"
    registry.publish("c@1.0.0")
    flat.graft("update")
    assert "c@1.0.0" in nodes(flat)


def test_what_is_deprecated_or_past_latest_is_taken_last(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"c": "*", "d": "*"})
    registry.publish("c@1.0.0")
    registry.publish("c@1.1.0", deprecated="no")
    registry.publish("d@1.0.0")
    registry.publish("d@2.0.0")
    registry.tag("d", "latest", "1.0.0")
    flat.manifest(dependencies={"a": "1"})
    flat.graft("install")
    assert nodes(flat) == ["a@1.0.0", "c@1.0.0", "d@1.0.0"]


def test_a_stale_packument_is_asked_for_again_before_that_is_a_conflict(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    flat.manifest(dependencies={"a": "1"})
    flat.graft("install")
    registry.publish("a@2.0.0")
    flat.manifest(dependencies={"a": "2"})
    flat.graft("install")
    assert nodes(flat) == ["a@2.0.0"]


def test_a_folder_that_packages_come_from_is_their_one_version(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0"})
    registry.publish("c@1.0.0")
    flat.write("c/package.json", {"name": "c", "version": "1.5.0"})
    flat.manifest(dependencies={"a": "1", "c": "link:c"})
    said = flat.graft("install", "--json", check=False).json["error"]
    assert said["message"] == "c is asked for from more than one place"
    flat.manifest(overrides={"c": "link:c"})
    flat.graft("install")
    assert nodes(flat) == ["a@1.0.0", "c@link:c"]


def test_the_other_commands_take_the_lock_as_any_other(
    flat: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"c": "^1.0.0"})
    registry.publish("c@1.0.0")
    flat.manifest(dependencies={"a": "^1.0.0"})
    flat.graft("install")
    before = flat.read("graft-lock.json")
    assert flat.graft("ls", "--json").json
    assert flat.graft("why", "c", "--json").json
    assert flat.graft("outdated", "--json").json is not None
    for command in ("dedupe", "prune", "install"):
        flat.graft(command)
    for layout in ("isolated", "hoisted", "virtual"):
        flat.graft("ci", "--layout", layout)
        assert flat.node('console.log(require("a").requires("c").version)') == "1.0.0"
    assert flat.read("graft-lock.json") == before


def test_a_setting_does_not_speak_of_tools(torn: Project, registry: LocalRegistry) -> None:
    """They are nobody's dependencies, and made by people who had versions side by side."""
    registry.publish("tool@1.0.0", bin="cli.js", dependencies={"a": "1", "b": "1"})
    torn.write(".npmrc", "resolution=flat\n")
    assert torn.graft("x", "tool").stdout == "tool@1.0.0\n"


def test_advisories_are_found_for_it(flat: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    flat.manifest(dependencies={"a": "1"})
    flat.graft("install")
    assert flat.graft("audit", "--json", check=False).json
