"""Names and dependency strings of index packages, and how all mistakes of a manifest are told."""

from __future__ import annotations

import pytest

from graft.versions.index_constraint import UNCONSTRAINED, parse_constraint
from graft.versions.index_dependency import (
    IndexDependency,
    parse_dependency,
    parse_package_constraint,
    read_dependencies,
)
from graft.versions.index_name import check_name
from graft.versions.mistakes import MalformedError, read_each, refusal

NAMES = ("a", "a-b", "a.b", "acme:tool", "a:b:c", "a::b", "a:.b", "a.-b", "x-", "x--y", "1a", "a1")

# name, the column of its mistake counted from 1, what the message says
REFUSED_NAMES = [
    ("", 1, "a package name is missing"),
    ("Foo", 1, "'F' in a package name"),
    ("foo$bar", 4, "'$' in a package name"),
    ("a b", 2, "' ' in a package name"),
    ("a\n", 2, "U+000A in a package name"),
    ("é", 1, "'é' in a package name"),
    ("foo_bar", 4, "'_' in a package name"),
    ("../evil", 3, "'/' in a package name"),
    ("123", 1, "a package name without a letter"),
    (".", 1, "a package name without a letter"),
    (".foo", 1, "begins with '.'"),
    ("-x", 1, "begins with '-'"),
    (":a", 1, "begins with ':'"),
    ("foo.", 4, "ends with '.'"),
    ("a:", 2, "ends with ':'"),
    ("a..b", 3, "a second '.' in a row"),
]

# text, and of each mistake: code, column counted from 1, what the message says
REFUSED = [
    ("", [("bad-package-name", 1, "is missing")]),
    ("?", [("bad-package-name", 2, "is missing")]),
    ("??foo", [("bad-package-name", 2, "'?'")]),
    ("foo?", [("bad-package-name", 4, "'?'")]),
    (" foo@1.0.0", [("bad-package-name", 1, "' '")]),
    ("foo @1.0.0", [("bad-package-name", 4, "' '")]),
    ("fo\no@1.0.0", [("bad-package-name", 3, "U+000A")]),
    ("foo@", [("bad-constraint", 5, "nothing behind '@'")]),
    ("@", [("bad-package-name", 1, "is missing"), ("bad-constraint", 2, "nothing behind '@'")]),
    ("a@b@1.0.0", [("bad-package-name", 2, "'@'")]),
    ("?foo@1.0", [("bad-version", 9, "nothing where the patch number")]),
    ("foo@ 1.0.0", [("bad-constraint", 5, "a space")]),
    ("foo@!", [("bad-constraint", 5, "a version is missing")]),
    ("Foo@^1.0.0 || 2", [("bad-package-name", 1, "'F'"), ("bad-constraint", 5, "'^'"),
                         ("bad-version", 16, "nothing where the minor")]),
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    assert check_name(name) == name
    assert parse_dependency(name).name == name


@pytest.mark.parametrize(("name", "column", "message"), REFUSED_NAMES)
def test_what_is_no_name(name: str, column: int, message: str) -> None:
    with pytest.raises(MalformedError) as caught:
        check_name(name)
    (found,) = caught.value.mistakes
    assert (found.code, found.at + 1) == ("bad-package-name", column)
    assert message in found.message
    assert found.allowed


@pytest.mark.parametrize(
    ("text", "name", "constraint", "weak"),
    [
        ("foo", "foo", "", False),
        ("foo@1.2.3", "foo", "1.2.3", False),
        ("?foo", "foo", "", True),
        ("?acme:tool@=1.0.0 || 2.0.0!", "acme:tool", "=1.0.0 || 2.0.0!", True),
    ],
)
def test_dependency_strings(text: str, name: str, constraint: str, weak: bool) -> None:
    asked = parse_constraint(constraint)
    assert parse_dependency(text) == IndexDependency(name=name, constraint=asked, weak=weak)
    if not weak:
        assert parse_package_constraint(text) == (name, asked)


def test_only_a_dependency_can_be_weak() -> None:
    with pytest.raises(MalformedError, match="'\\?' in a package name"):
        parse_package_constraint("?foo@1.0.0")


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_what_is_no_dependency(text: str, expected: list[tuple[str, int, str]]) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_dependency(text)
    found = caught.value.mistakes
    assert [(one.code, one.at + 1) for one in found] == [said[:2] for said in expected]
    assert all(said[2] in one.message for one, said in zip(found, expected, strict=True))


def test_all_mistakes_of_a_manifest_are_told_at_once() -> None:
    asked = {"gtest": "1.15.2", "Fmt": "11.0", "zlib": "=1.3.1 || ^2", "any": "", "a b": "1.0.0"}
    found, mistakes = read_dependencies(asked, "dependencies.acme")
    assert found == {"gtest": parse_constraint("1.15.2"), "any": UNCONSTRAINED}
    diagnostic = refusal(mistakes, "graft.toml").diagnostic
    assert diagnostic.code == "bad-package-name"
    assert diagnostic.exit_code == 26
    assert diagnostic.where == "graft.toml"
    assert diagnostic.message == "4 texts cannot be read"
    assert [line.partition("; allowed: ")[0] for line in diagnostic.why] == [
        "dependencies.acme.Fmt: 'Fmt', column 1: 'F' in a package name",
        "dependencies.acme.Fmt: '11.0', column 5: nothing where the patch number should follow",
        "dependencies.acme.zlib: '=1.3.1 || ^2', column 11: '^' begins no constraint",
        "dependencies.acme.a b: 'a b', column 2: ' ' in a package name",
    ]
    assert all("; allowed: " in line for line in diagnostic.why)


def test_all_mistakes_of_a_list_are_told_at_once() -> None:
    texts = {"depends[0]": "foo@1.0.0", "depends[1]": "foo@", "depends[2]": "?Bar@1.0.0_0"}
    found, mistakes = read_each(parse_dependency, texts.items())
    assert list(found) == ["depends[0]"]
    assert [(one.place, one.at) for one in mistakes] == [
        ("depends[1]", 4),
        ("depends[2]", 1),
        ("depends[2]", 11),
    ]


def test_one_mistake_is_told_without_a_place() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_constraint("1.2.x")
    diagnostic = refusal(caught.value.mistakes).diagnostic
    assert diagnostic.code == "bad-version"
    assert diagnostic.message == "'1.2.x' cannot be read"
    assert diagnostic.why == (
        "'1.2.x', column 5: 'x' in place of the patch number; "
        "allowed: 0, or digits of which the first is not 0",
    )


def test_a_mistake_shows_a_long_and_hostile_text_in_one_short_line() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_dependency("foo@1.2.3-" + "a" * 200 + "\x1b]0;\n" + "b" * 30)
    (line,) = map(str, caught.value.mistakes)
    assert line.isprintable()
    assert line.startswith("'…aaa")
    assert "\\x1b]0;\\nbbb" in line
    assert len(line) < 300
