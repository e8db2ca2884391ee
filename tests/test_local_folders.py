"""Folders inside the project that its lines lead to: linked, with what they need themselves."""

from __future__ import annotations

import pytest

from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def app(project: Project, registry: LocalRegistry) -> Project:
    """``lib`` asks for ``a``, and for ``other`` beside it."""
    registry.publish("a@1.0.0")
    registry.publish("dev@1.0.0")
    project.write("lib/index.js", "exports.lib = require('a/package.json').version;")
    project.manifest(
        "lib",
        dependencies={"a": "^1", "other": "file:../other"},
        devDependencies={"dev": "1"},
        bin="index.js",
    )
    project.manifest("other")
    project.write("other/index.js", "exports.name = 'other';")
    project.manifest(dependencies={"lib": "file:lib"})
    return project


@pytest.mark.parametrize(
    "specifier", ["file:lib", "file:./lib", "link:lib", "portal:./lib", "./lib"]
)
def test_a_folder_is_linked_with_what_it_needs(app: Project, specifier: str) -> None:
    app.manifest(dependencies={"lib": specifier})
    app.graft("install")
    assert app.node("console.log(require('lib').lib)") == "1.0.0"
    assert app.links()["lib"] == "../lib"
    assert app.links()[".bin/lib"] == "../lib/index.js"
    assert app.node("console.log(require('other').name)", cwd="lib") == "other"
    assert app.links("lib")["other"] == "../../other"
    assert app.graft("ci", "--json").json["upToDate"]


def test_what_a_folder_is_developed_with_is_left_out(app: Project) -> None:
    app.graft("install")
    assert "dev" not in app.links("lib")
    assert list(app.lock["importers"]["lib"]) == ["a", "other"]


def test_an_edited_folder_is_never_up_to_date(app: Project) -> None:
    app.graft("install")
    app.manifest("lib", dependencies={})
    assert app.graft("ci", check=False).code == 11
    app.graft("install")
    assert "other" not in app.lock["importers"]
    assert not app.exists("lib/node_modules/a")


def test_a_folder_that_is_a_member_too_is_the_member(app: Project) -> None:
    app.manifest(workspaces=["lib"])
    app.graft("install")
    assert "dev" in app.links("lib")


def test_folders_may_need_each_other_in_a_cycle(app: Project) -> None:
    app.manifest("other", dependencies={"lib": "link:../lib"})
    app.graft("install")
    assert app.node("console.log(require('lib').lib)", cwd="other") == "1.0.0"


def test_link_may_lead_to_what_is_made_later(app: Project) -> None:
    app.manifest(dependencies={"made": "link:./generated"})
    app.graft("install")
    app.write("generated/index.js", "module.exports = 'made later';")
    assert app.node("console.log(require('made'))") == "made later"


def test_a_folder_without_a_manifest_is_named(app: Project) -> None:
    app.manifest(dependencies={"lib": "file:./libb"})
    error = app.graft("install", "--json", check=False).json["error"]
    assert error["code"] == "manifest-missing"
    assert error["where"].endswith("/libb")


def test_a_link_out_of_the_project_is_not_taken_for_a_folder_of_it(app: Project) -> None:
    outside = app.sibling("outside", dependencies={"a": "1"})
    app.path("alias").symlink_to(outside.dir)
    app.manifest(dependencies={"outside": "file:./alias"})
    app.graft("install", check=False)
    assert not outside.exists("node_modules")


def test_peers_of_packages_are_met_by_a_folder(app: Project, registry: LocalRegistry) -> None:
    registry.publish("plugin@1.0.0", peers={"lib": "^1"})
    app.manifest(dependencies={"lib": "file:lib", "plugin": "1"})
    app.graft("install")
    assert list(app.lock["nodes"])[-1] == "plugin@1.0.0(lib@link:lib)"
    script = """
        const own = require.resolve("plugin/package.json");
        console.log(require.resolve("lib", {paths: [own]}))"""
    assert app.node(script) == str(app.path("lib/index.js"))
