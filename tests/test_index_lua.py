"""Descriptors of existing indices in Lua: data, and never code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.base.diagnostics import GraftError
from graft.indices.descriptor import Descriptor
from graft.indices.lua_literals import LuaError, read_package
from graft.indices.parsed import ParsedCache
from graft.indices.reading import read_descriptor
from graft.indices.tree import IndexTree
from graft.model.platform import Platform
from graft.model.requirement import Kind
from harness.descriptors import IndexFolder, sha256

PACKAGE = """\
-- cmdline: a comment with package = { name = "evil" }
--[==[ and a long one ]] with brackets
]==]
package = {
    spec = "1",
    namespace = "mcpplibs",
    name = "cmdline",
    description = [[
A parser; not code: os.execute("rm -rf /") and __import__('os') .. x]],
    licenses = {"MIT", 'Apache-2.0'},
    repo = "https://git.example.com/mcpp/cmdline",
    type = "package",
    xpm = {
        linux = {
            deps = { "xim:gcc" },
            ["0.0.2"] = {
                url = { CN = "https://cn.example.com/c.tgz",
                    GLOBAL = "https://files.example.com/c.tgz" },
                sha256 = "%(a)s",
            },
            ["0.0.1"] = { url = "https://files.example.com/c1.tgz", sha256 = "%(b)s" };
            ["1.2"] = { url = "https://files.example.com/c2.tgz", sha256 = "%(b)s" },
            ["b10069"] = { url = "https://files.example.com/c2.tgz", sha256 = "%(b)s" },
            ["0.0.3"] = "ELSEWHERE",
            ["0.0.0"] = { url = "https://files.example.com/c0.tgz", sha256 = nil },
            ["latest"] = { ref = "0.0.2" },
        },
        macosx = { ref = "linux" },
        windows = {
            ["0.0.2"] = { url = "https://files.example.com/w.zip", sha256 = "%(c)s" },
            ["latest"] = { ref = "0.0.2" },
        },
    },
    mcpp = {
        schema = "0.1",
        sources = {"*/src/**/*.cppm"},
        targets = { ["cmdline"] = { kind = "lib" } },
        deps = {
            ["mbedtls"] = "3.6.1", ["mcpplibs.capi.lua"] = "^0.2",
            ["compat.x"] = { version = ">=1.0, <2.0", tools = {"t"} },
            any = "*",
        },
        linux = { deps = { ["compat.openssl"] = "3.0.0" } },
    },
}
function install()
    os.execute("touch pwned")
