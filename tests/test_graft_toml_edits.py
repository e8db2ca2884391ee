"""Edits of ``graft.toml``: they touch the lines they are about, and no others."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.base.diagnostics import GraftError
from graft.model.requirement import Kind
from graft.project.edit_toml import remove_entries, set_entry
from graft.project.graft_toml import parse_graft_toml
from graft.project.namespaces import Namespaces
from graft.project.toml_manifest import TomlManifest, read_toml_manifest

NAMESPACES = Namespaces(indices={"acme", "zeta"}, scopes={"types"})


def read(text: str) -> TomlManifest:
    return read_toml_manifest(parse_graft_toml(text.encode(), "graft.toml"), NAMESPACES)


def with_line(text: str, name: str, entry: str, kind: Kind | None = None) -> str:
    return set_entry(read(text), name, entry, kind).decode()


def without(text: str, *names: str) -> str:
    return remove_entries(read(text), names).decode()


FULL = """\
# What we build with.
[dependencies]   # all of it
gtest = '1.15.2' # pinned for a reason
# frob is ours
frob  = { path = "../frob", optional = true }

# our own packages
[dependencies.acme]
util  =   "1.0.0"

[package]
name = "app" # the name

[indices]
acme = "https://example.com/acme.git"
"""


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that are gone, and lines that came; the others keep their order."""
    old, new = before.splitlines(), after.splitlines()
    gone = [line for line in old if line not in new]
    came = [line for line in new if line not in old]
    assert [x for x in old if x and x in new] == [x for x in new if x and x in old]
    return gone, came


@pytest.mark.parametrize(
    ("name", "entry", "gone", "came"),
    [
        (
            "gtest",
            "1.16.0",
            ["gtest = '1.15.2' # pinned for a reason"],
            ['gtest = "1.16.0" # pinned for a reason'],
        ),
        ("@acme/util", "2.0.0", ['util  =   "1.0.0"'], ['util  =   "2.0.0"']),
        ("zlib", "^1", [], ['zlib = "^1"']),
        ("@acme/tool", "~1.0.0", [], ['tool = "~1.0.0"']),
        ("@acme.sub/x", "1.0.0", [], ["[dependencies.acme.sub]", 'x = "1.0.0"']),
        ("@zeta/x", "", [], ["[dependencies.zeta]", 'x = ""']),
        ("lodash.merge", "4", [], ['"lodash.merge" = "4"']),
        ("@types/node", "^20", [], ["[dependencies.types]", 'node = "^20"']),
        (
            "frob",
            "^1",
            ['frob  = { path = "../frob", optional = true }'],
            ['frob  = "^1"'],
        ),
    ],
)
def test_one_line_changes(name: str, entry: str, gone: list[str], came: list[str]) -> None:
    after = with_line(FULL, name, entry)
    assert lines_changed(FULL, after) == (gone, came)
    assert with_line(after, name, entry) == after
    headers = [line for line in after.splitlines() if line.startswith("[")]
    assert len(headers) == len(set(headers))


def test_a_new_line_stands_with_the_others_and_before_what_is_said_of_the_next_table() -> None:
    lines = with_line(FULL, "zlib", "^1").splitlines()
    at = lines.index('zlib = "^1"')
    assert lines[at - 1].startswith("frob") and lines[at + 1 : at + 3] == ["", "# our own packages"]
    lines = with_line(FULL, "@zeta/x", "1.0.0").splitlines()
    at = lines.index("[dependencies.zeta]")
    assert lines[at - 1] == "" and lines[at + 2] == ""


def test_a_second_package_goes_below_the_header_that_is_there() -> None:
    text = ""
    for name in ("@acme/b", "a", "@acme/a", "@acme.sub/x", "b"):
        text = with_line(text, name, "1.0.0")
    assert text.count("[dependencies.acme]") == 1
    assert {r.local for r in read(text).requirements} == {
        *("a", "b", "@acme/a", "@acme/b", "@acme.sub/x")
    }


@pytest.mark.parametrize(
    ("text", "name", "after"),
    [
        ('[dependencies]\nacme.x = "1.0.0"\n', "@acme/y", 'acme.x = "1.0.0"\nacme.y = "2.0.0"\n'),
        ("[dependencies]\nacme = { x = '' }\n", "@acme/y", "acme = { x = '', y = \"2.0.0\"}\n"),
        (
            "[dependencies]\nacme = '1'\n",
            "@acme/y",
            'acme = \'1\'\n"acme:y" = "2.0.0"\n',
        ),
        (
            "[dependencies]\nx = { version = '1.0.0', optional = true } # c\n",
            "x",
            'x = { version = "2.0.0", optional = true } # c\n',
        ),
        ('[dependencies.x]\nversion = "1" # c\n', "x", 'version = "2.0.0" # c\n'),
        ('[dependencies]\nx.version = "1" # c\n', "x", 'x.version = "2.0.0" # c\n'),
        ('[dependencies]\n"acme:x" = "1.0.0" # c\n', "@acme/x", '"acme:x" = "2.0.0" # c\n'),
        ('[dependencies]\n"@acme/x" = "1.0.0"\n', "@acme/x", '"@acme/x" = "2.0.0"\n'),
    ],
)
def test_what_is_written_in_some_form_keeps_it(text: str, name: str, after: str) -> None:
    head = text[: text.index("\n") + 1]
    assert with_line(text, name, "2.0.0") == head + after


