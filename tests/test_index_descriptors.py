"""Descriptors in TOML: what they say, and what is refused, with file and line."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.indices.descriptor import Descriptor
from graft.indices.info import read_info
from graft.indices.parsed import ParsedCache
from graft.indices.reading import read_descriptor
from graft.indices.tree import IndexTree
from graft.model.platform import Platform
from graft.model.requirement import Kind
from harness.descriptors import URL, IndexFolder, descriptor, release, sha256

LINUX = Platform(os="linux", cpu="x64", libc="glibc")
MAC = Platform(os="darwin", cpu="arm64")


def read(text: str, path: str = "tool.toml") -> Descriptor:
    return read_descriptor(text.encode(), path)


def refused(text: str, path: str = "tool.toml") -> tuple[str, str, str]:
    with pytest.raises(GraftError) as caught:
        read(text, path)
    found = caught.value.diagnostic
    return found.code, found.where, found.message


def test_all_that_a_descriptor_can_say() -> None:
    text = descriptor(
        "acme.sub:tool",
        release("1.0.0"),
        release("1.10.0-rc.1"),
        release(
            "1.2.0_1",
            f'url = ["{URL}/a.tgz", "archives/tool-1.2.0.tgz"]',
            f'sha256 = "{sha256("a").upper()}"',
            'yanked = "it deletes files"',
            'node = ">=18"',
            "install-scripts = true",
            'bins = { tool = "./bin/tool.js" }',
            'os = ["linux", "!win32"]',
            tables="""