end
"""
for _digest in ("a", "b", "c"):
    PACKAGE = PACKAGE.replace(f"%({_digest})s", sha256(_digest))


def read(text: str, namespace: str = "mcpplibs") -> Descriptor:
    return read_descriptor(text.encode(), "cmdline.lua", namespace=namespace)


def refusal(text: str, namespace: str = "mcpplibs") -> tuple[str, str]:
    with pytest.raises(GraftError) as caught:
        read(text, namespace)
    assert caught.value.diagnostic.code == "index-invalid"
    return caught.value.diagnostic.where, caught.value.diagnostic.message


def package(*lines: str) -> str:
    return "package = {\n" + "".join(f"{line},\n" for line in lines) + "}\n"


def test_all_that_such_a_descriptor_says() -> None:
    found = read(PACKAGE)
    assert found.identity == "@mcpplibs/cmdline" and found.license == "MIT AND Apache-2.0"
    assert found.description.startswith("A parser; not code: os.execute(")
    assert list(found.releases) == ["1.2", "0.0.2", "0.0.1"]
    assert found.aliases == {"latest": "0.0.2"}
    assert found.unusable.keys() == {"b10069", "0.0.0", "0.0.3"}
    assert "no sha256" in found.unusable["0.0.0"]
    two = found.releases["0.0.2"]
    unix = two.archive_for(Platform(os="darwin", cpu="arm64"))
    assert unix and unix == two.archive_for(Platform(os="linux", cpu="x64"))
    assert [url.split("/")[2].split(".")[0] for url in unix.urls] == ["files", "cn"]
    windows = two.archive_for(Platform(os="win32", cpu="x64"))
    assert windows and windows.urls == ("https://files.example.com/w.zip",)
    assert found.releases["0.0.1"].archive_for(Platform(os="win32", cpu="x64")) is None
    assert str(found.releases["1.2"].version) == "1.2.0"
    assert [(r.local, r.specifier, r.kind) for r in two.requirements] == [
        ("@compat/openssl", "index:=3.0.0", Kind.OPTIONAL),
        ("@compat/x", ">=1.0 <2.0", Kind.PROD),
        ("@mcpplibs.capi/lua", "^0.2", Kind.PROD),
        ("@mcpplibs/any", "index:", Kind.PROD),
        ("@mcpplibs/mbedtls", "index:=3.6.1", Kind.PROD),
    ]


@pytest.mark.parametrize(
    ("said", "identity"),
    [
        (('namespace = "compat"', 'name = "zlib"'), "@compat/zlib"),
        (('namespace = "compat"', 'name = "compat.zlib"'), "@compat/zlib"),
        (('name = "zlib"',), "@mcpplibs/zlib"),
        (('namespace = "mcpplibs.capi"', 'name = "lua"'), "@mcpplibs.capi/lua"),
    ],
)
def test_names_as_indices_have_written_them(said: tuple[str, ...], identity: str) -> None:
    assert read(package(*said)).identity == identity


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (('namespace = "mcpplibs"', 'name = "capi.lua"'), 'namespace = "capi", name = "lua"'),
        (('namespace = "compat"', 'name = "compat.a.b"'), "has a dot"),
        (('namespace = "compat"',), "'name' is missing"),
        (('name = "../../etc/passwd"',), "other characters"),
        (('namespace = "a/b"', 'name = "x"'), "the namespace 'a/b'"),
        (('name = "git"',), "keep for themselves"),
        (('name = "x"', "xpm = 3"), "'xpm' must be a table"),
        (('name = "x"', 'xpm = { linux = { ref = "plan9" } }'), "'plan9' is none of"),
        (
            ('name = "x"', 'xpm = { linux = { ["1.0.0"] = { url = {}, sha256 = "a" } } }'),
            "a table of mirrors",
        ),
        (
            (
                'name = "x"',
                'xpm = { linux = { ["1.0.0"] = { url = "https://a.example.com", sha256 = "a" } } }',
            ),
            "64 hexadecimal digits",
        ),
        (('name = "x"', 'mcpp = { deps = { ["a/b"] = "1.0.0" } }'), "'a/b' names no package"),
        (('name = "x"', 'mcpp = { deps = { a = "not a version" } }'), "no constraint"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(said: tuple[str, ...], message: str) -> None:
    where, found = refusal(package(*said))
    assert message in found
    assert where.startswith("cmdline.lua:")


@pytest.mark.parametrize(
    ("trick", "said", "line"),
    [
        ('package = { name = os.execute("touch pwned") }', "'os' is no literal", 1),
        ('package = {\n name = "a" .. "b" }', "'..' behind a value", 2),
        ("package = { name = function() end }", "'function' is no literal", 1),
        ('package = setmetatable({ name = "x" }, {})', "written out: nothing is run", 1),
        ('local x = 1\npackage = { name = "x" }', "begins with 'package = {'", 1),
        ('package = { name = (function() return "x" end)() }', "'(' where a value must be", 1),
        ('package = { name = "x", version = #"abc" }', "'#' where a value must be", 1),
        ('package = { name = require("x") }', "'require' is no literal", 1),
        ('package = { name = "x",\n\nname = "y" }', "the key 'name' is there twice", 3),
        ('package = { name = "x", ["name"] = "y" }', "the key 'name' is there twice", 1),
        ('package = { [{}] = "y" }', "a key must be a text or a number", 1),
        ('package = { name = "x" } .. 1', "", 0),  # behind the table nothing counts
        ("package = " + "{" * 10_000, "nested too deep", 1),
        ("package = " + "{[" * 10_000, "a key must be", 1),
        ("package = { name = [==[x]] }", "a long text does not end", 1),
        ('package = {\n\n name = "x\n" }', "a text does not end", 3),
        ('package = { name = "\\300" }', "no escape", 1),
        ('package = { name = "\\xff" }', "not UTF-8", 1),
        ('package = { name = "x", n = 1e }', "is no number", 1),
        ("--[[ package = {} ", "a long text does not end", 1),
        ("-- " + "x" * (1 << 20), "up to 1,048,576 are read", 0),
    ],
)
def test_nothing_in_a_descriptor_is_ever_run(
    trick: str, said: str, line: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if said:
        with pytest.raises(LuaError) as caught:
            read_package(trick.encode())
        assert said in caught.value.message and caught.value.line == line
    else:
        assert read(trick).name == "x"
    assert list(tmp_path.iterdir()) == []


_WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_VALUES = st.recursive(
    st.booleans() | st.integers(-(10**14), 10**14) | _WORDS,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(_WORDS.filter(bool), below, max_size=4)
    ),
    max_leaves=12,
)


def escaped(char: str) -> str:
    if char.isalnum() or char == " ":
        return char
    return "".join(f"\\{byte:03}" for byte in char.encode())


def lua(value: Any, brackets: int) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        level = "=" * brackets
        if brackets and f"]{level}]" not in f"{value}]" and "\r" not in value:
            return f"[{level}[\n{value}]{level}]"
        return '"' + "".join(map(escaped, value)) + '"'
    if isinstance(value, list):
        return "{" + "; ".join(lua(each, brackets) for each in value) + "}"
    pairs = (f"[{lua(key, 0)}] = {lua(each, brackets)}" for key, each in value.items())
    return "{ --[[ x ]] " + ",\n".join(pairs) + "}"


def same(value: Any) -> Any:
    """An empty list cannot be told from an empty table."""
    if isinstance(value, list):
        return [same(each) for each in value] or {}
    return {key: same(each) for key, each in value.items()} if isinstance(value, dict) else value


@given(st.dictionaries(_WORDS.filter(bool), _VALUES, min_size=1, max_size=4), st.integers(0, 2))
def test_literals_are_read_as_they_were_written(value: dict[str, Any], brackets: int) -> None:
    found = read_package(f"package = {lua(value, brackets)}".encode()).value
    assert found == same(value)
    json.dumps(found)


@given(
    st.lists(
        st.sampled_from(["package", "=", "{", "}", "[", "]", "[[", "]]", "--", '"', "'", "\\", ","])
        | _WORDS
        | st.sampled_from(["name", "1", ".5", "\n", "nil", "..", "os.x()", "[=[", "]=]", "\\u{1}"]),
        max_size=30,
    )
)
def test_no_text_does_more_than_be_refused(parts: list[str]) -> None:
    for text in ("".join(parts), "package = { name = " + " ".join(parts)):
        try:
            read_package(text.encode())
        except LuaError as error:
            assert 0 <= error.line <= text.count("\n") + 1


def test_systems_with_one_digest_share_an_archive_and_its_mirrors() -> None:
    entry = f'{{ url = %s, sha256 = "{sha256("a")}" }}'
    linux = entry % '{ GLOBAL = "https://a.example.com/x", CN = "https://cn.example.com/x" }'
    mac = entry % '"https://b.example.com/x"'
    xpm = f'xpm = {{ linux = {{ ["1.0.0"] = {linux} }}, macosx = {{ ["1.0.0"] = {mac} }} }}'
    (archive,) = read(package('name = "x"', xpm)).releases["1.0.0"].archives
    assert archive.platforms.os == ("darwin", "linux")
    assert [url.split("/")[2][:2] for url in archive.urls] == ["a.", "cn", "b."]


def test_an_index_in_lua_is_used_as_it_is(tmp_path: Path) -> None:
    index = IndexFolder(tmp_path / "index")
    index.write("index.toml", '[index]\nspec = "1"\nmin_mcpp = "0.0.1"\n')
    index.write("pkgs/c/cmdline.lua", PACKAGE)
    index.write("pkgs/c/compat.zlib.lua", package('namespace = "compat"', 'name = "compat.zlib"'))
    index.write("pkgs/z/zlib.lua", package('namespace = "other"', 'name = "zlib"'))
    comments = '-- namespace = "x", name = "y"\n' * 1000
    index.write("pkgs/w/wherever.lua", comments + package('name = "hidden"'))
    index.write("pkgs/w/keys.lua", package('["name"] = "keyed"'))
    index.write("pkgs/w/broken.lua", "package = os.execute()")
    parsed = ParsedCache(str(tmp_path / "cache"))
    tree = IndexTree(str(index.root), namespace="mcpplibs", parsed=parsed)
    assert tree.find("@mcpplibs/cmdline") == read(PACKAGE)
    compat = tree.find("@compat/zlib")
    assert compat and compat.where.endswith("compat.zlib.lua")
    assert tree.opened == 1 + 1 + 1 + 1  # and zlib.lua, which could have been it too
    assert tree.find("@mcpplibs/zlib") is None
    hidden = tree.find("@mcpplibs/hidden")
    assert hidden and hidden.where.endswith("wherever.lua")
    keyed = tree.find("@mcpplibs/keyed")
    assert keyed and keyed.where.endswith("keys.lua")
    again = IndexTree(str(index.root), namespace="mcpplibs", parsed=parsed)
    assert again.find("@mcpplibs/cmdline") == read(PACKAGE)
