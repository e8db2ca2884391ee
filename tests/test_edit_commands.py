"""``remove`` and ``update``, and the layout of a package.json that commands have edited."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    for name in ("a", "b", "m", "z"):
        registry.publish(f"{name}@1.0.0")


def after(project: Project, text: str, *arguments: str) -> str:
    project.write("package.json", text.encode())
    project.graft(*arguments, "--lockfile-only")
    return project.path("package.json").read_bytes().decode()


_PLAIN = '{\n  "name": "app",\n  "dependencies": {\n    "a": "1"\n  },\n  "x": [1,2]\n}\n'
LAYOUTS = {
    "two spaces": _PLAIN,
    "tabs": _PLAIN.replace("  ", "\t"),
    "four spaces, no end": _PLAIN.replace("  ", "    ").rstrip(),
    "crlf": _PLAIN.replace("\n", "\r\n"),
    "bom": "\ufeff" + _PLAIN,
    "not ascii": _PLAIN.replace('"x"', '"Grüße \\u00fc"'),
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_an_edit_touches_its_own_lines_alone(project: Project, text: str) -> None:
    inside = text[
        text.index('"a"') - text[: text.index('"a"')][::-1].index("{") : text.index('"a"')
    ]
    added = text.replace('"a": "1"', f'"a": "1",{inside}"b": "^1.0.0"')
    assert after(project, text, "add", "b") == added
    assert after(project, added, "remove", "b") == text


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("{}", '{\n  "dependencies": {\n    "b": "^1.0.0"\n  }\n}'),
        ("{}\n", '{\n  "dependencies": {\n    "b": "^1.0.0"\n  }\n}\n'),
        (
            '{\n\t"name": "app"\n}\n',
            '{\n\t"name": "app",\n\t"dependencies": {\n\t\t"b": "^1.0.0"\n\t}\n}\n',
        ),
        (
            '{\n  "dependencies": {},\n  "name": "app"\n}\n',
            '{\n  "dependencies": {\n    "b": "^1.0.0"\n  },\n  "name": "app"\n}\n',
        ),
        (
            '{"name":"app"}',
            '{"name":"app",\n  "dependencies": {\n    "b": "^1.0.0"\n  }}',
        ),
    ],
)
def test_a_section_is_made_where_there_is_none(
    project: Project, before: str, expected: str
) -> None:
    assert after(project, before, "add", "b") == expected


def test_a_section_goes_with_its_last_package(project: Project) -> None:
    first = '{\n  "dependencies": {\n    "a": "1"\n  },\n  "name": "app"\n}\n'
    assert after(project, first, "remove", "a") == '{\n  "name": "app"\n}\n'
    last = '{\n  "name": "app",\n  "dependencies": {\n    "a": "1"\n  }\n}\n'
    assert after(project, last, "remove", "a") == '{\n  "name": "app"\n}\n'
    only = '{\n  "dependencies": {\n    "a": "1"\n  }\n}\n'
    assert after(project, only, "remove", "a") == "{\n}\n"


def test_sorted_sections_stay_sorted_and_others_keep_their_order(project: Project) -> None:
    project.manifest(dependencies={"a": "1", "z": "1"}, devDependencies={"z": "1", "b": "1"})
    project.graft("add", "m", "--lockfile-only")
    project.graft("add", "-D", "a", "--lockfile-only")
    said = project.json("package.json")
    assert list(said["dependencies"]) == ["m", "z"]
    assert list(said["devDependencies"]) == ["z", "b", "a"]
    project.graft("add", "a@1.0.0", "--save-prod", "--lockfile-only")
    assert list(project.json("package.json")["dependencies"]) == ["a", "m", "z"]


def test_remove_takes_a_package_out_of_every_section(project: Project) -> None:
    project.manifest(
        dependencies={"a": "1"},
        devDependencies={"b": "1"},
        peerDependencies={"b": "*", "m": "*"},
        peerDependenciesMeta={"m": {"optional": True}},
    )
    project.graft("install")
    report = project.graft("remove", "b", "--json").json
    assert [(each["change"], each["name"]) for each in report["changes"]] == [("removed", "b")]
    assert [(step["action"], step["path"]) for step in report["steps"]] == [("remove", "b")]
    assert set(project.links()) == {"a", "app"}
    project.graft("rm", "m", "a")
    said = project.json("package.json")
    assert not {"dependencies", "devDependencies", "peerDependencies"} & said.keys()
    assert project.lock["nodes"] == {}


def test_remove_of_an_unknown_name_says_what_was_meant(project: Project) -> None:
    project.manifest(dependencies={"a": "1", "@acme/tool-kit": "1"})
    before = snapshot(project.dir)
    failed = project.graft("remove", "a", "acme:toolkit", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (25, "not-a-dependency")
    assert error["fix"] == "did you mean '@acme/tool-kit'?"
    assert snapshot(project.dir) == before


@pytest.fixture
def older(project: Project, registry: LocalRegistry) -> Project:
    """Everything is at 1.0.0, and 1.1.0 and 2.0.0 were published since."""
    registry.publish("top@1.0.0", dependencies={"below": "^1"})
    registry.publish("below@1.0.0")
    project.manifest(dependencies={"top": "^1", "a": "~1.0.0"}, devDependencies={"old": "npm:b@^1"})
    project.graft("install")
    for version in ("1.1.0", "2.0.0"):
        registry.publish(f"top@{version}", dependencies={"below": "^1"})
        for name in ("below", "a", "b"):
            registry.publish(f"{name}@{version}")
    return project


def nodes(project: Project) -> set[str]:
    return set(project.lock["nodes"])


def test_update_takes_what_the_ranges_allow(older: Project) -> None:
    manifest = older.read("package.json")
    older.graft("update")
    assert nodes(older) == {"top@1.1.0", "below@1.1.0", "a@1.0.0", "b@1.1.0"}
    assert older.read("package.json") == manifest
    assert older.node("console.log(require('old').version)") == "1.1.0"


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("below", {"top@1.0.0", "below@1.1.0", "b@1.0.0"}),
        ("top", {"top@1.1.0", "below@1.0.0", "b@1.0.0"}),
        ("old", {"top@1.0.0", "below@1.0.0", "b@1.1.0"}),
        ("b", {"top@1.0.0", "below@1.0.0", "b@1.1.0"}),
    ],
)
def test_update_of_a_name_moves_nothing_else(older: Project, name: str, changed: set[str]) -> None:
    """Wherever in the graph it is, and under the project's name for it too."""
    older.graft("update", name)
    assert nodes(older) == changed | {"a@1.0.0"}


