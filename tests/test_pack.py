"""``graft pack``: the archive of a package."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile

import pytest

from harness.project import Project


@pytest.fixture
def tool(project: Project) -> Project:
    project.manifest(name="@acme/tool", version="1.2.3", files=["lib"], bin={"t": "./cli.js"})
    project.write("lib/index.js", "1;\n")
    project.write("cli.js", "#!/usr/bin/env node\n")
    project.write("README.md", "# tool\n")
    project.write("secret.txt", "x")
    return project


def entries(project: Project, name: str = "acme-tool-1.2.3.tgz") -> dict[str, tarfile.TarInfo]:
    with tarfile.open(project.path(name)) as tar:
        return {member.name: member for member in tar}


def packed_manifest(project: Project, name: str) -> dict[str, object]:
    with tarfile.open(project.path(name)) as tar:
        file = tar.extractfile("package/package.json")
        assert file is not None
        return dict(json.load(file))


def test_an_archive_is_written_and_described(tool: Project) -> None:
    done = tool.graft("pack")
    assert done.stdout == "acme-tool-1.2.3.tgz\n"
    assert "@acme/tool@1.2.3" in done.stderr and "lib/index.js" in done.stderr
    found = entries(tool)
    assert {name: member.mode for name, member in found.items()} == {
        "package/README.md": 0o644,
        "package/cli.js": 0o755,
        "package/lib/index.js": 0o644,
        "package/package.json": 0o644,
    }
    data = tool.path("acme-tool-1.2.3.tgz").read_bytes()
    (said,) = tool.graft("pack", "--dry-run", "--json").json
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    assert said["integrity"] == f"sha512-{digest}" and said["size"] == len(data)
    assert said["shasum"] == hashlib.sha1(data).hexdigest()
    assert said["entryCount"] == 4 and said["filename"] == "acme-tool-1.2.3.tgz"
    assert said["unpackedSize"] == sum(member.size for member in found.values())


def test_the_same_files_give_the_same_bytes(tool: Project) -> None:
    tool.graft("pack", "--pack-destination", "..")
    first = (tool.dir.parent / "acme-tool-1.2.3.tgz").read_bytes()
    os.utime(tool.path("lib/index.js"), (1, 1))
    tool.path("README.md").chmod(0o600)
    tool.graft("pack", "-C", "..", tool.dir.name)
    assert (tool.dir.parent / "acme-tool-1.2.3.tgz").read_bytes() == first
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(first))) as tar:
        assert {member.mtime for member in tar} == {0}


def test_dry_run_writes_nothing(tool: Project) -> None:
    assert tool.graft("pack", "--dry-run").stdout == "acme-tool-1.2.3.tgz\n"
    assert not tool.exists("acme-tool-1.2.3.tgz")


def test_its_own_scripts_run_in_npms_order(tool: Project) -> None:
    tool.manifest(
        scripts={
            "preprepack": "echo never >> log",
            "prepack": "echo prepack >> log; echo said; echo 2 > lib/made.js",
            "prepare": "echo prepare >> log",
            "postpack": "ls *.tgz >> log",
        }
    )
    done = tool.graft("pack")
    assert done.stdout == "acme-tool-1.2.3.tgz\n" and "said" in done.stderr
    assert tool.read("log").split() == ["prepack", "prepare", "acme-tool-1.2.3.tgz"]
    assert "package/lib/made.js" in entries(tool)
    tool.remove("log")
    tool.graft("pack", "--ignore-scripts")
    tool.graft("pack", env={"npm_config_ignore_scripts": "true"})
    assert not tool.exists("log")


def test_a_script_that_fails_ends_it(tool: Project) -> None:
    tool.manifest(scripts={"prepare": "exit 3"})
    failed = tool.graft("pack", "--json", check=False)
    assert (failed.code, failed.json["error"]["code"]) == (55, "script-failed")
    assert not tool.exists("acme-tool-1.2.3.tgz")


@pytest.mark.parametrize("fields", [{"name": ""}, {"version": ""}, {"version": "../../x"}])
def test_a_package_needs_a_name_and_a_version(tool: Project, fields: dict[str, str]) -> None:
    tool.manifest(**fields)
    failed = tool.graft("pack", "--json", check=False)
    assert failed.json["error"]["code"] == "manifest-invalid"


def test_a_member_of_a_workspace_is_packed_as_others_get_it(project: Project) -> None:
    project.manifest(workspaces={"packages": ["packages/*"], "catalog": {"react": "^18.0.0"}})
    project.write("packages/.npmignore", "*.log\n")
    project.manifest("packages/lib", version="2.1.0")
    project.manifest(
        "packages/tool",
        version="1.0.0",
        dependencies={
            "a": "workspace:lib@~",
            "lib": "workspace:^",
            "react": "catalog:",
            "x": "^1.0.0",
        },
        devDependencies={"lib": "workspace:*"},
        main="src/index.ts",
        publishConfig={"main": "dist/index.js", "access": "public"},
    )
    project.write("packages/tool/dist/index.js", "")
    project.write("packages/tool/build.log", "")
    project.graft("pack", "packages/tool")
    document = packed_manifest(project, "tool-1.0.0.tgz")
    assert document["dependencies"] == {
        "a": "npm:lib@~2.1.0",
        "lib": "^2.1.0",
        "react": "^18.0.0",
        "x": "^1.0.0",
    }
    assert document["devDependencies"] == {"lib": "2.1.0"}
    assert document["main"] == "dist/index.js"
    assert document["publishConfig"] == {"access": "public"}
    assert set(entries(project, "tool-1.0.0.tgz")) == {
        "package/dist/index.js",
        "package/package.json",
    }
    (root,) = project.graft("pack", "--dry-run", "--json").json
    assert not any(file["path"].startswith("packages/tool") for file in root["files"])


def test_bundled_dependencies_come_along(project: Project) -> None:
    project.manifest(dependencies={"a": "1", "@s/b": "1"}, bundleDependencies=["a", "@s/b"])
    project.write("node_modules/a/package.json", {"name": "a", "version": "1.0.0"})
    project.write("node_modules/@s/b/package.json", {"name": "@s/b", "version": "1.0.0"})
    (said,) = project.graft("pack", "--dry-run", "--json").json
    assert said["bundled"] == ["@s/b", "a"]
    assert [file["path"] for file in said["files"]] == [
        "node_modules/@s/b/package.json",
        "node_modules/a/package.json",
        "package.json",
    ]
