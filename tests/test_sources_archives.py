"""Archives that no registry speaks for: by their URL, and by a path on this machine."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from harness.archive import pack_files
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


def archive(name: str, version: str = "1.0.0", *, said: str = "", **fields: Any) -> bytes:
    manifest = {"name": name, "version": version, **fields}
    return pack_files(
        {
            "package.json": __import__("json").dumps(manifest),
            "index.js": f"exports.said = {said or version!r}; exports.requires = require",
        }
    )


def sri(data: bytes) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}"


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.publish("a@1.1.0")
    registry.publish("t@1.0.0", files={"index.js": "exports.said = 'the registry'"})


def node(project: Project, name: str) -> dict[str, Any]:
    """The lock's entry of the one node of that name."""
    (found,) = [entry for id, entry in project.lock["nodes"].items() if id.startswith(f"{name}@")]
    return dict(found)


def said(project: Project, name: str = "t") -> str:
    return project.node(f"console.log(require('{name}').said)")


# By URL


def test_an_archive_by_url_with_what_it_asks_for(project: Project, registry: LocalRegistry) -> None:
    data = archive("t", "3.0.0", said="by url", dependencies={"a": "1.0.0"})
    url = registry.serve("/files/t.tgz", data)
    project.manifest(dependencies={"t": url})
    report = project.graft("install", "--json").json
    assert report["direct"] == {"t": "3.0.0"}
    assert said(project) == "by url"
    assert project.node("console.log(require('t').requires('a').version)") == "1.0.0"
    entry = node(project, "t")
    assert (entry["origin"], entry["integrity"]) == (f"tarball:{url}", sri(data))
    assert project.graft("ci", "--json").json["upToDate"]
    assert registry.count("/files/t.tgz") == 1


def test_what_is_in_lock_and_store_is_not_downloaded_again(
    project: Project, registry: LocalRegistry
) -> None:
    url = registry.serve("/files/t.tgz", archive("t", said="by url"))
    project.manifest(dependencies={"t": url, "a": "^1"})
    project.graft("install")
    other = project.sibling("other")
    for name in ("package.json", "graft-lock.json"):
        other.write(name, project.read(name))
    registry.clear_log()
    other.graft("ci", "--offline")
    assert said(other) == "by url" and registry.requests == []


