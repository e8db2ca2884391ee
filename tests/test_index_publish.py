"""``graft index init``, ``publish`` and ``yank``, with real repositories."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from graft.indices.compose import with_release, with_yank
from graft.indices.descriptor import Archive, Release
from graft.indices.reading import read_descriptor
from graft.versions.index_version import parse_index_version
from harness.descriptors import descriptor, release
from harness.machine import Machine
from harness.project import Project

INDEX = "../index"
AT = ("--index", INDEX)
PATH = "pkgs/@acme/t/tool.toml"


class Index:
    """The one beside the project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.root = project.dir.parent / "index"

    def begin(self) -> Index:
        self._project.graft("index", "init", "--namespace", "acme", INDEX)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "begin")
        return self

    def git(self, *arguments: str) -> str:
        return self._project.machine.run(["git", *arguments], cwd=self.root).stdout.strip()

    def text(self, path: str = PATH) -> str:
        return (self.root / path).read_text()

    def version(self, version: str, path: str = PATH) -> dict[str, Any]:
        return dict(tomllib.loads(self.text(path))["versions"][version])


@pytest.fixture
def index(project: Project) -> Index:
    return Index(project).begin()


@pytest.fixture
def tool(project: Project) -> Project:
    project.manifest(
        name="@acme/tool",
        version="1.0.0",
        description='says "hi"',
        license="MIT",
        repository={"type": "git", "url": "https://git.example.com/acme/tool"},
        files=["lib"],
        bin={"tool": "./lib/cli.js"},
        engines={"node": ">=18"},
        os=["linux"],
        dependencies={"lodash.merge": "^4", "@acme/util": "^1.2"},
        optionalDependencies={"fsevents": "2"},
        peerDependencies={"react": ">=17", "vue": "*"},
        peerDependenciesMeta={"vue": {"optional": True}},
        devDependencies={"typescript": "latest"},
    )
    project.write("lib/cli.js", "1\n")
    project.write("secret.txt", "x")
    return project


def code_of(project: Project, *arguments: str) -> tuple[str, int]:
    done = project.graft(*arguments, "--json", check=False)
    return done.json["error"]["code"], done.code


def test_an_index_is_begun_with_all_that_it_needs(project: Project) -> None:
    dry = project.graft("index", "init", "--namespace", "acme", INDEX, "--dry-run", "--json").json
    index = Index(project)
    assert dry["repository"] and "index.toml" in dry["files"] and not index.root.exists()
    index.begin()
    said = tomllib.loads(index.text("index.toml"))
    assert said == {"index": {"spec": 1, "namespaces": ["acme"]}}
    recipe = yaml.safe_load(index.text(".github/workflows/index.yml"))
    assert 'graft index check "$BASE" HEAD' in str(recipe["jobs"]["check"]["steps"])
    assert 'acme = "<the git URL' in index.text("README.md")
    begin = ("index", "init", "--namespace", "acme")
    assert code_of(project, *begin, INDEX) == ("index-exists", 97)
    for wrong in ("a/b", "Acme", "../x", "", "con"):
        bad = ("index", "init", "--namespace", wrong, "../other")
        assert code_of(project, *bad) == ("bad-package-name", 26), wrong
    assert not (project.dir.parent / "other").exists()
    assert code_of(project, "index", "init") == ("usage", 2)


def test_what_is_there_already_stays_when_an_index_is_begun(project: Project) -> None:
    project.write("README.md", "mine\n")
    project.machine.run(["git", "init", "--quiet"], cwd=project.dir)
    said = project.graft("index", "init", "--namespace", "default", "--json").json
    assert not said["repository"] and "README.md" not in said["files"]
    assert project.read("README.md") == "mine\n"


