"""``add``, ``remove``, ``update`` and others in projects that have a ``graft.toml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graft.indices.paths import descriptor_path
from harness.descriptors import descriptor, release
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

TOML = """\
# ours
[dependencies]
a = '^1'   # keep

[indices]
acme = { path = "../index" }
zeta = { path = "../other" }
"""


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        registry.publish(f"a@{version}")
    registry.publish("b@1.0.0", dependencies={"a": "^1"})
    registry.publish("lodash.merge@4.0.0")
    registry.publish("@types/a@1.0.0")


@pytest.fixture
def alone(project: Project) -> Project:
    """A project without a package.json."""
    project.remove("package.json")
    project.write("graft.toml", TOML)
    return project


def publish(project: Project, folder: str, name: str, *releases: str) -> None:
    """A descriptor, by its path from the folder of projects."""
    namespace, bare = name.split(":")
    path = project.dir.parent / folder / descriptor_path(f"@{namespace}/{bare}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(descriptor(name, *map(release, releases)))


def refusal(project: Project, *arguments: str) -> dict[str, Any]:
    """The error of a command that leaves every byte as it was."""
    before = snapshot(project.dir)
    failed = project.graft(*arguments, "--json", check=False)
    assert snapshot(project.dir) == before, failed
    error: dict[str, Any] = failed.json["error"]
    return error


# Which file


def test_what_is_new_goes_where_there_is_a_file_for_it(project: Project) -> None:
    project.write("graft.toml", TOML)
    project.graft("add", "b", "a@2")
    assert project.json("package.json")["dependencies"] == {"b": "^1.0.0"}
    assert project.read("graft.toml") == TOML.replace("'^1'", '"2"')
    assert "a@2.0.0" in project.links()["a"]


def test_without_a_package_json_all_goes_to_graft_toml(alone: Project) -> None:
    alone.graft("add", "b", "lodash.merge@^4")
    alone.graft("add", "-D", "@types/a")
    alone.graft("add", "--save-optional", "a@1.0.0")
    assert not alone.exists("package.json")
    assert (
        alone.read("graft.toml")
        == """\
# ours
[dependencies]
b = "^1.0.0"
"lodash.merge" = "^4"

[indices]
acme = { path = "../index" }
zeta = { path = "../other" }

[dev-dependencies]
"@types/a" = "^1.0.0"