[versions."1.2.0_1".dependencies]
"acme:util" = "~1.2.3 || =2.0.0"
gtest = ""
[versions."1.2.0_1".optional-dependencies]
"@acme/maybe" = "1.0.0"
[versions."1.2.0_1".weak-dependencies]
"acme:other" = "1.0.0"
[versions."1.2.0_1".npm-dependencies]
"lodash.merge" = "^4"
"acme:old" = "1.x"
[versions."1.2.0_1".npm-peer-dependencies]
react = ">=17"
[versions."1.2.0_1".npm-optional-peer-dependencies]
vue = "*"
""",
        ),
        release("1.3.0", 'git = "https://git.example.com/a/tool.git"', f'commit = "{"a" * 40}"'),
        head='description = "d"\nlicense = "MIT"\nrepository = "https://git.example.com/a"\n',
    )
    found = read(text)
    assert found.identity == "@acme.sub/tool" and not found.notes
    assert (found.description, found.license) == ("d", "MIT")
    assert list(found.releases) == ["1.10.0-rc.1", "1.3.0", "1.2.0_1", "1.0.0"]
    one = found.releases["1.2.0_1"]
    (archive,) = one.archives
    assert archive.urls == (f"{URL}/a.tgz", "archives/tool-1.2.0.tgz")
    digest = base64.b64encode(bytes.fromhex(sha256("a"))).decode()
    assert archive.integrity == f"sha256-{digest}"
    assert (one.yanked, one.node, one.has_scripts) == ("it deletes files", ">=18", True)
    assert one.bins == (("tool", "bin/tool.js"),)
    assert [(r.local, r.specifier, r.kind, r.optional) for r in one.requirements] == [
        ("@acme/maybe", "index:1.0.0", Kind.OPTIONAL, True),
        ("@acme/old", "1.x", Kind.PROD, False),
        ("@acme/other", "index:1.0.0", Kind.PEER, True),
        ("@acme/util", "index:~1.2.3 || =2.0.0", Kind.PROD, False),
        ("gtest", "index:", Kind.PROD, False),
        ("lodash.merge", "^4", Kind.PROD, False),
        ("react", ">=17", Kind.PEER, False),
        ("vue", "*", Kind.PEER, True),
    ]
    assert one.archive_for(LINUX) == archive and one.archive_for(MAC) is None
    assert found.releases["1.3.0"].archives[0].commit == "a" * 40


def test_an_archive_for_each_platform() -> None:
    tables = "".join(
        f'[[versions."1.0.0".archives]]\n{limits}\nurl = "{URL}/{n}"\nsha256 = "{sha256(n)}"\n'
        for n, limits in (("l", 'os = "linux"\nlibc = "glibc"'), ("m", 'os = ["darwin"]'))
    )
    found = read(descriptor("acme:tool", release("1.0.0", tables=tables))).releases["1.0.0"]
    assert [a and a.urls[0][-1] for a in map(found.archive_for, (LINUX, MAC))] == ["l", "m"]
    assert found.archive_for(Platform(os="win32", cpu="x64")) is None
    assert found.platforms.os == ("darwin", "linux") and not found.platforms.libc


BAD_VERSIONS = {
    'url = "x"': "'url' needs 'sha256' or 'integrity'",
    "": "",
    'git = "https://git.example.com/a.git"': "'commit' must be all digits",
    f'url = "{URL}"\nsha256 = "12"': "64 hexadecimal digits",
    f'url = "{URL}"\nintegrity = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="': "sha1 is too weak",
    f'url = "../a.tgz"\nsha256 = "{sha256("a")}"': "neither a url nor the path of a file",
    f'url = "/etc/a.tgz"\nsha256 = "{sha256("a")}"': "neither a url nor the path of a file",
    f'url = "file:///etc/passwd"\nsha256 = "{sha256("a")}"': "no address of the web",
    f'url = "https://me:secret@files.example.com/"\nsha256 = "{sha256("a")}"': "no user",
    f'url = "https://a.example.com/\\u0007"\nsha256 = "{sha256("a")}"': "is no url",
    f'git = "ext::sh -c id"\ncommit = "{"a" * 40}"': "source",
    f'git = "--upload-pack=x"\ncommit = "{"a" * 40}"': "source",
    f'git = "https://u:p@git.example.com/a.git"\ncommit = "{"a" * 40}"': "no user",
    f'git = "https://git.example.com/a.git"\nurl = "x"\ncommit = "{"a" * 40}"': "two places",
    "yanked = 3": "'yanked' must be a text",
    'node = "not a range at all"': "no range of versions of node",
    'bins = { t = "../../x" }': "leads to no file of the package",
    'bins = { "../t" = "x" }': "leads to no file of the package",
    'dependencies = { "acme:util" = "^1.2" }': "begins no constraint",
    'dependencies = { "acme:util" = "1.0.0!" }': "'!' is for projects",
    'dependencies = { "acme:../x" = "1.0.0" }': "other characters",
    'dependencies = { "acme:a:b" = "1.0.0" }': "other characters",
    'dependencies = { "acme:tool" = "1.0.0" }': "cannot ask for itself",
    'dependencies = { "acme:version" = "1.0.0" }': "keep for themselves",
    'dependencies = { "acme.sub.util" = "1.0.0" }': "has a dot",
    'npm-dependencies = { "a" = "file:../x" }': "no range of versions",
    'npm-dependencies = { "../a" = "1" }': "not a package name",
    'dependencies = { "@acme/a" = "1.0.0" }\nnpm-dependencies = { "acme:a" = "1" }': "twice",
    'os = ["Linux!"]': "no os as npm names them",
}


@pytest.mark.parametrize("lines", [lines for lines in BAD_VERSIONS if lines])
def test_what_is_wrong_with_a_version_is_told_with_its_line(lines: str) -> None:
    text = descriptor("acme:tool", release("0.9.0"), release("1.0.0", lines))
    code, where, message = refused(text)
    assert code == "index-invalid" and BAD_VERSIONS[lines] in message, message
    line = int(where.removeprefix("tool.toml:"))
    begun = text.split("\n").index('[versions."1.0.0"]') + 1
    assert begun <= line <= begun + 1 + len(text.split("\n")) - begun


def test_the_line_is_the_one_that_is_wrong() -> None:
    text = descriptor("acme:tool", release("1.0.0", "# more", "node = 3"))
    assert refused(text)[1] == f"tool.toml:{text.split(chr(10)).index('node = 3') + 1}"
    text = descriptor("acme:tool", release("1.0.0"), '[versions."1.0.0"]\n')
    assert refused(text)[1] == f"tool.toml:{text.count(chr(10))}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('spec = 1\nname = "tool"\n', "'namespace' is missing"),
        ('spec = 1\nnamespace = "acme"\n', "'name' is missing"),
        (descriptor("acme:acme.tool"), "has a dot: what stands before it belongs to the namespace"),
        (descriptor("acme:..:tool"), "the namespace 'acme:..'"),
        (descriptor("acme..sub:tool"), "is empty"),
        (descriptor("acme:to/ol"), "other characters"),
        (descriptor("acme:to\\u0007ol"), "other characters"),
        (descriptor("acme:Tool"), "'T' in a package name"),
        (descriptor("acme:a_b"), "'_' in a package name"),
        (descriptor("acme:git"), "keep for themselves"),
        (descriptor("acme:Con"), "a device on some systems"),
        (descriptor("nul:tool"), "a device on some systems"),
        (descriptor("acme:node_modules"), "keep for themselves"),
        (descriptor("acme:" + "a" * 101), "longer than"),
        (descriptor("acme:tool", release("1.2")), "patch number"),
        (descriptor("acme:tool", release("1.0.0+a"), release("1.0.0+b")), "are one version"),
        ('namespace = "acme"\nname = "tool"\n', "'spec' must be the number of a format"),
        ("spec = 1\nwhen = 2020-01-01\n", "it holds a date"),
        ("a = " + "[" * 5000, "nested too deep"),
        ("a = 1\n" * 2, "Cannot overwrite a value"),
        ("\udcff", "not UTF-8"),
        ("# " + "x" * (1 << 20), "up to 1,048,576 are read"),
    ],
)
def test_what_is_no_descriptor_is_refused(text: str, said: str) -> None:
    with pytest.raises(GraftError) as caught:
        read_descriptor(text.encode(errors="surrogateescape"), "tool.toml")
    assert caught.value.diagnostic.code == "index-invalid"
    assert said in caught.value.diagnostic.message


def test_unknown_keys_are_told_with_what_was_meant_and_stop_nobody() -> None:
    text = descriptor("acme:tool", release("1.0.0", "dependancies = {}"), head='licence = "MIT"\n')
    first, second = sorted(read(text).notes, key=lambda note: note.where)
    assert (first.code, first.where) == ("index-key-unknown", "tool.toml:4")
    assert "did you mean 'license'?" in first.message
    assert second.where == "tool.toml:9" and "'dependencies'" in second.message


def test_a_newer_format_is_too_new_and_nothing_is_missing(tmp_path: Path) -> None:
    assert refused("spec = 2\nnew = true\n")[:2] == ("index-too-new", "tool.toml:1")
    index = IndexFolder(tmp_path, "acme")
    index.write("index.toml", '[index]\nspec = "2"\n')
    with pytest.raises(GraftError) as caught:
        IndexTree(str(tmp_path)).find("@acme/nothing")
    assert caught.value.diagnostic.code == "index-too-new"


def test_what_an_index_serves() -> None:
    info = read_info(b'[index]\nspec = 1\nnamespaces = ["acme", "default"]\n', "index.toml")
    assert info.serves("acme.sub") and info.serves("") and not info.serves("acme-edge")
    assert read_info(b'[index]\nspec = "1"\nmin_mcpp = "9"\n', "i").serves("anything")
    with pytest.raises(GraftError) as caught:
        read_info(b'[index]\nspec = 1\nnamespaces = ["a/b"]\n', "index.toml")
    assert caught.value.diagnostic.where == "index.toml:3"


# Finding one


def found(tree: IndexTree, name: str) -> Descriptor:
    descriptor = tree.find(name)
    assert descriptor is not None
    return descriptor


def code_of(tree: IndexTree, name: str) -> tuple[str, str]:
    with pytest.raises(GraftError) as caught:
        tree.find(name)
    return caught.value.diagnostic.code, caught.value.diagnostic.message


def test_only_the_descriptors_that_are_needed_are_opened(tmp_path: Path) -> None:
    index = IndexFolder(tmp_path, "acme")
    for number in range(100):
        index.add(f"acme:p{number}", release("1.0.0"))
    index.add("tool", release("2.0.0"))
    tree = IndexTree(str(tmp_path))
    assert found(tree, "@acme/p7").identity == "@acme/p7"
    assert found(tree, "@acme/p7") is found(tree, "@acme/p7")
    assert found(tree, "tool").namespace == ""
    assert tree.opened == 3  # with index.toml


def test_a_file_of_another_name_is_found_by_what_it_declares_once_for_a_snapshot(
    tmp_path: Path,
) -> None:
    index = IndexFolder(tmp_path / "index", "acme")
    for number in range(20):
        index.add(f"acme:p{number}", release("1.0.0"))
    index.write("pkgs/odd/place.toml", descriptor("acme:tool", release("1.0.0")))
    snapshot = str(tmp_path / "cache/names.json")
    first = IndexTree(str(index.root), snapshot=snapshot)
    assert found(first, "@acme/tool").where.endswith("pkgs/odd/place.toml")
    assert first.find("@acme/nothing") is None
    assert first.opened == 1 + 21 + 1
    second = IndexTree(str(index.root), snapshot=snapshot)
    assert second.find("@acme/nothing") is None and found(second, "@acme/tool")
    assert second.opened == 2
    assert "@acme/tool" in second.names() and len(second.names()) == 21


def test_a_name_never_leads_to_a_package_of_another_namespace(tmp_path: Path) -> None:
    index = IndexFolder(tmp_path, "acme", "other")
    index.write("pkgs/z/zlib.toml", descriptor("other:zlib", release("1.0.0")))
    tree = IndexTree(str(tmp_path))
    assert code_of(tree, "zlib") == (
        "index-invalid",
        "it declares @other/zlib, and lies where zlib belongs",
    )
    assert tree.find("@acme/zlib") is None
    assert found(tree, "@other/zlib")


def test_two_files_that_declare_one_package_are_an_error(tmp_path: Path) -> None:
    index = IndexFolder(tmp_path, "acme")
    for path in ("pkgs/a.toml", "pkgs/b.toml"):
        index.write(path, descriptor("acme:tool", release("1.0.0")))
    code, message = code_of(IndexTree(str(tmp_path)), "@acme/tool")
    assert code == "index-invalid" and "b.toml as well" in message


def test_links_that_lead_out_of_an_index_are_not_followed(tmp_path: Path) -> None:
    index = IndexFolder(tmp_path / "index", "acme")
    secret = tmp_path / "secret.toml"
    secret.write_text(descriptor("acme:tool", release("1.0.0")))
    (index.root / "pkgs/@acme/t").mkdir(parents=True)
    (index.root / "pkgs/@acme/t/tool.toml").symlink_to(secret)
    tree = IndexTree(str(index.root))
    assert code_of(tree, "@acme/tool")[0] == "index-invalid"
    (index.root / "pkgs/@acme/t/tool.toml").unlink()
    (index.root / "pkgs/@acme/s").symlink_to(tmp_path)
    assert code_of(tree, "@acme/secret")[0] == "index-invalid"
    (index.root / "archives").symlink_to(tmp_path)
    for url in ("archives/secret.toml", "../secret.toml"):
        with pytest.raises(GraftError):
            tree.file_at(url)
    assert tree.file_at("pkgs/a.tgz") == os.path.join(index.root, "pkgs/a.tgz")


def test_what_was_read_before_is_not_read_again(tmp_path: Path) -> None:
    index = IndexFolder(tmp_path / "index", "acme")
    path = index.add("acme:tool", release("1.0.0"))
    parsed = ParsedCache(str(tmp_path / "cache"))
    first = IndexTree(str(index.root), parsed=parsed).find("@acme/tool")
    (kept,) = (tmp_path / "cache").rglob("*.json")
    kept.write_text(kept.read_text().replace("1.0.0", "1.0.1"))
    again = found(IndexTree(str(index.root), parsed=parsed), "@acme/tool")
    assert list(again.releases) == ["1.0.1"]  # it came from there
    for damage in ("[1]", "{", '{"spec": 1, "namespace": 3}', "[" * 9999):
        kept.write_text(damage)
        assert IndexTree(str(index.root), parsed=parsed).find("@acme/tool") == first
    path.write_text(descriptor("acme:tool", release("2.0.0")))
    assert list(found(IndexTree(str(index.root), parsed=parsed), "@acme/tool").releases) == [
        "2.0.0"
    ]