def test_a_package_json_is_published(tool: Project, index: Index) -> None:
    dry = tool.graft("index", "publish", *AT, "--dry-run", "--json").json
    assert dry["files"] == ["archives/@acme/tool-1.0.0.tgz", PATH]
    assert not (index.root / PATH).exists() and not (index.root / "archives").exists()
    done = tool.graft("index", "publish", *AT)
    assert done.stdout == "acme:tool@1.0.0\n"
    assert "to do: git -C" in done.stderr and "lib/cli.js" in done.stderr
    data = (index.root / "archives/@acme/tool-1.0.0.tgz").read_bytes()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as tar:
        assert tar.getnames() == ["package/lib/cli.js", "package/package.json"]
    assert tomllib.loads(index.text()) == {
        "spec": 1,
        "namespace": "acme",
        "name": "tool",
        "description": 'says "hi"',
        "license": "MIT",
        "repository": "https://git.example.com/acme/tool",
        "versions": {
            "1.0.0": {
                "url": "archives/@acme/tool-1.0.0.tgz",
                "sha256": hashlib.sha256(data).hexdigest(),
                "os": ["linux"],
                "node": ">=18",
                "bins": {"tool": "lib/cli.js"},
                "npm-dependencies": {"@acme/util": "^1.2", "lodash.merge": "^4"},
                "npm-optional-dependencies": {"fsevents": "2"},
                "npm-peer-dependencies": {"react": ">=17"},
                "npm-optional-peer-dependencies": {"vue": "*"},
            }
        },
    }
    assert tool.graft("index", "check", "HEAD", "-C", INDEX).code == 0


def test_publish_refuses_to_overwrite_a_version(tool: Project, index: Index) -> None:
    tool.graft("index", "publish", *AT, "--commit")
    before = (index.text(), index.git("rev-parse", "HEAD"))
    tool.write("lib/cli.js", "something else\n")
    assert code_of(tool, "index", "publish", *AT) == ("version-published", 98)
    tool.manifest(version="1.0.0+again")
    assert code_of(tool, "index", "publish", *AT) == ("version-published", 98)
    assert (index.text(), index.git("rev-parse", "HEAD")) == before
    assert index.git("status", "--porcelain") == ""
    tool.manifest(version="1.0.0_1")
    assert tool.graft("index", "publish", *AT).stdout == "acme:tool@1.0.0_1\n"


def test_a_version_is_put_behind_the_others_and_all_else_stays(tool: Project, index: Index) -> None:
    tool.graft("index", "publish", *AT, "--commit")
    assert index.git("status", "--porcelain") == ""
    assert index.git("log", "-1", "--format=%s") == "acme:tool 1.0.0"
    changed = "# ours\n" + index.text().replace("node =", "# why\nnode   =")
    (index.root / PATH).write_text(changed)
    tool.manifest(version="0.9.0", description="other words", dependencies={})
    tool.graft("index", "publish", *AT)
    assert index.text().startswith(changed.rstrip() + '\n\n[versions."0.9.0"]\n')
    assert "npm-dependencies" not in index.version("0.9.0")
    assert tool.graft("index", "check", "HEAD", "-C", INDEX).code == 0


def test_a_graft_toml_alone_is_published(project: Project, index: Index) -> None:
    project.remove("package.json")
    project.write(
        "graft.toml",
        """
[package]
namespace = "acme.sub"
name = "tool"
version = "2.0.0-rc.1_2"
files = ["src"]
bin = { tool = "src/tool.sh" }
platforms = { os = ["linux", "darwin"], cpu = ["x64"] }

[dependencies.acme]
util = "~1.2.3 || =2.0.0"
[dependencies]
lodash = "^4"
[optional-dependencies.acme]
maybe = ""
[dev-dependencies.acme]
never = "1.0.0"

[indices]
acme = { path = "../index" }
""",
    )
    project.write("src/tool.sh", ("echo hi\n", 0o755))
    project.write("packages/util/installed", "x")
    assert project.graft("index", "publish").stdout == "acme.sub:tool@2.0.0-rc.1_2\n"
    path = "pkgs/@acme.sub/t/tool.toml"
    said = index.version("2.0.0-rc.1_2", path)
    assert said["dependencies"] == {"acme:util": "~1.2.3 || =2.0.0"}
    assert said["optional-dependencies"] == {"acme:maybe": ""}
    assert said["npm-dependencies"] == {"lodash": "^4"}
    assert said["bins"] == {"tool": "src/tool.sh"}
    assert (said["os"], said["cpu"]) == (["darwin", "linux"], ["x64"])
    with tarfile.open(index.root / said["url"]) as tar:
        assert tar.getnames() == ["package/graft.toml", "package/src/tool.sh"]
    project.write("graft.toml", project.read("graft.toml").replace('files = ["src"]', ""))
    project.write("graft.toml", project.read("graft.toml").replace("2.0.0-rc.1_2", "2.0.0"))
    project.graft("index", "publish")
    with tarfile.open(index.root / index.version("2.0.0", path)["url"]) as tar:
        assert tar.getnames() == ["package/graft.toml", "package/src/tool.sh"]


