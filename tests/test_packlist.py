"""Which files are a package: npm's rules. bench/packlist.py compares many more with npm's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from graft.base.globs import expand_braces, read_glob
from graft.project.packlist import packed_files


class Tree:
    """A listing of files that are given by their paths."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def entries(self, folder: str) -> dict[str, bool]:
        start = f"{folder}/" if folder else ""
        found: dict[str, bool] = {}
        for path in self.files:
            if path.startswith(start):
                name, slash, _ = path[len(start) :].partition("/")
                found[name] = bool(slash)
        return found

    def text(self, path: str) -> str:
        return self.files[path]


def packed(files: str, manifest: Mapping[str, Any] | None = None, **ignore: str) -> str:
    """``files`` and the answer have a path a word; ``ignore`` holds texts of ignore files."""
    texts = dict.fromkeys(files.split(), "") | {
        {"npm": ".npmignore", "git": ".gitignore", "npm_lib": "lib/.npmignore"}[key]: text
        for key, text in ignore.items()
    }
    return " ".join(packed_files(Tree(texts), manifest or {}))


ALL = "package.json index.js lib/a.js lib/a.test.js test/a.js README.md"


REST = "README.md package.json"


@pytest.mark.parametrize(
    ("manifest", "ignore", "expected"),
    [
        ({}, {}, f"index.js lib/a.js lib/a.test.js test/a.js {REST}"),
        ({}, {"git": "lib/"}, f"index.js test/a.js {REST}"),
        ({}, {"git": "lib/", "npm": "/test"}, f"index.js lib/a.js lib/a.test.js {REST}"),
        ({}, {"npm": "*.js\n!lib/a.js"}, f"lib/a.js {REST}"),
        ({}, {"npm": "README.md\n*.json\nlib\n"}, f"index.js test/a.js {REST}"),
        ({"files": ["lib"]}, {"npm": "lib"}, f"lib/a.js lib/a.test.js {REST}"),
        ({"files": ["lib", "!**/*.test.js"]}, {}, f"lib/a.js {REST}"),
        ({"files": ["test"], "main": "index.js"}, {}, f"index.js test/a.js {REST}"),
        ({"files": ["lib/a.js"]}, {"npm_lib": "a.js"}, f"lib/a.js {REST}"),
        ({"files": ["lib"]}, {"npm_lib": "*.test.js"}, f"lib/a.js {REST}"),
        ({"files": []}, {}, REST),
        (
            {"files": ["./lib/*.test.js"], "bin": "./test/a.js"},
            {},
            f"lib/a.test.js test/a.js {REST}",
        ),
        # npm's manual says that main is always there; npm itself forgets it if it starts with "./".
        ({"files": ["test"], "main": "./index.js"}, {}, f"index.js test/a.js {REST}"),
    ],
)
def test_files_and_ignore_files(
    manifest: dict[str, Any], ignore: dict[str, str], expected: str
) -> None:
    assert sorted(packed(ALL, manifest, **ignore).split()) == sorted(expected.split())


def test_litter_and_what_is_never_part_of_a_package() -> None:
    litter = (
        "package.json .npmrc lib/.npmrc .DS_Store x.orig ._x .a.swp npm-debug.log .git/HEAD CVS/x "
        "package-lock.json yarn.lock pnpm-lock.yaml graft-lock.json node_modules/a/index.js "
        "lib/package-lock.json lib/index.js lib/node_modules/b/index.js"
    )
    kept = "lib/index.js lib/node_modules/b/index.js lib/package-lock.json package.json"
    assert packed(litter) == kept


def test_members_of_the_workspace_are_no_part_of_its_root() -> None:
    tree = Tree({"package.json": "", "packages/a/x.js": "", "packages/x.js": ""})
    assert packed_files(tree, {}, members=["packages/a"]) == ["package.json", "packages/x.js"]
    assert packed_files(Tree({"a.js": "", "b.js": ""}), {}, above=["b.js\n"]) == ["a.js"]


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.js", "a.js lib/A.JS .x.js", "a.jsx"),
        ("lib/*.js", "lib/a.js", "a.js lib/b/a.js x/lib/a.js"),
        ("**/a", "a b/a b/c/a", "b ab"),
        ("a/**", "a/b a/b/c a/", "a b/a"),
        ("a/**/b", "a/b a/x/b a/x/y/b", "a/x"),
        ("[!a-c]x", "dx x/dx", "ax"),
        ("x?", "xy", "x xyz"),
        ("+(a|b).js", "a.js abba.js", ".js c.js"),
        ("x!(a).js", "x.js xb.js xaa.js", "xa.js"),
        ("@(!(a)).js", "b.js ab.js", "a.js"),
        ("a[", "a[", "a"),
        (r"a\*", "a*", "ab"),
        ("*", "a .a a/b", ""),
    ],
)
def test_globs(pattern: str, yes: str, no: str) -> None:
    glob = read_glob(pattern)
    assert [path for path in yes.split() if not glob.matches(path)] == []
    assert [path for path in no.split() if glob.matches(path)] == []


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", "a", ".a a/b A/b"),
        ("[a-c]*", "a bx", "A dx"),
        ("a", "a", "A b/a"),
        (".*", ".a", "a . .."),
        ("**/x", "x a/x a/b/x", ".a/x a/.b/x X"),
        ("{a,}/x", "a/x /x", "x"),
        ("+(a|b)/x", "ab/x", "c/x"),
    ],
)
def test_globs_read_exactly(pattern: str, yes: str, no: str) -> None:
    glob = read_glob(pattern, exact=True)
    assert [path for path in yes.split() if not glob.matches(path)] == []
    assert [path for path in no.split() if glob.matches(path)] == []


def test_braces() -> None:
    assert expand_braces("a{b,c{d,e}}{,x}") == ["ab", "abx", "acd", "acdx", "ace", "acex"]
    assert expand_braces("{1..3}{a}${b,c}") == ["1{a}${b,c}", "2{a}${b,c}", "3{a}${b,c}"]
    assert read_glob("!!a").negated is False and read_glob("!a").negated is True
