"""Packages of indices beside those of registries, in every command that meets them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from harness.command import GRAFT
from harness.index_shelf import IndexShelf, nodes
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository

INDICES = '[indices]\nacme = { path = "../acme" }\n'

pytestmark = pytest.mark.usefixtures("acme")


@pytest.fixture
def acme(project: Project) -> IndexShelf:
    """Three versions of acme:tool, and more as tests put there."""
    index = IndexShelf(project.dir.parent / "acme", "acme")
    for version in ("1.0.0", "1.5.0", "2.0.0"):
        index.offer("acme:tool", version)
    return index


def ask(project: Project, *lines: str, indices: str = INDICES) -> None:
    """graft.toml with these lines about packages of acme."""
    project.write("graft.toml", "\n".join(["[dependencies.acme]", *lines, "", indices]))


def error_of(project: Project, *arguments: str, **options: Any) -> dict[str, Any]:
    failed = project.graft(*arguments, "--json", check=False, **options)
    error: dict[str, Any] = failed.json["error"]
    return error


def said(project: Project, name: str = "@acme/tool") -> str:
    return project.node(f"console.log(require('{name}').said)")


def test_a_package_of_a_registry_asks_for_one_of_an_index(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("web@1.0.0", dependencies={"@acme/tool": "^1.0.0"})
    registry.publish("web@2.0.0", dependencies={"@acme/tool": "^2.0.0"})
    ask(project, 'tool = "1.0.0"')
    project.manifest(dependencies={"web": "1"})
    project.graft("install")
    before = project.read("graft-lock.json")
    assert nodes(project.lock) == ["@acme/tool#1.5.0", "web@1.0.0"]
    project.manifest(dependencies={"web": "2"})
    error = error_of(project, "install")
    assert error["code"] == "flat-conflict"
    assert "web@2.0.0 asks for @acme/tool@^2.0.0" in str(error["why"])
    assert error["fix"] == 'write tool = "2.0.0" below [dependencies.acme] of graft.toml'
    assert project.read("graft-lock.json") == before
    ask(project)
    project.graft("install")
    assert nodes(project.lock) == ["@acme/tool#2.0.0", "web@2.0.0"]
    assert "web@2.0.0" in project.graft("why", "acme:tool").stdout


def test_package_json_asks_for_a_package_of_an_index_in_npms_grammar(
    project: Project,
) -> None:
    ask(project)
    for text, version in (("<1.5 || >3", "1.0.0"), ("^1.5", "1.5.0"), ("*", "1.5.0")):
        project.manifest(dependencies={"@acme/tool": text})
        project.graft("install")
        assert nodes(project.lock) == [f"@acme/tool#{version}"]
    for text in ("^3", "latest"):
        project.manifest(dependencies={"@acme/tool": text})
        error = error_of(project, "install")
        assert error["fix"] == 'ask for "@acme/tool": "^2.0.0"'
    project.graft("add", "@acme/tool@^2")
    assert nodes(project.lock) == ["@acme/tool#2.0.0"]
    assert project.json("package.json")["dependencies"] == {"@acme/tool": "^2"}


def test_one_version_of_each_package_of_registries_too(
    project: Project, registry: LocalRegistry, acme: IndexShelf
) -> None:
    for version in ("1.0.0", "1.1.0", "2.0.0"):
        registry.publish(f"a@{version}")
    registry.publish("web@1.0.0", dependencies={"@acme/box": "^1.0.0", "a": "^1"})
    acme.offer("acme:box", "1.0.0", npm={"a": "^1.0.0"})
    acme.offer("acme:box", "1.1.0", npm={"a": "^2.0.0"})
    ask(project, 'box = "1.0.0"')
    project.manifest(dependencies={"web": "1"}, graft={"resolution": "flat"})
    project.graft("install")
    assert nodes(project.lock) == ["@acme/box#1.0.0", "a@1.1.0", "web@1.0.0"]
    project.manifest(graft={})
    project.graft("update")
    assert nodes(project.lock) == ["@acme/box#1.1.0", "a@1.1.0", "a@2.0.0", "web@1.0.0"]


def test_outdated_and_view_of_what_an_index_has(project: Project, acme: IndexShelf) -> None:
    acme.offer("acme:tool", "3.0.0", 'yanked = "broken"')
    acme.offer("acme:util", "1.2.3_1", needs={"acme:tool": "1.0.0"})
    ask(project, 'tool = "=1.0.0"', 'util = "1.2.3"')
    project.graft("install")
    done = project.graft("outdated", "--json", check=False)
    assert done.code == 1
    assert [(e["current"], e["wanted"], e["latest"]) for e in done.json.values()] == [
        ("1.0.0", "1.0.0", "2.0.0")
    ]
    viewed = project.graft("view", "acme:util", "--json").json
    assert (viewed["version"], viewed["dependencies"]) == ("1.2.3_1", {"@acme/tool": "1.0.0"})
    assert project.graft("view", "@acme/tool@1.0.0", "version", "--json").json == ["1.0.0", "1.5.0"]
    assert "deprecated: broken" in project.graft("view", "acme:tool@3.0.0").stdout
    assert error_of(project, "view", "acme:nothing")["code"] == "package-not-found"
    assert error_of(project, "view", "acme:tool@4.0.0")["code"] == "no-matching-version"


def archive(form: str, files: dict[str, str], root: str = "tool-9/") -> bytes:
    """The files below one folder, which is what archives have, or next to each other."""
    out = io.BytesIO()
    if form == "zip":
        with zipfile.ZipFile(out, "w") as packed:
            for name, text in files.items():
                packed.writestr(f"{root}{name}", text)
        return out.getvalue()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{root}{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    data = out.getvalue()
    packers: dict[str, Callable[[bytes], bytes]]
    packers = {"tar.gz": gzip.compress, "tar.xz": lzma.compress, "tar": bytes}
    return packers[form](data)


@pytest.mark.parametrize("form", ["tar.gz", "tar.xz", "tar", "zip"])
def test_archives_of_every_form(project: Project, acme: IndexShelf, form: str) -> None:
    data = archive(form, {"index.js": "exports.said = 'packed'", "lib/a.js": "1"})
    acme.write(f"archives/box.{form}", data)
    digest = hashlib.sha256(data).hexdigest()
    acme.offer("acme:box", "9.0.0", f'url = "archives/box.{form}"\nsha256 = "{digest}"')
    ask(project, 'box = "9.0.0"')
    project.graft("install")
    assert said(project, "@acme/box") == "packed"
    assert project.exists("node_modules/@acme/box/lib/a.js")
    project.graft("store", "verify")


def test_mirrors_are_tried_until_one_has_what_the_index_says(
    project: Project, registry: LocalRegistry, acme: IndexShelf
) -> None:
    data = archive("tar.gz", {"index.js": "exports.said = 'mirrored'"})
    registry.serve("/wrong.tgz", b"something else")
    registry.serve("/right.tgz", data)
    urls = [f"{registry.url}{name}.tgz" for name in ("gone", "wrong", "right", "never")]
    digest = hashlib.sha256(data).hexdigest()
    acme.offer("acme:box", "1.0.0", f'url = {json.dumps(urls)}\nsha256 = "{digest}"')
    ask(project, 'box = "1.0.0"')
    project.graft("install")
    assert said(project, "@acme/box") == "mirrored"
    assert registry.count("/never.tgz") == 0
    # Where none has it, nothing of it is kept.
    registry.serve("/right.tgz", b"something else again")
    project.remove("node_modules")
    env = {"GRAFT_HOME": str(project.machine.root / "another")}
    assert error_of(project, "ci", env=env)["code"] in {"integrity-mismatch", "package-not-found"}
    assert not project.exists("node_modules/@acme")


def test_what_is_packed_from_a_commit(project: Project, acme: IndexShelf) -> None:
    repository = Repository(project.machine, "box")
    repository.write("index.js", "exports.said = 'of a commit'")
    bare = repository.commit()
    full = repository.commit("of a package", name="@acme/box")
    url = repository.url.removeprefix("git+")
    for version, commit in (("1.0.0", bare), ("2.0.0", full)):
        acme.offer("acme:box", version, f'git = "{url}"\ncommit = "{commit}"')
    for version, words in (("1.0.0", "of a commit"), ("2.0.0", "of a package")):
        ask(project, f'box = "={version}"')
        project.graft("install")
        assert said(project, "@acme/box") == words
        lock = project.read("graft-lock.json")
        project.remove("node_modules")
        env = {"GRAFT_HOME": str(project.machine.root / f"another-{version}")}
        project.graft("ci", env=env)
        assert said(project, "@acme/box") == words
        assert project.read("graft-lock.json") == lock


def test_a_lock_is_the_same_on_every_platform(project: Project, acme: IndexShelf) -> None:
    tables = ""
    for system in ("linux", "darwin"):
        data = archive("tar.gz", {"index.js": f"exports.said = '{system}'"})
        acme.write(f"archives/box-{system}.tgz", data)
        tables += f"""