def test_the_same_files_are_published_as_the_same_bytes(tool: Project, index: Index) -> None:
    assert index.root.exists()
    first = tool.graft("index", "publish", *AT, "--dry-run", "--json").json["integrity"]
    os.utime(tool.path("lib/cli.js"), (1, 1))
    tool.path("lib/cli.js").chmod(0o600)
    assert tool.graft("index", "publish", *AT, "--dry-run", "--json").json["integrity"] == first


def test_archives_for_elsewhere_are_not_put_into_the_index(tool: Project, index: Index) -> None:
    url = "https://files.example.com/{namespace}/{name}-{version}.tgz"
    done = tool.graft("index", "publish", *AT, "--url", url, "--pack-destination", "..")
    assert "to do: put " in done.stderr
    assert index.version("1.0.0")["url"] == "https://files.example.com/acme/tool-1.0.0.tgz"
    data = (tool.dir.parent / "acme-tool-1.0.0.tgz").read_bytes()
    assert index.version("1.0.0")["sha256"] == hashlib.sha256(data).hexdigest()
    assert not (index.root / "archives").exists()
    info = index.root / "index.toml"
    info.write_text(info.read_text() + f'archive-url = "{url}"\n')
    tool.manifest(version="1.1.0")
    said = tool.graft("index", "publish", *AT, "--json").json
    assert said["url"].endswith("/acme/tool-1.1.0.tgz")
    tool.manifest(version="1.2.0")
    wrong = ("--url", "https://me:secret@files.example.com/x")
    assert code_of(tool, "index", "publish", *AT, *wrong) == ("publish-refused", 98)
    assert "1.2.0" not in index.text()


def test_what_an_interrupted_publish_left_is_put_right_by_the_next(
    tool: Project, index: Index
) -> None:
    """The archive is written first: without a descriptor nobody knows it."""
    left = index.root / "archives/@acme/tool-1.0.0.tgz"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")
    tool.graft("index", "publish", *AT)
    assert index.version("1.0.0")["sha256"] == hashlib.sha256(left.read_bytes()).hexdigest()


def test_what_is_not_committed_is_not_published(tool: Project, index: Index) -> None:
    run = tool.machine.run
    run(["git", "init", "--quiet"], cwd=tool.dir)
    run(["git", "add", "--all"], cwd=tool.dir)
    run(["git", "commit", "--quiet", "-m", "all"], cwd=tool.dir)
    tool.write("new.js", "x")
    assert code_of(tool, "index", "publish", *AT) == ("tree-dirty", 98)
    assert not (index.root / PATH).exists()
    tool.graft("index", "publish", *AT, "--allow-dirty")
    tool.remove("new.js")
    tool.manifest(scripts={"prepack": "echo 2 > lib/made.js"}, version="1.1.0")
    run(["git", "commit", "--quiet", "-am", "next"], cwd=tool.dir)
    said = tool.graft("index", "publish", *AT, "--json").json
    assert "lib/made.js" in [file["path"] for file in said["packed"]]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": None}, "it has no name"),
        ({"name": "@acme/To_ol"}, "in a package name"),
        ({"name": "@acme/a.b"}, "has a dot"),
        ({"name": "@acme/git"}, "keep for themselves"),
        ({"name": "@other/tool"}, "the index serves acme"),
        ({"name": "tool"}, "the index serves acme"),
        ({"version": "1.0"}, "patch"),
        ({"version": "v1.0.0"}, "'v' in place of the major number"),
        ({"private": True}, "it is private"),
        ({"dependencies": {"a": "file:../a"}}, "others cannot get it from there"),
        ({"dependencies": {"a": "github:a/b"}}, "others cannot get it from there"),
        ({"dependencies": {"a": "latest"}}, "a tag means something else tomorrow"),
        ({"dependencies": {"a": "workspace:*"}}, "workspace"),
        ({"dependencies": {"@acme/tool": "1"}}, "cannot ask for itself"),
    ],
)
def test_what_others_could_not_use_is_not_published(
    fields: dict[str, Any], said: str, tool: Project, index: Index
) -> None:
    manifest = tool.manifest(**fields)
    tool.write("package.json", {key: value for key, value in manifest.items() if value is not None})
    done = tool.graft("index", "publish", *AT, "--json", check=False)
    assert done.code != 0 and said in done.stdout
    assert list((index.root / "pkgs").iterdir()) == [index.root / "pkgs/.gitkeep"]
    assert not (index.root / "archives").exists()