def test_update_latest_moves_the_manifest(older: Project) -> None:
    older.graft("update", "--latest", "a", "old")
    said = older.json("package.json")
    assert said["dependencies"] == {"a": "^2.0.0", "top": "^1"}
    assert said["devDependencies"] == {"old": "npm:b@^2.0.0"}
    assert nodes(older) == {"top@1.0.0", "below@1.0.0", "a@2.0.0", "b@2.0.0"}
    older.graft("update", "--latest")
    assert older.json("package.json")["dependencies"] == {"a": "^2.0.0", "top": "^2.0.0"}
    assert nodes(older) == {"top@2.0.0", "below@1.1.0", "a@2.0.0", "b@2.0.0"}


def test_update_dry_run_changes_nothing(older: Project, registry: LocalRegistry) -> None:
    before = snapshot(older.dir)
    registry.clear_log()
    report = older.graft("update", "--latest", "--dry-run", "--json").json
    assert [(each["name"], each["from"], each["to"]) for each in report["changes"]] == [
        ("a", "1.0.0", "2.0.0"),
        ("b", "1.0.0", "2.0.0"),
        ("top", "1.0.0", "2.0.0"),
        ("below", "1.0.0", "1.1.0"),
    ]
    assert snapshot(older.dir) == before and registry.tarball_requests == []


def test_update_of_an_unknown_name_says_what_was_meant(older: Project) -> None:
    failed = older.graft("update", "bellow", "--json", check=False)
    assert failed.json["error"]["fix"] == "did you mean 'below'?"
    assert failed.code == 25
