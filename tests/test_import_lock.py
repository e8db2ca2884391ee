"""``graft import``, and an install in a project that another package manager has locked."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture(autouse=True)
def packages(project: Project, registry: LocalRegistry) -> None:
    """``a`` and ``b``, each with an old version, which the lock has, and a newer one."""
    for version in ("1.0.0", "1.1.0"):
        registry.publish(f"a@{version}", dependencies={"b": "^1"})
        registry.publish(f"b@{version}")
    project.manifest(dependencies={"a": "^1"})
    project.write("package-lock.json", npm_lock())


def npm_lock(**changes: Any) -> dict[str, Any]:
    """A lock of format 3 with a@1.0.0 and b@1.0.0. ``changes`` are entries below node_modules."""
    entries = {
        "": {"dependencies": {"a": "^1"}},
        "node_modules/a": {"version": "1.0.0", "dependencies": {"b": "^1"}},
        "node_modules/b": {"version": "1.0.0"},
    }
    entries |= {f"node_modules/{local}": entry for local, entry in changes.items()}
    return {"lockfileVersion": 3, "packages": entries}


YARN_WITH_NODE_GYP = (
    "__metadata:\n  version: 8\n\n"
    '"a@npm:^1":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n'
    '  dependencies:\n    b: "npm:^1"\n    node-gyp: "npm:latest"\n\n'
    '"b@npm:^1":\n  version: 1.0.0\n  resolution: "b@npm:1.0.0"\n\n'
    '"node-gyp@npm:latest":\n  version: 9.0.0\n  resolution: "node-gyp@npm:9.0.0"\n'
)
YARN = '"a@^1":\n  version "1.1.0"\n  dependencies:\n    b "^1"\n\nb@^1:\n  version "1.0.0"\n'


def nodes(project: Project) -> set[str]:
    return set(project.lock["nodes"])


def same(project: Project, name: str) -> Project:
    """Another project with the same package.json, and no lock."""
    other = project.sibling(name)
    other.write("package.json", project.read("package.json"))
    return other


def failed(project: Project, *arguments: str) -> dict[str, Any]:
    """The error of a command, which must leave no lock behind."""
    before = snapshot(project.dir)
    error: dict[str, Any] = project.graft(*arguments, "--json", check=False).json["error"]
    assert snapshot(project.dir) == before
    return error


# What import writes


def test_dry_run_writes_nothing(project: Project) -> None:
    before = snapshot(project.dir)
    said = project.graft("import", "--dry-run")
    assert "2 of 2 kept" in said.stderr
    assert "would write graft-lock.json: 2 packages" in said.stderr
    assert snapshot(project.dir) == before


def test_a_lock_of_grafts_own_is_replaced_only_by_force(project: Project) -> None:
    project.graft("install", "--lockfile-only")
    project.graft("update", "--lockfile-only")
    assert nodes(project) == {"a@1.1.0", "b@1.1.0"}
    assert failed(project, "import")["code"] == "lock-exists"
    said = project.graft("import", "--force", "--json").json
    assert (said["lockChanged"], nodes(project)) == (True, {"a@1.0.0", "b@1.0.0"})
    assert not project.graft("import", "--force", "--json").json["lockChanged"]


def test_what_import_wrote_is_what_install_would_have(project: Project) -> None:
    project.graft("import")
    imported = project.read("graft-lock.json")
    project.graft("ci")
    project.remove("graft-lock.json")
    project.remove("node_modules")
    project.graft("install")
    assert project.read("graft-lock.json") == imported


# Which lock


def test_without_a_lock_import_says_which_it_reads(project: Project) -> None:
    project.remove("package-lock.json")
    assert failed(project, "import")["code"] == "import-missing"
    project.write("bun.lockb", b"#!/usr/bin/env bun\n")
    assert "--save-text-lockfile" in failed(project, "import")["fix"]
    assert failed(project, "import", "yarn.lock")["code"] == "import-missing"
    error = failed(project, "import", "package.json")
    assert (error["code"], "pnpm-lock.yaml" in error["fix"]) == ("usage", True)


def test_of_several_locks_one_is_chosen_and_the_others_are_named(project: Project) -> None:
    project.write("yarn.lock", YARN)
    said = project.graft("import")
    assert "versions are those of yarn.lock" in said.stderr
    assert "not read: package-lock.json" in said.stderr
    assert nodes(project) == {"a@1.1.0", "b@1.0.0"}


def test_package_manager_decides_between_several(project: Project) -> None:
    project.write("yarn.lock", YARN)
    project.manifest(packageManager="npm@10.0.0+sha512.abc")
    assert project.graft("import", "--json").json["file"] == "package-lock.json"
    assert nodes(project) == {"a@1.0.0", "b@1.0.0"}


def test_a_named_file_is_read_wherever_it_lies(project: Project) -> None:
    project.write("old/yarn.lock", YARN)
    said = project.graft("import", "old/yarn.lock", "--json").json
    assert (said["file"], said["notRead"]) == ("old/yarn.lock", ["package-lock.json"])
    assert nodes(project) == {"a@1.1.0", "b@1.0.0"}


# What is kept


def test_what_is_no_longer_in_range_is_resolved_anew(project: Project) -> None:
    project.manifest(dependencies={"a": "^1.1.0"})
    said = project.graft("import", "--json").json
    assert nodes(project) == {"a@1.1.0", "b@1.0.0"}
    assert (said["kept"], said["unused"], said["new"]) == (["b@1.0.0"], ["a@1.0.0"], ["a@1.1.0"])
    assert "1 of 2 kept, 1 resolved anew" in said["notes"][0]["message"]


def test_what_is_gone_from_the_registry_is_resolved_anew(
    project: Project, registry: LocalRegistry
) -> None:
    registry.unpublish("b@1.0.0")
    said = project.graft("install", "--json").json
    assert nodes(project) == {"a@1.0.0", "b@1.1.0"}
    assert said["notes"][0]["code"] == "lock-imported"
    assert said["notes"][0]["why"] == ["b@1.0.0 is gone from the registry", "b@1.1.0 is new"]


def test_what_nothing_asks_for_is_not_asked_of_the_registry(
    project: Project, registry: LocalRegistry
) -> None:
    project.write("package-lock.json", npm_lock(left={"version": "1.0.0"}))
    assert project.graft("import", "--json").json["total"] == 2
    assert "/left" not in {request.path for request in registry.requests}


def test_a_tag_keeps_what_it_meant(project: Project) -> None:
    lock = npm_lock()
    lock["packages"][""]["dependencies"]["a"] = "latest"
    project.write("package-lock.json", lock)
    project.manifest(dependencies={"a": "latest"})
    project.graft("import")
    assert nodes(project) == {"a@1.0.0", "b@1.0.0"}


def test_a_changed_tag_is_asked_of_the_registry(project: Project, registry: LocalRegistry) -> None:
    registry.tag("a", "next", "1.1.0")
    project.manifest(dependencies={"a": "next"})
    project.graft("import")
    assert nodes(project) == {"a@1.1.0", "b@1.0.0"}


def test_a_patch_level_of_a_package_in_two_versions(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("c@1.0.0", dependencies={"b": "*"})
    project.manifest(dependencies={"a": "^1", "c": "1"})
    lock = npm_lock(c={"version": "1.0.0", "dependencies": {"b": "*"}})
    lock["packages"]["node_modules/c/node_modules/b"] = {"version": "1.1.0"}
    project.write("package-lock.json", lock)
    project.graft("import")
    said = project.lock["nodes"]
    assert said["a@1.0.0"]["dependencies"]["b"][1] == "b@1.0.0"
    assert said["c@1.0.0"]["dependencies"]["b"][1] == "b@1.1.0"


@pytest.mark.parametrize("berry", [False, True])
def test_an_entry_of_yarns_answers_several_requirements(project: Project, berry: bool) -> None:
    """b is there twice, and either would do for a, whose requirement is the second of an entry."""
    if berry:
        lock = (
            "__metadata:\n  version: 8\n\n"
            '"a@npm:^1":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n'
            '  dependencies:\n    b: "npm:^1"\n\n'
            '"b@npm:*":\n  version: 1.1.0\n  resolution: "b@npm:1.1.0"\n\n'
            '"b@npm:~1.0.0, b@npm:^1":\n  version: 1.0.0\n  resolution: "b@npm:1.0.0"\n'
        )
    else:
        lock = (
            'a@^1:\n  version "1.0.0"\n  dependencies:\n    b "^1"\n\n'
            '"b@*":\n  version "1.1.0"\n\n'
            'b@~1.0.0, b@^1:\n  version "1.0.0"\n'
        )
    project.write("yarn.lock", lock)
    project.manifest(dependencies={"a": "^1", "b": "*"})
    project.graft("import")
    assert nodes(project) == {"a@1.0.0", "b@1.0.0", "b@1.1.0"}
    assert project.lock["nodes"]["a@1.0.0"]["dependencies"]["b"][1] == "b@1.0.0"


@pytest.mark.parametrize("berry", [False, True])
def test_what_resolutions_replaced_is_found_by_its_name(project: Project, berry: bool) -> None:
    """The entry reads otherwise than the requirement. What it leads to counts as asked for."""
    if berry:
        lock = (
            "__metadata:\n  version: 8\n\n"
            '"a@npm:^1":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n'
            '  dependencies:\n    b: "npm:^1"\n\n'
            '"b@npm:1.0.0":\n  version: 1.0.0\n  resolution: "b@npm:1.0.0"\n'
        )
    else:
        lock = (
            'a@^1:\n  version "1.0.0"\n  dependencies:\n    b "^1"\n\nb@1.0.0:\n  version "1.0.0"\n'
        )
    project.write("yarn.lock", lock)
    assert project.graft("import", "--json").json["kept"] == ["a@1.0.0", "b@1.0.0"]
    assert nodes(project) == {"a@1.0.0", "b@1.0.0"}


def test_what_a_tool_added_of_its_own_does_not_count(project: Project) -> None:
    """yarn gives node-gyp to packages with native code: nobody asks for it."""
    project.write("yarn.lock", YARN_WITH_NODE_GYP)
    project.remove("package-lock.json")
    said = project.graft("import", "--json").json
    assert (said["total"], said["kept"], said["unused"]) == (2, ["a@1.0.0", "b@1.0.0"], [])


def test_peers_on_top_of_an_old_tree_are_kept(project: Project, registry: LocalRegistry) -> None:
    """Format 1 does not say who asked for a peer that npm put on top."""
    registry.publish("p@1.0.0", peers={"b": "^1"})
    project.manifest(dependencies={"p": "1"})
    tree = {"p": {"version": "1.0.0"}, "b": {"version": "1.0.0"}}
    project.write("package-lock.json", {"lockfileVersion": 1, "dependencies": tree})
    said = project.graft("import", "--json").json
    assert (said["kept"], said["new"]) == (["b@1.0.0", "p@1.0.0"], [])


def test_libc_is_asked_for_where_yarn_says_optional(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.2.0", optional={"n": "1"})
    registry.publish("n@1.0.0", os=["linux"], libc=["musl"])
    lock = (
        "__metadata:\n  version: 8\n\n"
        '"a@npm:^1":\n  version: 1.2.0\n  resolution: "a@npm:1.2.0"\n'
        '  dependencies:\n    n: "npm:1"\n  dependenciesMeta:\n    n:\n      optional: true\n\n'
        '"n@npm:1":\n  version: 1.0.0\n  resolution: "n@npm:1.0.0"\n'
    )
    project.write("yarn.lock", lock)
    project.graft("import")
    assert project.lock["nodes"]["n@1.0.0"]["libc"] == ["musl"]


def test_what_a_package_bundles_is_not_taken_for_the_registrys(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("c@1.0.0", dependencies={"b": "^1"}, bundled=["b"])
    project.manifest(dependencies={"c": "1"})
    lock = npm_lock(c={"version": "1.0.0", "dependencies": {"b": "^1"}})
    lock["packages"]["node_modules/c/node_modules/b"] = {"version": "1.0.9", "inBundle": True}
    project.write("package-lock.json", lock)
    said = project.graft("import", "--json").json
    assert (said["kept"], said["gone"]) == (["c@1.0.0"], [])


@pytest.mark.parametrize("format", [1, 3])
def test_libc_of_optional_packages_is_known(
    project: Project, registry: LocalRegistry, format: int
) -> None:
    registry.publish("a@1.2.0", optional={"n": "1"})
    registry.publish("n@1.0.0", os=["linux"], libc=["musl"])
    lock = npm_lock(n={"version": "1.0.0", "optional": True})
    lock["packages"]["node_modules/a"] = {"version": "1.2.0", "optionalDependencies": {"n": "1"}}
    if format == 1:
        tree = {
            "a": {"version": "1.2.0", "requires": {"n": "1"}},
            "n": {"version": "1.0.0", "optional": True},
        }
        lock = {"lockfileVersion": 1, "requires": True, "dependencies": tree}
    project.write("package-lock.json", lock)
    project.graft("import")
    assert project.lock["nodes"]["n@1.0.0"]["libc"] == ["musl"]


# Digests


def test_the_sha1_of_an_old_lock_is_held_against_the_registrys(
    project: Project, registry: LocalRegistry
) -> None:
    release = registry.publish("a@1.0.0", dependencies={"b": "^1"})
    resolved = f"https://registry.example.com/a/-/a-1.0.0.tgz#{release.dist['shasum']}"
    entry = f'a@^1:\n  version "1.0.0"\n  resolved "{resolved}"\n'
    project.write("yarn.lock", entry)
    assert project.graft("import", "--json").json["kept"] == ["a@1.0.0"]
    project.remove("graft-lock.json")
    project.write("yarn.lock", entry.replace(release.dist["shasum"], "0" * 40))
    error = failed(project, "import")
    assert error["code"] == "import-integrity"
    assert "sha1-AAAA" in error["why"][0]


def test_a_stronger_digest_of_the_lock_is_kept(project: Project, registry: LocalRegistry) -> None:
    strong = registry.publish("b@1.0.0").dist["integrity"]
    registry.publish("b@1.0.0", integrity="sha1")
    project.write("package-lock.json", npm_lock(b={"version": "1.0.0", "integrity": strong}))
    project.graft("import")
    assert project.lock["nodes"]["b@1.0.0"]["integrity"] == strong


# install, add, ci


def test_add_keeps_the_versions_too(project: Project, registry: LocalRegistry) -> None:
    registry.publish("d@1.0.0", dependencies={"b": "^1"})
    said = project.graft("add", "d")
    assert "2 of 2 kept, 1 resolved anew" in said.stderr
    assert nodes(project) == {"a@1.0.0", "b@1.0.0", "d@1.0.0"}


def test_update_takes_what_is_newest(project: Project) -> None:
    assert "lock-imported" not in project.graft("update").stderr
    assert nodes(project) == {"a@1.1.0", "b@1.1.0"}


def test_update_of_one_package_keeps_the_others(project: Project) -> None:
    project.graft("update", "a")
    assert nodes(project) == {"a@1.1.0", "b@1.0.0"}


def test_ci_names_import(project: Project) -> None:
    error = failed(project, "ci")
    assert error["code"] == "lock-missing"
    assert "graft import" in error["fix"]
    assert "package-lock.json" in error["fix"]


def test_an_answer_that_was_remembered_is_not_taken_for_the_locks(project: Project) -> None:
    """The same package.json without a foreign lock has another answer, before and after."""
    plain, again = same(project, "plain"), same(project, "again")
    for each in (plain, project, again):
        each.graft("install")
    assert nodes(plain) == nodes(again) == {"a@1.1.0", "b@1.1.0"}
    assert nodes(project) == {"a@1.0.0", "b@1.0.0"}


def test_the_short_road_leaves_a_foreign_lock_to_the_long_one(project: Project) -> None:
    for name in ("one", "two"):
        same(project, name).graft("install")
    project.graft("install")
    assert nodes(project) == {"a@1.0.0", "b@1.0.0"}


def test_nothing_of_this_is_loaded_where_graft_has_a_lock(project: Project) -> None:
    project.graft("install")
    project.manifest(dependencies={"a": "^1", "b": "^1"})
    script = (
        "import sys; from graft.cli.main import run; code = run(['install']); "
        "mine = ('graft.lockfile.foreign', 'graft.resolve.foreign', "
        "'graft.workflows.import_lock', 'yaml'); "
        "print(sorted(m for m in sys.modules if m.startswith(mine))); "
        "sys.exit(code)"
    )
    done = project.machine.run([sys.executable, "-P", "-c", script], cwd=project.dir)
    assert json.loads(done.stdout.replace("'", '"')) == []


# What cannot be read


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("package-lock.json", '{\n"lockfileVersion": 3,\n"packages": {,}\n}', 3, "property name"),
        ("package-lock.json", '{"lockfileVersion": 3, "packages": []}', 0, "'packages' is not"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  a: [\n", 4, "expected"),
        ("pnpm-lock.yaml", "just words\n", 0, "no table"),
        ("yarn.lock", 'a@^1:\n  version "1.0.0"\n   odd\n', 3, "makes no sense"),
        ("yarn.lock", "__metadata:\n  version: 8\n\tx: 1\n", 3, "character"),
        ("bun.lock", '{\n"lockfileVersion": 1,\n"packages": {"a": nothing},\n}', 3, "Expecting"),
        ("bun.lock", '{"lockfileVersion": 1, "packages": {"a": [""]}}', 0, "begin with an id"),
        ("bun.lock", b"\xff\xfe", 0, "UTF-8"),
    ],
)
def test_a_damaged_lock_is_an_error_with_its_place(
    project: Project, name: str, text: str | bytes, line: int, reason: str
) -> None:
    project.remove("package-lock.json")
    project.write(name, text)
    for command in ("import", "install"):
        error = failed(project, command)
        assert error["code"] == "import-unreadable"
        assert reason in error["why"][0]
        assert error["where"].endswith(f"{name}:{line}" if line else name)


def test_unmerged_changes_are_named_by_line(project: Project) -> None:
    project.write("yarn.lock", f"{YARN}<<<<<<< HEAD\nb@^2:\n")
    error = failed(project, "import")
    assert error["code"] == "import-unreadable"
    assert "unmerged" in error["message"]
    assert error["where"].endswith("yarn.lock:8")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package-lock.json", '{"dependencies": {}}'),
        ("package-lock.json", '{"lockfileVersion": 4}'),
        ("pnpm-lock.yaml", "lockfileVersion: '4.0'\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '10.0'\n"),
        ("yarn.lock", "__metadata:\n  version: 99\n"),
        ("bun.lock", '{"lockfileVersion": 99}'),
    ],
)
def test_an_unknown_format_is_an_error(project: Project, name: str, text: str) -> None:
    project.remove("package-lock.json")
    project.write(name, text)
    assert failed(project, "import")["code"] == "import-version"


@pytest.mark.parametrize("name", ["../b", "b%2f..", "B b"])
def test_a_name_that_leads_elsewhere_is_never_asked_for(
    project: Project, registry: LocalRegistry, name: str
) -> None:
    project.write("package-lock.json", npm_lock(b={"version": "1.0.0", "name": name}))
    error = failed(project, "import")
    assert (error["code"], registry.requests) == ("import-unreadable", [])