[[versions."1.0.0".archives]]
url = "archives/box-{system}.tgz"
sha256 = "{hashlib.sha256(data).hexdigest()}"
os = ["{system}"]
"""
    acme.offer("acme:box", "1.0.0", tables=tables)
    ask(project, 'box = "1.0.0"')
    project.graft("install")
    assert said(project, "@acme/box") == sys.platform
    lock = project.read("graft-lock.json")
    assert all(f"archives/box-{system}.tgz" in lock for system in ("linux", "darwin"))
    project.remove("node_modules")
    project.graft("install", "--force")
    assert project.read("graft-lock.json") == lock
    project.graft("store", "verify")


def test_wraps_are_versions_everywhere(project: Project, acme: IndexShelf) -> None:
    for version in ("1.2.3", "1.2.3_1", "1.2.3_2"):
        acme.offer("acme:box", version)
    ask(project, 'box = "=1.2.3_1"')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/box#1.2.3_1"]
    assert said(project, "@acme/box") == "@acme/box@1.2.3_1"
    assert "@acme/box@1.2.3_1" in project.graft("ls").stdout
    assert project.graft("outdated", "--json", check=False).json["@acme/box"]["latest"] == "1.2.3_2"
    assert "1.2.3_1" in project.graft("why", "acme:box").stdout
    for command in (["store", "verify"], ["index", "verify"], ["ci"], ["audit"]):
        project.graft(*command)
    ask(project, 'box = "1.2.3_1"')
    project.graft("update")
    assert nodes(project.lock) == ["@acme/box#1.2.3_2"]


def test_a_line_that_overrides(project: Project, acme: IndexShelf) -> None:
    acme.offer("acme:box", "1.0.0", needs={"acme:tool": "1.0.0"})
    ask(project, 'box = "1.0.0"', 'tool = "=2.0.0"')
    error = error_of(project, "install")
    assert (error["code"], "=2.0.0!" in error["fix"]) == ("flat-conflict", True), error
    ask(project, 'box = "1.0.0"', 'tool = "=2.0.0!"')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/box#1.0.0", "@acme/tool#2.0.0"]
    # What others ask for is still a lower bound.
    acme.offer("acme:new", "1.0.0", needs={"acme:tool": "2.0.0"})
    ask(project, 'new = "1.0.0"', 'tool = "=1.5.0!"')
    assert error_of(project, "install")["code"] == "flat-conflict"
    ask(project, 'box = "1.0.0"', 'tool = "=2.0.0!"')
    assert project.graft("ci", "--json").json["upToDate"]
    project.remove("node_modules")
    project.graft("ci")


def test_a_weak_dependency_binds_and_brings_nothing(project: Project, acme: IndexShelf) -> None:
    acme.offer(
        "acme:box",
        "1.0.0",
        tables="""[versions."1.0.0".weak-dependencies]
