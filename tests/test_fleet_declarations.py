"""Which declarations an editor is given of a package: section 8, package-types, and beyond."""

from __future__ import annotations

import json

import pytest

from graft.fleet.declarations import Closure, at_types, closure, package_of

Tree = dict[str, dict[str, str]]


def found(tree: Tree, specifier: str, most: int = 8 << 20) -> Closure:
    files = {
        name: {path: text.encode() for path, text in package.items()}
        for name, package in tree.items()
    }
    return closure(specifier, files.get, most)


def paths(closure: Closure) -> list[str]:
    return [path.removeprefix("node_modules/") for path, _ in closure.files]


def manifest(**fields: object) -> str:
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("name", "mangled"),
    [("lodash", "@types/lodash"), ("@acme/tool", "@types/acme__tool"), ("a-b", "@types/a-b")],
)
def test_names_are_mangled_as_definitely_typed_does(name: str, mangled: str) -> None:
    assert at_types(name) == mangled


def test_the_package_of_a_specifier() -> None:
    assert [package_of(each) for each in ("a", "a/b/c", "@s/a", "@s/a/b")] == [
        "a",
        "a",
        *["@s/a"] * 2,
    ]


def test_types_of_another_package_come_whole_and_unwrapped() -> None:
    text = "export as namespace _;\ndeclare const _: 1;"
    tree: Tree = {
        "lodash": {"package.json": manifest(name="lodash")},
        "@types/lodash": {
            "package.json": manifest(name="@types/lodash", types="index.d.ts"),
            "index.d.ts": '/// <reference path="./common/array.d.ts" />\n' + text,
            "common/array.d.ts": "declare const array: 1;",
            "fp/never-asked-for.d.ts": "declare const fp: 1;",
            "node_modules/x/index.d.ts": "declare const x: 1;",
        },
    }
    said = found(tree, "lodash")
    assert paths(said) == [
        "@types/lodash/common/array.d.ts",
        "@types/lodash/fp/never-asked-for.d.ts",
        "@types/lodash/index.d.ts",
        "@types/lodash/package.json",
        "lodash/package.json",
    ]
    assert (said.has_own_types, said.has_at_types, said.not_found) == (False, True, False)
    assert dict(said.files)["node_modules/@types/lodash/index.d.ts"].endswith(text)


@pytest.mark.parametrize(
    "fields",
    [
        {"types": "lib/main.d.ts"},
        {"typings": "./lib/main"},
        {"exports": {".": {"import": {"types": "./lib/main.d.ts", "default": "./m.js"}}}},
        {"exports": [{"types": "./lib/main.d.ts"}]},
        {"types": "absent.d.ts", "exports": {"types": "./lib/main.d.ts"}},
    ],
)
def test_own_types_and_what_they_lead_to(fields: dict[str, object]) -> None:
    tree: Tree = {
        "a": {
            "package.json": manifest(**fields),
            "lib/main.d.ts": (
                "export * from './one'\nimport two = require('./two.js')\n"
                "type T = import('../three').T\nimport 'bare'\nexport * from '../../outside'\n"
            ),
            "lib/one/index.d.ts": "",
            "lib/two.d.ts": "import './four.mjs'",
            "lib/four.d.mts": "",
            "three.d.cts": "",
            "unreached.d.ts": "",
        },
        "bare": {"index.d.ts": ""},
    }
    said = found(tree, "a")
    assert paths(said) == [
        "a/lib/four.d.mts",
        "a/lib/main.d.ts",
        "a/lib/one/index.d.ts",
        "a/lib/two.d.ts",
        "a/package.json",
        "a/three.d.cts",
    ]
    assert said.has_own_types


def test_a_package_without_a_word_of_its_types_has_them_at_the_usual_place() -> None:
    assert paths(found({"a": {"index.d.ts": ""}}, "a")) == ["a/index.d.ts"]


def test_own_types_and_those_of_another_come_together_and_once() -> None:
    tree: Tree = {
        "a": {"index.d.ts": '/// <reference types="node" />\n/// <reference types="gone" />'},
        "@types/a": {"index.d.ts": "import './index'"},
        "@types/node": {"index.d.ts": "", "fs.d.ts": ""},
    }
    said = found(tree, "a/sub")
    assert paths(said) == ["@types/a/index.d.ts", "@types/node/index.d.ts", "a/index.d.ts"]
    assert said.has_own_types and said.has_at_types


def test_what_has_no_types_or_is_not_there_is_said() -> None:
    said = found({"a": {"package.json": "{}"}}, "a")
    assert said.not_found and paths(said) == ["a/package.json"]
    said = found({}, "a")
    assert said.not_found and said.files == ()
    said = found({"a": {"package.json": "{never closed", "index.d.ts": ""}}, "a")
    assert said.has_own_types


def test_what_is_too_much_is_left_out_and_said() -> None:
    tree: Tree = {
        "a": {
            "index.d.ts": "import './big'\nimport './small'",
            "big.d.ts": "x" * 500,
            "small.d.ts": "",
        }
    }
    said = found(tree, "a", most=200)
    assert said.truncated and paths(said) == ["a/index.d.ts", "a/small.d.ts"]