[optional-dependencies]
a = "1.0.0"
"""
    )
    assert alone.graft("ci", "--json").json["upToDate"]


def test_a_folder_is_a_path_there(alone: Project) -> None:
    alone.write("lib/package.json", {"name": "lib", "version": "1.0.0"})
    alone.graft("add", "./lib")
    assert 'lib = {path = "lib"}' in alone.read("graft.toml")


def test_peers_have_no_place_there(alone: Project) -> None:
    assert refusal(alone, "add", "--save-peer", "b")["code"] == "usage"


def test_removing_and_updating_find_the_line(project: Project) -> None:
    project.write("graft.toml", TOML)
    project.graft("add", "b")
    project.graft("update", "--latest")
    assert 'a = "^2.0.0"   # keep' in project.read("graft.toml")
    project.graft("remove", "b", "a")
    assert "dependencies" not in project.json("package.json")
    assert project.read("graft.toml").startswith("# ours\n[indices]")
    assert refusal(project, "remove", "a")["code"] == "not-a-dependency"
    project.graft("install")


def test_removing_takes_a_line_out_of_both_files(project: Project) -> None:
    project.manifest(dependencies={"a": "1"})
    project.write("graft.toml", TOML)
    assert refusal(project, "install")["code"] == "dependency-twice"
    project.write("graft.toml", TOML.replace("a =", "b ="))
    project.graft("remove", "a", "b")
    assert set(project.links()) == {"app"}


def test_a_member_is_edited_in_its_own_file(project: Project) -> None:
    project.manifest(workspaces=["packages/*"])
    project.write("packages/x/graft.toml", '[package]\nname = "x"\n')
    project.write("packages/y/package.json", {"name": "y", "version": "1.0.0"})
    project.graft("add", "a@1", "y", cwd="packages/x")
    assert project.read("packages/x/graft.toml").endswith(
        '[dependencies]\na = "1"\ny = {workspace = "^"}\n'
    )
    assert "packages/y" in project.graft("why", "y").stdout


def test_linking_a_folder_edits_the_line_that_is_there(alone: Project) -> None:
    other = alone.sibling("a", version="9.0.0")
    alone.graft("link", str(other.dir))
    assert 'a = "link:../a"   # keep' in alone.read("graft.toml")
    alone.graft("unlink", "a")
    assert 'a = "^1"   # keep' in alone.read("graft.toml")


# Spellings


@pytest.mark.parametrize("spelling", ["@types/a", "types:a", "types.a"])
def test_one_package_has_one_name_however_it_is_typed(alone: Project, spelling: str) -> None:
    url = alone.machine.npmrc.read_text().partition("=")[2]
    alone.write(".npmrc", f"@types:registry={url}")
    done = alone.graft("add", spelling, "--json").json
    notes = [note["code"] for note in done["notes"]]
    assert notes == (["namespace-dotted"] if spelling == "types.a" else [])
    assert '[dependencies.types]\na = "^1.0.0"\n' in alone.read("graft.toml")
    assert alone.graft("why", spelling).stdout.startswith("@types/a@1.0.0")
    assert alone.graft("ls", spelling).stdout == "@types/a@1.0.0\n"
    assert alone.graft("outdated", spelling, check=False).code == 0
    alone.graft("update", spelling)
    alone.graft("remove", spelling)
    assert "types" not in alone.read("graft.toml")


def test_a_name_with_a_dot_is_npms_where_nobody_declares_what_stands_before_it(
    alone: Project,
) -> None:
    assert alone.graft("add", "lodash.merge", "--json").json["notes"] == []
    assert '"lodash.merge" = "^4.0.0"' in alone.read("graft.toml")


# Hazards


@pytest.mark.parametrize(
    "typed",
    [
        *(":x", "a:", "a:b:c", "@", "@/x", "@a/", "a:b/c", "a:b@", "a@", "@a/b@", "acme.a@"),
        *(
            "a\n@1",
            "a@1\n[dependencies]",
            'a@"1"',
            "a@'",
            "a@1\\",
            "a\x00",
            "a@\x7f",
            "a:..x",
        ),
        *("a b", "a@1\t2", "acme:a@1`"),
    ],
)
def test_malformed_input_is_refused_before_anything_is_read_or_written(
    alone: Project, typed: str
) -> None:
    alone.write("graft.toml", "this is [no TOML")
    for command in ("add", "install"):
        if "\x00" not in typed:
            codes = ("bad-specifier", "source-unsupported")
            assert refusal(alone, command, typed)["code"] in codes


def test_adding_again_never_makes_a_second_key_or_header(alone: Project) -> None:
    for text in ("b", "b@1.0.0", "lodash.merge", "lodash.merge@4", "b"):
        alone.graft("add", "--lockfile-only", text)
    assert alone.read("graft.toml").count("b =") == 1
    assert alone.read("graft.toml").count("lodash.merge") == 1
    assert alone.read("graft.toml").count("[dependencies") == 1


def test_a_failure_leaves_the_file_as_it_was(alone: Project) -> None:
    assert refusal(alone, "add", "b", "a@9")["code"] == "no-matching-version"
    assert refusal(alone, "add", "nothing-of-that-name")["code"] == "package-not-found"
    assert refusal(alone, "remove", "b")["code"] == "not-a-dependency"


def test_a_missing_package_says_where_it_was_looked_for_and_others_are_a_hint(
    alone: Project,
) -> None:
    publish(alone, "index", "acme:tool", "1.0.0")
    publish(alone, "other", "zeta:tool", "1.0.0")
    publish(alone, "other", "zeta:more", "1.0.0")
    error = refusal(alone, "add", "acme:more")
    index = str(Path(alone.dir).parent / "index")
    assert (error["code"], error["where"]) == ("package-not-found", index)
    assert error["why"] == [
        f"looked for in the index of 'acme', declared in {alone.dir}/graft.toml:6"
    ]
    assert error["fix"] == "there is zeta:more, if that was meant"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("acme:tool@1.x", "bad-version"),
        ("acme:tool@latest", "bad-constraint"),
        ("acme:tool@3.0.0", "no-matching-version"),
        ("acme:tool@=1.1.0", "no-matching-version"),
    ],
)
def test_what_an_index_does_not_have_is_not_added(alone: Project, typed: str, code: str) -> None:
    publish(alone, "index", "acme:tool", "1.0.0", "2.0.0")
    assert refusal(alone, "add", typed)["code"] == code