def test_publish_says_where_an_index_is_missing(tool: Project) -> None:
    assert code_of(tool, "index", "publish") == ("index-missing", 97)
    assert code_of(tool, "index", "publish", "--index", "..") == ("index-missing", 97)


def test_publish_writes_through_no_link(tool: Project, index: Index, tmp_path: Path) -> None:
    (index.root / "archives").symlink_to(tmp_path)
    before = sorted(tmp_path.iterdir())
    assert code_of(tool, "index", "publish", *AT) == ("index-invalid", 90)
    assert sorted(tmp_path.iterdir()) == before and not (index.root / PATH).exists()


def test_git_s_refusal_is_told_and_the_files_are_there(tool: Project, index: Index) -> None:
    (index.root / ".git/index.lock").write_text("")
    assert code_of(tool, "index", "publish", *AT, "--commit") == ("index-uncommitted", 99)
    assert index.version("1.0.0")


def test_a_version_is_yanked_and_taken_back(tool: Project, index: Index, machine: Machine) -> None:
    del machine
    tool.graft("index", "publish", *AT, "--commit")
    before = index.text()
    yank = ("index", "yank", "acme:tool@1.0.0", *AT)
    tool.graft(*yank, "--reason", 'it "deletes"', "--dry-run")
    assert index.text() == before
    tool.graft(*yank, "--reason", 'it "deletes"', "--commit")
    assert index.version("1.0.0")["yanked"] == 'it "deletes"'
    assert index.git("log", "-1", "--format=%s") == "yank acme:tool 1.0.0"
    tool.graft("index", "yank", "@acme/tool@1.0.0", "--reason", "another", "-C", INDEX)
    assert index.version("1.0.0")["yanked"] == "another"
    assert tool.graft("index", "check", "HEAD", "-C", INDEX).code == 0
    tool.graft(*yank, "--undo")
    assert index.text() == before
    assert code_of(tool, *yank) == ("usage", 2)
    for spec, code in (
        ("acme:toll@1.0.0", "package-not-found"),
        ("acme:tool@2.0.0", "no-matching-version"),
        ("acme:tool", "no-matching-version"),
        ("a:b:c@1.0.0", "bad-specifier"),
    ):
        wrong = ("index", "yank", spec, *AT, "--reason", "x")
        assert code_of(tool, *wrong)[0] == code


def test_edits_of_descriptors_keep_line_endings_and_refuse_what_they_cannot_edit() -> None:
    new = Release(
        version=parse_index_version("1.1.0"),
        text="1.1.0",
        archives=(Archive(urls=("archives/a.tgz",), integrity=f"sha256-{'A' * 43}="),),
    )
    text = descriptor("acme:tool", release("1.0.0")).replace("\n", "\r\n")
    longer = with_release(text, new)
    assert "\n" not in longer.replace("\r\n", "")
    assert read_descriptor(longer.encode(), "t.toml").releases["1.1.0"] == new
    yanked = with_yank(longer, "1.0.0", "x")
    assert yanked is not None and "\n" not in yanked.replace("\r\n", "")
    assert read_descriptor(yanked.encode(), "t.toml").releases["1.0.0"].yanked == "x"
    assert with_yank(yanked, "1.0.0", "") == longer
    dotted = 'spec = 1\nversions = { "1.0.0" = { url = "x" } }\n'
    assert with_yank(dotted, "1.0.0", "x") is None
    several = '[versions."1.0.0"]\nyanked = """\na\n"""\n'
    assert with_yank(several, "1.0.0", "x") is None