"acme:tool" = "1.5.0"
""",
    )
    ask(project, 'box = "1.0.0"')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/box#1.0.0"]
    ask(project, 'box = "1.0.0"', 'tool = "1.0.0"')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/box#1.0.0", "@acme/tool#1.5.0"]
    ask(project, 'box = "1.0.0"', 'tool = "2.0.0"')
    assert error_of(project, "install")["code"] == "flat-conflict"


def test_what_is_yanked_is_hidden_and_what_is_locked_installs(
    project: Project, acme: IndexShelf
) -> None:
    ask(project, 'tool = "=2.0.0"')
    project.graft("install")
    lock = project.read("graft-lock.json")
    project.machine.run(
        [*GRAFT, "index", "yank", "acme:tool@2.0.0", "--reason", "burns", "--index", str(acme.root)]
    )
    project.remove("node_modules")
    project.graft("install")
    assert project.read("graft-lock.json") == lock
    project.graft("ci", env={"GRAFT_HOME": str(project.machine.root / "another")})
    project.remove("graft-lock.json")
    error = error_of(project, "install")
    assert error["code"] == "version-yanked" and "burns" in str(error["why"])
    ask(project, 'tool = "1.0.0"')
    project.graft("install")
    assert nodes(project.lock) == ["@acme/tool#1.5.0"]
