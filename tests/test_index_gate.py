"""``graft index check``: what was published stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graft.indices.whole import Checked, check
from graft.workflows.index_sides import FolderSide
from harness.descriptors import URL, IndexFolder, release, sha256
from harness.machine import Machine
from harness.project import Project
from harness.repository import Repository

SHA = sha256("1.0.0")
OTHER = sha256("other")
PLAIN = release("1.0.0")


def archives(*entries: tuple[str, str], version: str = "1.0.0") -> str:
    """A version with an archive for each system."""
    tables = "".join(
        f'[[versions."{version}".archives]]\nos = "{os}"\nurl = "{URL}/{name}"\n'
        f'sha256 = "{sha256(name)}"\n'
        for os, name in entries
    )
    return release(version, tables=tables)


def url(*urls: str, digest: str = SHA, more: str = "") -> str:
    listed = ", ".join(f'"{each}"' for each in urls)
    return release("1.0.0", f"url = [{listed}]", f'sha256 = "{digest}"', more)


def git(commit: str, where: str = "https://git.example.com/a/tool.git") -> str:
    return release("1.0.0", f'git = "{where}"', f'commit = "{commit * 40}"')


ONE = f"{URL}/1.0.0.tgz"
DEPENDS = release("1.0.0", 'dependencies = { "acme:util" = "1.0.0" }')
BINS = release("1.0.0", 'bins = { tool = "a.js" }')

ALLOWED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nothing": ((PLAIN,), (PLAIN,)),
    "a version": ((PLAIN,), (PLAIN, release("1.1.0"))),
    "a prerelease of what is there": ((PLAIN,), (release("1.0.0-rc.1"), PLAIN)),
    "a mirror": ((PLAIN,), (url(ONE, "https://mirror.example.com/x"),)),
    "a mirror in front": ((PLAIN,), (url("https://mirror.example.com/x", ONE),)),
    "a yank": ((PLAIN,), (url(ONE, more='yanked = "bad"'),)),
    "a yank undone": ((url(ONE, more='yanked = "bad"'),), (PLAIN,)),
    "a comment": ((PLAIN,), ("# more\n", PLAIN)),
    "a platform": (
        (archives(("linux", "l")),),
        (archives(("linux", "l"), ("darwin", "m")),),
    ),
    "a limit that is lifted": ((url(ONE, more='os = ["linux"]'),), (PLAIN,)),
    "a table in place of archives for the same": (
        (archives(("linux", "l")),),
        (release("1.0.0", f'url = "{URL}/l"', f'sha256 = "{sha256("l")}"', 'os = "linux"'),),
    ),
}

REFUSED: dict[str, tuple[tuple[str, ...], tuple[str, ...], list[str]]] = {
    "another digest": ((PLAIN,), (url(ONE, digest=OTHER),), ["digest-changed"]),
    "another url": ((PLAIN,), (url(f"{URL}/x"),), ["url-changed"]),
    "a mirror with other bytes": (
        (PLAIN,),
        (url(ONE, "https://mirror.example.com/x", digest=OTHER),),
        ["digest-changed"],
    ),
    "a deletion": ((PLAIN, release("1.1.0")), (PLAIN,), ["version-deleted"]),
    "another commit": ((git("a"),), (git("b"),), ["digest-changed"]),
    "another repository": (
        (git("a"),),
        (git("a", "https://git.example.com/b.git"),),
        ["url-changed"],
    ),
    "a commit for an archive": ((PLAIN,), (git("a"),), ["source-changed"]),
    "a new dependency": ((PLAIN,), (DEPENDS,), ["dependency-changed"]),
    "another constraint": (
        (DEPENDS,),
        (DEPENDS.replace('= "1.0.0" }', '= "1.1.0" }'),),
        ["dependency-changed"],
    ),
    "another kind": (
        (DEPENDS,),
        (DEPENDS.replace("dependencies", "weak-dependencies"),),
        ["dependency-changed"],
    ),
    "another command": ((BINS,), (BINS.replace("a.js", "b.js"),), ["contents-changed"]),
    "another node": ((PLAIN,), (url(ONE, more='node = ">=18"'),), ["contents-changed"]),
    "scripts": ((PLAIN,), (url(ONE, more="install-scripts = true"),), ["contents-changed"]),
    "a platform that is gone": (
        (archives(("linux", "l"), ("darwin", "m")),),
        (archives(("linux", "l")),),
        ["platform-deleted"],
    ),
    "a limit": ((PLAIN,), (url(ONE, more='os = ["linux"]'),), ["platform-deleted"]),
    "archives that change places": (
        (archives(("linux", "l"), ("darwin", "m")),),
        (archives(("linux", "m"), ("darwin", "l")),),
        ["digest-changed", "digest-changed"],
    ),
    "an archive in front of another": (
        (archives(("linux", "l")),),
        (
            archives(("linux", "l")).replace(
                '[[versions."1.0.0".archives]]\n',
                f'[[versions."1.0.0".archives]]\nos = "linux"\ncpu = "x64"\nurl = "{URL}/x"\n'
                f'sha256 = "{OTHER}"\n[[versions."1.0.0".archives]]\n',
                1,
            ),
        ),
        ["digest-changed"],
    ),
    "a version that cannot be read": ((PLAIN,), (release("1.0.0", "node = 1"),), ["index-invalid"]),
}


def checked(tmp_path: Path, change: Callable[[IndexFolder, IndexFolder], Any]) -> Checked:
    base, head = IndexFolder(tmp_path / "base", "acme"), IndexFolder(tmp_path / "head", "acme")
    change(base, head)
    return check(FolderSide(str(base.root)), FolderSide(str(head.root)))


def codes(found: Checked) -> list[str]:
    return [violation.code for violation in found.violations]


@pytest.mark.parametrize("what", ALLOWED)
def test_it_is_free_to_add(what: str, tmp_path: Path) -> None:
    before, now = ALLOWED[what]

    def change(base: IndexFolder, head: IndexFolder) -> None:
        base.add("acme:tool", *before)
        head.add("acme:tool", *now, head='description = "new"\nlicense = "MIT"\n')
        head.add("acme:another", PLAIN)

    found = checked(tmp_path, change)
    assert found.violations == () and found.packages == 2


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_a_violation_to_change(what: str, tmp_path: Path) -> None:
    before, now, expected = REFUSED[what]

    def change(base: IndexFolder, head: IndexFolder) -> None:
        base.add("acme:tool", *before)
        head.add("acme:tool", *now)

    found = checked(tmp_path, change)
    assert sorted(codes(found)) == sorted(expected)
    assert all("tool.toml" in violation.where for violation in found.violations)


def test_packages_are_neither_deleted_nor_renamed_nor_moved_between_namespaces(
    tmp_path: Path,
) -> None:
    def change(base: IndexFolder, head: IndexFolder) -> None:
        for name in ("a", "b", "c"):
            base.add(f"acme:{name}", url(f"{URL}/{name}"))
        head.add("acme:b2", url(f"{URL}/b"))
        head.add("acme.sub:c", url(f"{URL}/c"))

    found = checked(tmp_path, change)
    assert [(each.code, each.package) for each in found.violations] == [
        ("package-deleted", "acme:a"),
        ("package-renamed", "acme:b"),
        ("package-renamed", "acme:c"),
    ]
    assert "it is acme.sub:c now" in found.violations[2].message


def test_a_file_may_move_as_long_as_it_says_the_same(tmp_path: Path) -> None:
    def change(base: IndexFolder, head: IndexFolder) -> None:
        path = base.add("acme:tool", PLAIN)
        base.write("pkgs/odd.toml", path.read_bytes())
        path.unlink()
        head.add("acme:tool", PLAIN)

    assert checked(tmp_path, change).violations == ()


def test_what_is_new_is_looked_at_for_itself(tmp_path: Path) -> None:
    def change(base: IndexFolder, head: IndexFolder) -> None:
        for each in (base, head):
            each.add("acme:old", PLAIN)
        head.write("pkgs/@acme/o/other.toml", (head.root / "pkgs/@acme/o/old.toml").read_bytes())
        head.add("elsewhere:x", PLAIN)
        head.write("pkgs/c.lua", 'package = { namespace = "acme", name = "Case" }')
        head.write("pkgs/d.lua", 'package = { namespace = "acme", name = "case" }')
        head.add("acme:file", url("archives/file.tgz"))
        head.add("acme:lost", url("archives/lost.tgz"))
        head.write("archives/file.tgz", b"something else")
        head.add("acme:typo", PLAIN, head="licence = 'x'\n")

    found = checked(tmp_path, change)
    assert [(each.code, each.package) for each in found.violations] == [
        ("case-collision", "acme:case"),
        ("archive-wrong", "acme:file"),
        ("archive-wrong", "acme:lost"),
        ("package-twice", "acme:old"),
        ("misplaced", "acme:old"),
        ("namespace-foreign", "elsewhere:x"),
    ]
    assert [note.code for note in found.notes] == ["index-key-unknown"]


def test_archives_that_lie_in_the_index_stay_as_long_as_they_are_named(tmp_path: Path) -> None:
    def change(base: IndexFolder, head: IndexFolder) -> None:
        for each in (base, head):
            for name in ("a", "b"):
                each.add(f"acme:{name}", url(f"archives/{name}.tgz", digest=sha256(name)))
                each.write(f"archives/{name}.tgz", name)
        base.write("archives/unused.tgz", "x")
        head.write("archives/a.tgz", "other bytes")
        (head.root / "archives/b.tgz").unlink()

    found = checked(tmp_path, change)
    assert [(each.code, each.where, each.message) for each in found.violations] == [
        ("archive-wrong", "archives/a.tgz", "it has changed"),
        ("archive-wrong", "archives/b.tgz", "it is not there any more"),
    ]


def test_what_cannot_be_compared_is_a_violation_and_not_a_long_wait(tmp_path: Path) -> None:
    words = ", ".join(f'"w{number}"' for number in range(400))

    def change(base: IndexFolder, head: IndexFolder) -> None:
        base.add("acme:tool", PLAIN)
        head.add("acme:tool", url(ONE, more=f"os = [{words}]\ncpu = [{words}]"))

    assert codes(checked(tmp_path, change)) == ["platform-changed"]


# Through the command line, with git


@pytest.fixture
def index(machine: Machine) -> IndexFolder:
    repository = Repository(machine, "index")
    folder = IndexFolder(repository.path, "acme")
    folder.add("acme:tool", PLAIN)
    repository.commit(tag="v1")
    return folder


def test_the_gate_of_an_index_in_its_repository(index: IndexFolder, project: Project) -> None:
    at = ("index", "check", "-C", str(index.root))
    assert "1 package: all is well" in project.graft(*at, "HEAD").stderr
    index.add("acme:tool", url(ONE, digest=OTHER))
    done = project.graft(*at, "HEAD", check=False)
    assert done.code == 1
    assert done.stdout.startswith("digest-changed acme:tool@1.0.0: it was sha256-")
    assert done.stdout.endswith(" (pkgs/@acme/t/tool.toml)\n") and "\n" not in done.stdout[:-1]
    # What is committed counts where commits are named.
    assert project.graft(*at, "v1", "HEAD").code == 0
    said = project.graft(*at, "v1", "--json", check=False).json
    assert said["packages"] == 1 and said["violations"][0]["code"] == "digest-changed"
    assert said["violations"][0]["version"] == "1.0.0"
    # A branch that is pushed for the first time has no commit before.
    assert project.graft(*at, "0" * 40, "HEAD").code == 0
    missing = project.graft(*at, "nowhere", "--json", check=False)
    assert missing.code == 48 and missing.json["error"]["code"] == "git-ref-missing"


def test_no_setting_of_the_machine_has_a_say_in_what_is_compared(
    index: IndexFolder, project: Project, machine: Machine
) -> None:
    """A filter, or a line ending, would show files that nobody else gets."""
    index.write(".gitattributes", "*.toml filter=evil export-subst eol=crlf\n")
    config = machine.home / ".gitconfig"
    config.write_text(config.read_text() + '[filter "evil"]\n\tsmudge = touch pwned; cat\n')
    machine.run(["git", "add", "--all"], cwd=index.root)
    machine.run(["git", "commit", "--quiet", "-m", "x"], cwd=index.root)
    assert project.graft("index", "check", "-C", str(index.root), "v1", "HEAD").code == 0
    assert not (index.root / "pwned").exists()