def test_offline_says_what_is_not_there(project: Project, registry: LocalRegistry) -> None:
    url = registry.serve("/files/t.tgz", archive("t"))
    project.manifest(dependencies={"t": url})
    failed = project.graft("install", "--offline", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (44, "offline-missing")
    assert registry.requests == [] and not project.exists("graft-lock.json")


def test_an_archive_that_was_changed_is_not_what_the_lock_has(
    project: Project, machine: Machine, registry: LocalRegistry
) -> None:
    url = registry.serve("/files/t.tgz", archive("t", said="first"))
    project.manifest(dependencies={"t": url})
    project.graft("install")
    registry.serve("/files/t.tgz", archive("t", said="second"))
    for frozen in (["ci"], ["install"]):
        fresh = Machine(machine.root / f"fresh-{frozen[0]}", registry).project("app")
        for name in ("package.json", "graft-lock.json"):
            fresh.write(name, project.read(name))
        failed = fresh.graft(*frozen, "--json", check=False)
        assert failed.json["error"]["code"] == "integrity-mismatch"
        assert not fresh.exists("node_modules")
    project.graft("update", "t")
    assert said(project) == "second"


@pytest.mark.parametrize("right", [True, False])
def test_what_the_specifier_says_of_the_bytes_is_checked(
    project: Project, registry: LocalRegistry, right: bool
) -> None:
    data = archive("t", said="by url")
    url = registry.serve("/files/t.tgz", data)
    project.manifest(dependencies={"t": f"{url}#{sri(data if right else b'other')}"})
    done = project.graft("install", "--json", check=False)
    if right:
        assert done.code == 0 and said(project) == "by url"
        assert node(project, "t")["origin"] == f"tarball:{url}"
    else:
        assert done.json["error"]["code"] == "integrity-mismatch"
        assert not project.exists("node_modules")


def test_a_token_goes_to_its_own_host_and_no_redirect_carries_it(
    project: Project, machine: Machine, registry: LocalRegistry
) -> None:
    data = archive("t", said="behind a token")
    with LocalRegistry() as private, LocalRegistry() as stranger:
        private.require_token("secret-token")
        target = stranger.serve("/there/t.tgz", data)
        asked = private.serve("/files/t.tgz", data)
        private.fault("/files/t.tgz", redirect=target)
        machine.npmrc.write_text(
            f"registry={registry.url}\n//{private.host}/files/:_authToken=secret-token\n"
        )
        project.manifest(dependencies={"t": asked})
        project.graft("install")
        assert said(project) == "behind a token"
        assert [r.authorization for r in private.requests] == ["Bearer secret-token"]
        assert [r.authorization for r in stranger.requests] == [""]
    assert "secret-token" not in project.read("graft-lock.json")


def test_a_password_in_an_address_is_used_and_not_written_to_the_lock_as_origin(
    project: Project, machine: Machine
) -> None:
    with LocalRegistry() as private:
        private.require_basic("user", "pass word")
        url = private.serve("/files/t.tgz", archive("t", said="for user"))
        written = url.replace("http://", "http://user:pass%20word@")
        project.manifest(dependencies={"t": written})
        project.graft("install")
        assert node(project, "t")["origin"] == f"tarball:{url}"
        other = Machine(machine.root / "other").project("app")
        for name in ("package.json", "graft-lock.json"):
            other.write(name, project.read(name))
        other.graft("ci")
        assert said(other) == "for user"


def test_a_missing_archive(project: Project, registry: LocalRegistry) -> None:
    url = f"{registry.url}files/absent.tgz"
    project.manifest(dependencies={"t": url})
    failed = project.graft("install", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (21, "package-not-found")
    assert failed.json["error"]["where"] == url
    project.manifest(dependencies={}, optionalDependencies={"t": url})
    project.graft("install")
    assert not project.exists("node_modules/t")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"index.js": ""}, "no package.json"),
        ({"package.json": "no JSON"}, "cannot be read"),
        ({"package.json": '{"name": "t", "version": "one"}'}, "version"),
        ({"package.json": '{"dependencies": {"../x": "1"}}'}, "not a package name"),
    ],
)
def test_an_archive_that_is_no_package(
    project: Project, registry: LocalRegistry, files: dict[str, str], reason: str
) -> None:
    url = registry.serve("/files/t.tgz", pack_files(files))
    project.manifest(dependencies={"t": url})
    failed = project.graft("install", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (35, "source-invalid")
    assert reason in failed.json["error"]["message"]


def test_a_package_without_name_and_version_gets_what_npm_gives_it(
    project: Project, registry: LocalRegistry
) -> None:
    url = registry.serve("/files/t.tgz", pack_files({"package.json": "{}", "index.js": ""}))
    project.manifest(dependencies={"thing": url})
    assert project.graft("install", "--json").json["direct"] == {"thing": "0.0.0"}


# Two sources with the same name and version


def test_hazard_10_two_sources_with_one_name_and_version_are_two_nodes(
    project: Project, registry: LocalRegistry
) -> None:
    url = registry.serve("/files/t.tgz", archive("t", said="by url"))
    registry.publish("user@1.0.0", dependencies={"t": "^1"})
    project.manifest(dependencies={"t": url, "user": "^1"})
    project.graft("install")
    assert said(project) == "by url"
    assert project.node("console.log(require('user').requires('t').said)") == "the registry"
    ids = [id for id in project.lock["nodes"] if id.startswith("t@")]
    assert sorted(ids) == ["t@1.0.0", f"t@tarball:{url}#1.0.0"]
    project.manifest(dependencies={"user": "^1", "t": url, "a": "^1"})
    project.graft("install")
    assert said(project) == "by url"
    assert project.node("console.log(require('user').requires('t').said)") == "the registry"


def test_a_package_asks_for_an_archive_by_url(project: Project, registry: LocalRegistry) -> None:
    url = registry.serve("/files/t.tgz", archive("t", said="by url", dependencies={"a": "^1"}))
    registry.publish("user@1.0.0", dependencies={"t": url})
    project.manifest(dependencies={"user": "^1"})
    project.graft("install")
    assert project.node("console.log(require('user').requires('t').said)") == "by url"
    assert project.graft("ci", "--json").json["upToDate"]


def test_overrides_and_aliases_lead_to_other_sources(
    project: Project, registry: LocalRegistry
) -> None:
    url = registry.serve("/files/t.tgz", archive("fork-of-t", said="the fork"))
    project.write("local/t.tgz", archive("t", said="a file"))
    registry.publish("user@1.0.0", dependencies={"t": "^1"})
    project.manifest(dependencies={"user": "^1"}, overrides={"t": url})
    project.graft("install")
    script = "console.log(require('user').requires('t').said)"
    assert project.node(script) == "the fork"
    assert project.graft("ci", "--json").json["upToDate"]
    project.manifest(overrides={"t": "file:local/t.tgz"})
    project.graft("install")
    assert project.node(script) == "a file"
    project.graft("ci")


def test_peers_are_met_by_any_source(project: Project, registry: LocalRegistry) -> None:
    url = registry.serve("/files/t.tgz", archive("t", "2.0.0", said="by url"))
    registry.publish("plugin@1.0.0", peers={"t": "^2"})
    project.manifest(dependencies={"t": url, "plugin": "^1"})
    report = project.graft("install", "--json").json
    assert report["notes"] == []
    assert project.node("console.log(require('plugin').requires('t').said)") == "by url"


# By path


def test_an_archive_on_this_machine(project: Project, registry: LocalRegistry) -> None:
    data = archive("t", "2.0.0", said="a file", dependencies={"a": "^1"}, bin="index.js")
    project.write("vendor/t.tgz", data)
    project.manifest(dependencies={"t": "file:./vendor/t.tgz"})
    project.graft("install")
    assert said(project) == "a file" and ".bin/t" in project.links()
    entry = node(project, "t")
    assert (entry["origin"], entry["integrity"]) == ("file:vendor/t.tgz", sri(data))
    registry.clear_log()
    assert project.graft("install", "--json").json["upToDate"]
    assert registry.requests == []


def test_a_changed_file_is_noticed_and_taken_and_said(project: Project) -> None:
    project.write("t.tgz", archive("t", said="first"))
    project.manifest(dependencies={"t": "file:t.tgz"})
    project.graft("install")
    project.write("t.tgz", archive("t", "1.2.0", said="second", dependencies={"a": "^1"}))
    failed = project.graft("ci", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (11, "lock-stale")
    assert "t@file:t.tgz#1.0.0 has changed" in error["why"][0]
    assert said(project) == "first"
    report = project.graft("install", "--json").json
    assert [note["code"] for note in report["notes"]] == ["source-changed"]
    assert report["direct"] == {"t": "1.2.0"} and said(project) == "second"
    assert project.graft("ci", "--json").json["upToDate"]


def test_a_file_that_is_gone_is_missed_only_where_the_store_lacks_it(
    project: Project, machine: Machine, registry: LocalRegistry
) -> None:
    project.write("t.tgz", archive("t", said="a file"))
    project.manifest(dependencies={"t": "file:t.tgz"})
    project.graft("install")
    project.remove("t.tgz")
    project.remove("node_modules")
    project.graft("ci")
    assert said(project) == "a file"
    fresh = Machine(machine.root / "fresh", registry).project("app")
    for name in ("package.json", "graft-lock.json"):
        fresh.write(name, project.read(name))
    failed = fresh.graft("ci", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (34, "source-missing")
    assert failed.json["error"]["where"].endswith("t.tgz")


def test_a_package_from_elsewhere_names_no_file_of_this_machine(
    project: Project, registry: LocalRegistry
) -> None:
    project.write("t.tgz", archive("t"))
    registry.publish("evil@1.0.0", dependencies={"t": "file:../../t.tgz"})
    project.manifest(dependencies={"evil": "^1"})
    failed = project.graft("install", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (24, "source-unsupported")
    assert failed.json["error"]["where"] == "evil@1.0.0"


# The command line


def test_add_saves_what_npm_saves(project: Project, registry: LocalRegistry) -> None:
    url = registry.serve("/files/r.tgz", archive("remote"))
    project.write("near.tgz", archive("near"))
    project.write("../far.tgz", archive("far"))
    project.graft("add", url, "./near.tgz", "../far.tgz", f"named@{url}")
    assert project.json("package.json")["dependencies"] == {
        "far": "file:../far.tgz",
        "named": url,
        "near": "file:near.tgz",
        "remote": url,
    }
    assert set(project.links()) >= {"far", "named", "near", "remote"}
    project.graft("remove", "far", "named")
    assert project.json("package.json")["dependencies"] == {
        "near": "file:near.tgz",
        "remote": url,
    }
    project.graft("ci")


def test_why_and_ls_show_where_a_package_is_from(project: Project) -> None:
    project.write("t.tgz", archive("t", dependencies={"a": "^1"}))
    project.manifest(dependencies={"t": "file:t.tgz"})
    project.graft("install")
    assert project.graft("ls").stdout == "t@1.0.0 (file:t.tgz)\n"
    assert "t@1.0.0 (file:t.tgz) asks for a@^1" in project.graft("why", "a").stdout
    assert project.graft("ls", "--json").json["dependencies"]["t"]["origin"] == "file:t.tgz"


def test_a_tool_from_an_archive_is_run(project: Project, registry: LocalRegistry) -> None:
    data = pack_files(
        {
            "package.json": '{"name": "tool", "version": "1.0.0", "bin": "cli.js"}',
            "cli.js": "#!/usr/bin/env node\nconsole.log('at work')\n",
        }
    )
    project.write("tool.tgz", data)
    for source in (registry.serve("/files/tool.tgz", data), "./tool.tgz"):
        assert project.graft("x", source).stdout == "at work\n"


def test_a_password_in_an_address_is_in_no_message(
    project: Project, registry: LocalRegistry
) -> None:
    url = f"{registry.url}absent.tgz".replace("http://", "http://user:secret-word@")
    project.manifest(dependencies={"t": url, "g": "git+https://user:secret-word@localhost:1/g.git"})
    for arguments in (["install"], ["install", "--json"], ["update"], ["add", url]):
        failed = project.graft(*arguments, check=False)
        assert failed.code and "secret-word" not in f"{failed.stdout}{failed.stderr}"
    registry.serve("/absent.tgz", archive("t"))
    project.manifest(dependencies={"t": url})
    project.graft("install")
    assert "secret-word" not in project.graft("why", "t").stdout
    project.manifest(dependencies={"t": url.replace("absent", "other")})
    failed = project.graft("ci", check=False)
    assert failed.code == 11 and "secret-word" not in failed.stderr
