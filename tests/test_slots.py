"""Slots: the graph that a project was answered with is the graph that its code runs with, and it is
stored once, whoever asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.archive import pack_files
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

CHAIN = "console.log(require('a').requires('b').requires('c').requires('d').version)"


@pytest.fixture
def chain(registry: LocalRegistry) -> LocalRegistry:
    """``a -> b -> c -> d``, and two versions of the last."""
    for version in ("1.0.0", "1.1.0"):
        registry.publish(f"d@{version}")
    for name, below in (("c", "d"), ("b", "c"), ("a", "b")):
        registry.publish(f"{name}@1.0.0", dependencies={below: "^1.0.0"})
    return registry


def slots(project: Project, name: str = "*") -> set[str]:
    return {path.name for path in project.store.glob(f"slots/{name}@*")}


def content(project: Project) -> dict[str, str]:
    """The store without what changes with each command."""
    whole = snapshot(project.store)
    return {
        path: what for path, what in whole.items() if path.split("/")[0] in ("objects", "slots")
    }


def size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


@pytest.mark.usefixtures("chain")
def test_hazard_8_shallow_keys_do_not_mix_graphs(project: Project) -> None:
    other = project.sibling("other", dependencies={"a": "1"}, overrides={"d": "1.0.0"})
    project.manifest(dependencies={"a": "1"})
    for each in (project, other):
        each.graft("install")
    assert project.node(CHAIN) == "1.1.0"
    assert other.node(CHAIN) == "1.0.0"
    assert all(len(slots(project, name)) == 2 for name in "abcd")
    assert project.links()["a"] != other.links()["a"]
    # The bytes of a, b and c are there once.
    assert len(list(project.store.glob("objects/*.json"))) == 5


def test_hazard_8_peers_in_a_cycle_do_not_mix_graphs(
    project: Project, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "1.1.0"):
        registry.publish(f"deep@{version}")
    registry.publish("mid@1.0.0", dependencies={"deep": "^1.0.0"})
    registry.publish("plugin@1.0.0", peers={"core": "1"}, dependencies={"mid": "1"})
    registry.publish("core@1.0.0", dependencies={"plugin": "1"})
    script = """
        const core = require('core'), plugin = core.requires('plugin');
        const deep = plugin.requires('mid').requires('deep');
        console.log(plugin.requires('core') === core, deep.version)
    """
    other = project.sibling("other", dependencies={"core": "1"}, overrides={"deep": "1.0.0"})
    project.manifest(dependencies={"core": "1"})
    for each in (project, other):
        each.graft("install")
    assert project.node(script) == "true 1.1.0"
    assert other.node(script) == "true 1.0.0"


def test_the_same_graph_is_stored_once_and_costs_links_alone(
    project: Project, chain: LocalRegistry
) -> None:
    chain.publish("@acme/big@1.0.0", files={"blob": "x" * 2_000_000}, bin={"big": "cli.js"})
    wanted = {"a": "1", "@acme/big": "1"}
    project.manifest(dependencies=wanted)
    project.graft("install")
    before, bytes_before = content(project), size(project.store)
    chain.clear_log()
    other = project.sibling("other", dependencies=wanted)
    report = other.graft("install", "--json").json
    assert (report["fetched"], report["slots"]) == (0, 0)
    assert chain.tarball_requests == []
    assert content(project) == before
    assert size(project.store) + size(other.dir) - bytes_before - size(project.dir) < 10_000
    assert len(list(project.store.glob("projects/*"))) == 2
    made = {path: what.split()[0] for path, what in snapshot(other.modules).items()}
    records = [path for path in made if path.startswith(".graft/")]
    assert len(records) < 3 and {made.pop(path) for path in records} == {"file"}
    assert made == {
        ".bin": "dir",
        ".bin/big": "link",
        ".graft": "dir",
        "@acme": "dir",
        "@acme/big": "link",
        "a": "link",
        "other": "link",
    }
    assert other.links()["a"] == project.links()["a"]


def test_slots_do_not_depend_on_which_project_came_first(
    project: Project, chain: LocalRegistry
) -> None:
    chain.publish("z@1.0.0", dependencies={"b": "1", "d": "1.0.0"})
    first = project.sibling("first", dependencies={"z": "1"})
    second = project.sibling("second", dependencies={"a": "1", "z": "1"})
    homes = [str(project.machine.root / "home-one"), str(project.machine.root / "home-two")]
    names = []
    for home, order in zip(homes, ([first, second], [second, first]), strict=True):
        for each in order:
            each.graft("install", env={"GRAFT_HOME": home})
        names.append({path.name for path in Path(home).glob("store/v1/slots/*")})
    assert names[0] == names[1]
    assert first.lock["nodes"].items() <= second.lock["nodes"].items()


@pytest.mark.usefixtures("chain")
def test_code_runs_from_the_store_and_never_from_another_project(project: Project) -> None:
    project.manifest(dependencies={"a": "1"})
    other = project.sibling("other", dependencies={"a": "1"})
    for each in (project, other):
        each.graft("install")
    files = other.node("""
        let at = require('a'), found = [at.filename];
        for (const name of ['b', 'c', 'd']) found.push((at = at.requires(name)).filename);
        console.log(JSON.stringify(found))
    """)
    for file in json.loads(files):
        assert Path(file).resolve() == Path(file)
        assert Path(file).is_relative_to(project.store)
    assert "projects/app" not in str(content(project))


def test_hazard_4_what_is_not_declared_is_not_there(project: Project, chain: LocalRegistry) -> None:
    chain.publish("phantom@1.0.0", files={"index.js": "require('d')"}, dependencies={"c": "1"})
    project.manifest(dependencies={"phantom": "1"})
    project.graft("install")
    said = (
        "try { require(process.argv[1]); console.log('found') } catch (e) { console.log(e.code) }"
    )
    assert project.node(said, "phantom") == "MODULE_NOT_FOUND"
    assert project.node(said, "c") == "MODULE_NOT_FOUND"


def test_scopes_and_aliases_are_found_under_their_local_names(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("@acme/util@1.0.0")
    registry.publish("@acme/util@2.0.0")
    registry.publish("@other/x@1.0.0", dependencies={"@acme/util": "1"})
    registry.publish(
        "@acme/tool@1.0.0",
        dependencies={
            "@acme/util": "1",
            "util-two": "npm:@acme/util@2",
            "@acme/two": "npm:@acme/util@2",
            "@other/x": "1",
        },
    )
    project.manifest(dependencies={"@acme/tool": "1", "@mine/u": "npm:@acme/util@2"})
    project.graft("install")
    script = """
        const tool = require('@acme/tool');
        const seen = ['@acme/util', 'util-two', '@acme/two'].map((name) => tool.requires(name));
        seen.push(tool.requires('@other/x').requires('@acme/util'), require('@mine/u'));
        console.log(seen.map((found) => found.name + '@' + found.version).join(' '))
    """
    assert project.node(script) == (
        "@acme/util@1.0.0 @acme/util@2.0.0 @acme/util@2.0.0 @acme/util@1.0.0 @acme/util@2.0.0"
    )


def test_hazard_5_a_package_finds_the_commands_of_its_own_dependencies(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("build@1.0.0", bin={"build": "cli.js", "gyp": "cli.js"})
    registry.publish("build@2.0.0", bin={"build": "cli.js"})
    registry.publish("another@1.0.0", bin={"build": "cli.js", "gyp": "cli.js"})
    registry.publish("native@1.0.0", dependencies={"build": "1", "another": "1"})
    project.manifest(dependencies={"native": "1", "build": "2"})
    project.graft("install")
    bins = project.path("node_modules/native").resolve().parent / ".bin"
    assert {path.name: str(path.readlink()) for path in bins.iterdir()} == {
        "build": "../build/cli.js",  # the package of that name, as in a project
        "gyp": "../another/cli.js",  # else the first
    }
    run = project.machine.run
    assert run([str(bins / "build")]).stdout == "build@1.0.0\n"
    assert run([str(project.path("node_modules/.bin/build"))]).stdout == "build@2.0.0\n"
    assert not project.exists("node_modules/.bin/gyp")


def test_hazard_3_nothing_in_a_slot_or_an_object_may_be_written(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("@acme/dep@1.0.0", bin={"dep": "cli.js"})
    registry.publish(
        "@acme/tool@1.0.0", dependencies={"@acme/dep": "1"}, files={"lib/deep/x.js": "1"}
    )
    project.manifest(dependencies={"@acme/tool": "1"})
    project.graft("install")
    checked = 0
    for folder in ("objects", "slots"):
        for path in (project.store / folder).glob("*"):
            for entry in [path, *path.rglob("*")]:
                if not entry.is_symlink() and not entry.name.startswith("sha512-"):
                    assert entry.stat().st_mode & 0o222 == 0, entry
                    checked += 1
            assert path.suffix == ".json" or path.stat().st_mode & 0o222 == 0
    assert checked > 20


def test_a_project_in_a_folder_with_a_strange_name_is_installed(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    strange = project.sibling("line\nend\ttab \\n", dependencies={"a": "1"})
    strange.graft("install")
    assert strange.graft("install", "--json").json["upToDate"]
    (record,) = project.store.glob("projects/*")
    assert record.read_text().splitlines()[1].endswith("line\\nend\ttab \\\\n")


def test_a_package_without_dependencies_is_used_where_its_object_lies(
    project: Project, chain: LocalRegistry
) -> None:
    chain.publish("@acme/leaf@1.0.0", files={"lib/index.js": "exports.version = '1'"})
    project.manifest(dependencies={"c": "1", "@acme/leaf": "1"})
    project.graft("install")
    (leaf,) = project.store.glob("slots/@acme+leaf@*/node_modules/@acme/leaf")
    assert leaf.is_symlink() and not leaf.readlink().is_absolute()
    assert leaf.resolve().is_relative_to(project.store / "objects")
    assert leaf.resolve().parts[-3:] == ("node_modules", "@acme", "leaf")
    assert project.node("console.log(require('@acme/leaf/lib').version)") == "1"
    (with_neighbours,) = project.store.glob("slots/c@*/node_modules/c")
    assert not with_neighbours.is_symlink()


def test_one_archive_under_two_names_serves_both(project: Project, registry: LocalRegistry) -> None:
    """Its object is named as the archive names itself, so neither takes the other's place."""
    archive = pack_files({"package.json": '{"name": "one", "version": "1.0.0"}'})
    for name in ("one", "two", "@acme/three"):
        registry.publish(f"{name}@1.0.0", archive=archive)
    for names in (["one", "two", "@acme/three"], ["two"], ["@acme/three", "one"]):
        other = project.sibling(names[0].strip("@").replace("/", "-") + str(len(names)))
        other.manifest(dependencies=dict.fromkeys(names, "1.0.0"))
        other.graft("install")
        for name in names:
            assert other.node(f"console.log(require('{name}/package.json').version)") == "1.0.0"
    assert len(list(project.store.glob("objects/*.json"))) == 1
    assert project.graft("install", "--force", "--json", cwd="../two1").json["slots"] == 0