@pytest.mark.parametrize(
    "text",
    [
        '[dependencies]\n"acme.x" = "1.0.0"\nb = "1"\n',
        '[dependencies]\n"acme.x" = "1.0.0"\nb = "1"\n[dependencies.acme]\ny = ""\n',
        '[dependencies]\n"acme.x" = { version = "1.0.0" }\nb = "1"\nacme.y = ""\n',
    ],
)
def test_an_old_spelling_is_replaced_by_a_new_one(text: str) -> None:
    after = with_line(text, "@acme/x", "2.0.0")
    assert '"acme.x"' not in after
    assert ("@acme/x", "index:2.0.0") in {(r.local, r.specifier) for r in read(after).requirements}
    assert not read(after).notes


def test_a_package_moves_to_the_section_that_is_asked_for() -> None:
    after = with_line(FULL, "@acme/util", "1.0.0", Kind.DEV)
    assert "[dependencies.acme]" not in after and "# our own packages" in after
    assert after.endswith('\n[dev-dependencies.acme]\nutil = "1.0.0"\n')
    after = with_line(after, "gtest", "1", Kind.DEV)
    found = {r.local: r.kind for r in read(after).requirements}
    assert found == {"gtest": Kind.DEV, "@acme/util": Kind.DEV, "frob": Kind.OPTIONAL}


def test_removing_takes_the_line_and_a_table_that_held_nothing_else() -> None:
    assert lines_changed(FULL, without(FULL, "gtest"))[0] == [
        "gtest = '1.15.2' # pinned for a reason"
    ]
    assert lines_changed(FULL, without(FULL, "@acme/util"))[0] == [
        *("[dependencies.acme]", 'util  =   "1.0.0"')
    ]
    text = '[dependencies.acme]\n# why\nx = ""\n\n[indices]\nacme = "u"\n'
    assert without(text, "@acme/x") == '[dependencies.acme]\n# why\n\n[indices]\nacme = "u"\n'
    text = '[dependencies.acme.sub]\nx = ""\n[dev-dependencies.acme]\nsub.x = ""\n'
    assert without(text, "@acme.sub/x") == ""
    assert without('[dependencies]\nacme = { x = "" }\n', "@acme/x") == ""


def test_removing_is_about_dependencies_alone() -> None:
    """Not about a key of that name elsewhere, nor about a comment that looks like one."""
    text = """\
[package]
name = "x"
[dependencies]
# name = "1"
name = "1"
note = \"\"\"
name = "1" \"\"\"
"""
    after = without(text, "name")
    assert after == text.replace('\nname = "1"\nnote', "\nnote", 1)


@pytest.mark.parametrize("front", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_mark_of_byte_order_stay(front: str, end: str) -> None:
    text = front + FULL.replace("\n", end)
    after = with_line(text, "@zeta/x", "1.0.0")
    assert after.startswith(front + "# What") and after.count("\n") == after.count(end)
    after = without(after, "@zeta/x")
    assert after.replace(end, "\n").replace("\n\n", "\n") == (front + FULL).replace("\n\n", "\n")


@pytest.mark.parametrize(
    "text",
    [
        '[dependencies]\na = "1"\n[indices]\nacme = "u"\n[dependencies.acme]\nx = ""\n',
        '[dependencies.acme]\nx = ""\n[package]\nname = "p"\n[dependencies.zeta]\ny = ""\n',
        '[dependencies.acme.sub]\nx = ""\n[package]\nname = "p"\n[dependencies]\na = "1"\n',
    ],
)
@pytest.mark.parametrize("name", ["a", "b", "@acme/x", "@acme/y", "@zeta/z", "@acme.sub/x"])
def test_tables_in_any_order(text: str, name: str) -> None:
    after = read(with_line(text, name, "3.0.0"))
    assert {r.local for r in after.requirements} == {
        name,
        *(r.local for r in read(text).requirements),
    }


def test_what_toml_has_no_place_for_is_refused_and_named() -> None:
    """The namespace acme is there: a package of that name without one cannot stand beside it."""
    with pytest.raises(GraftError) as caught:
        with_line('[dependencies.acme]\nx = ""\n', "acme", "1")
    assert caught.value.diagnostic.code == "manifest-invalid"
    assert "cannot be edited safely" in caught.value.diagnostic.message


_NAMES = ["a", "b.c", "@acme/x", "@acme/y", "@acme.sub/z", "@zeta/q", "@types/t"]
_STEPS = st.tuples(
    st.sampled_from(_NAMES),
    st.sampled_from(["1.0.0", "=2.0.0", None]),
    st.sampled_from([None, Kind.PROD, Kind.DEV, Kind.OPTIONAL]),
)


@given(st.lists(_STEPS, max_size=8), st.sampled_from(["", FULL]))
def test_any_edits_say_what_they_should(
    steps: list[tuple[str, str | None, Kind | None]], text: str
) -> None:
    wanted = {r.local: (r.specifier, r.kind) for r in read(text).requirements}
    for name, version, kind in steps:
        if version is None:
            text = without(text, name)
            wanted.pop(name, None)
            continue
        index = "index:" if name.startswith(("@acme", "@zeta")) else ""
        kind_before = wanted[name][1] if name in wanted else Kind.PROD
        text = with_line(text, name, version, kind)
        wanted[name] = (f"{index}{version}", kind or kind_before)
        assert tomllib.loads(text).get("indices") == tomllib.loads(text).get("indices")
    assert {r.local: (r.specifier, r.kind) for r in read(text).requirements} == wanted
