"""What ``graft.toml`` may look like, what that means, and what is said of one that makes no
sense."""

from __future__ import annotations

import pytest

from graft.base.diagnostics import GraftError
from graft.project.graft_toml import parse_graft_toml
from graft.project.namespaces import Namespaces
from graft.project.toml_manifest import TomlManifest, read_toml_manifest
from graft.versions.specifier import parse_specifier
from graft.versions.version import parse_version

NAMESPACES = Namespaces(indices={"acme", "other.deep"}, scopes={"types"})
HEADER = "[dependencies]\n"


def read(text: str) -> TomlManifest:
    return read_toml_manifest(parse_graft_toml(text.encode(), "graft.toml"), NAMESPACES)


def asked(text: str) -> dict[str, str]:
    """Specifiers by name, with the kind in front where it is not the usual one."""
    return {
        r.local: r.specifier if r.kind.value == "prod" else f"{r.kind.value} {r.specifier}"
        for r in read(text).requirements
    }


def refused(text: str) -> tuple[str, list[str], str]:
    """The code, what is wrong and the way out."""
    with pytest.raises(GraftError) as caught:
        read(text)
    said = caught.value.diagnostic
    assert said.where == "graft.toml"
    return said.code, list(said.why), said.fix


@pytest.mark.parametrize(
    ("line", "name", "specifier"),
    [
        ('gtest = "^1.15.2"', "gtest", "^1.15.2"),
        ('gtest = { version = "1.15.2" }', "gtest", "1.15.2"),
        ('old = "npm:gtest@1"', "old", "npm:gtest@1"),
        ('frob = { path = "../frob" }', "frob", "file:../frob"),
        ('[dependencies.frob]\npath = "../frob"', "frob", "file:../frob"),
        ('frob.path = "../frob"', "frob", "file:../frob"),
        ('frob = { path = "../frob", version = "1.0.0" }', "frob", "file:../frob"),
        ("core = { workspace = true }", "core", "workspace:*"),
        ('core = { workspace = "^1" }', "core", "workspace:^1"),
        ('[dependencies.acme]\nutil = "2.0.0"', "@acme/util", "index:2.0.0"),
        ('[dependencies.acme]\nutil = { version = "~2.0.0" }', "@acme/util", "index:~2.0.0"),
        ('acme.util = "=2.0.0"', "@acme/util", "index:=2.0.0"),
        ('acme = { util = "1.0.0 || 2.0.0!" }', "@acme/util", "index:1.0.0 || 2.0.0!"),
        ('acme.util = ""', "@acme/util", "index:"),
        ('acme.util.path = "util"', "@acme/util", "file:util"),
        ('[dependencies.acme.sub]\nlua = "1.0.0"', "@acme.sub/lua", "index:1.0.0"),
        ('acme.sub.lua = "1.0.0"', "@acme.sub/lua", "index:1.0.0"),
        ('"acme:util" = "1.0.0"', "@acme/util", "index:1.0.0"),
        ('"acme.sub:util" = "1.0.0"', "@acme.sub/util", "index:1.0.0"),
        ('"@acme/util" = "1.0.0"', "@acme/util", "index:1.0.0"),
        ('other.deep.x = "1.0.0"', "@other.deep/x", "index:1.0.0"),
        ('types.node = "^20"', "@types/node", "^20"),
        ('[dependencies.types]\n"lodash.merge" = "4"', "@types/lodash.merge", "4"),
        ('"@nobody/x" = "^1"', "@nobody/x", "^1"),
        ('"lodash.merge" = "^4"', "lodash.merge", "^4"),
        ('"acme.util" = "1.0.0"', "@acme/util", "index:1.0.0"),
        ('"acme.sub.lua" = "1.0.0"', "@acme.sub/lua", "index:1.0.0"),
        ('"other.x" = "1"', "other.x", "1"),
        ('git = "1"', "git", "1"),
    ],
)
def test_each_form_is_read(line: str, name: str, specifier: str) -> None:
    assert asked(HEADER + line) == {name: specifier}


@pytest.mark.parametrize(
    ("entry", "specifier"),
    [
        ('git = "https://e.example/bar.git"', "git+https://e.example/bar.git"),
        ('git = "https://e.example/b.git", tag = "v1"', "git+https://e.example/b.git#refs/tags/v1"),
        (
            'git = "ssh://git@e.example/b.git", branch = "x/y"',
            "git+ssh://git@e.example/b.git#refs/heads/x/y",
        ),
        ('git = "https://e.example/b.git", rev = "0123abc"', "git+https://e.example/b.git#0123abc"),
        ('git = "git@e.example:o/b.git", tag = "a&b"', "git@e.example:o/b.git#refs/tags/a%26b"),
        ('git = "file:///srv/b.git"', "git+file:///srv/b.git"),
        ('git = "github:o/b", branch = "main"', "github:o/b#refs/heads/main"),
    ],
)
def test_a_repository(entry: str, specifier: str) -> None:
    assert asked(f"{HEADER}bar = {{ {entry} }}") == {"bar": specifier}


def test_every_table_has_its_kind() -> None:
    text = """\
[dependencies]
a = "1"
b = { version = "1", optional = true }
[dev-dependencies]
a = "2"
[dev-dependencies.acme]
util = "1.0.0"
[optional-dependencies]
c = "1"
"""
    assert asked(text) == {
        "a": "1",
        "b": "optional 1",
        "c": "optional 1",
        "@acme/util": "dev index:1.0.0",
    }


def test_an_empty_namespace_asks_for_nothing() -> None:
    assert asked("[dependencies.acme]\n[dependencies.unheard]\n") == {}


@pytest.mark.parametrize(
    ("lines", "rewritten"),
    [
        ('"acme.util" = "1.0.0"', 'below [dependencies]: acme.util = "1.0.0"'),
        (
            '"acme.util" = {version = "1.0.0"} # why\n[dependencies.acme]\nx = ""',
            'below [dependencies.acme]: util = {version = "1.0.0"}',
        ),
        (
            '"acme.sub.lua" = "1.0.0"\n[dependencies.acme]\nx = ""',
            'below [dependencies.acme]: sub.lua = "1.0.0"',
        ),
        ('acme.x = ""\n"acme.util" = "1.0.0"', 'below [dependencies]: acme.util = "1.0.0"'),
    ],
)
def test_a_quoted_namespace_is_noted_with_what_replaces_it(lines: str, rewritten: str) -> None:
    before = read(HEADER + lines)
    (note,) = before.notes
    assert (note.code, note.fix) == ("namespace-dotted", f"write {rewritten}")
    header, line = rewritten.removeprefix("below ").split(": ", 1)
    kept = [one for one in (HEADER + lines).splitlines() if not one.startswith('"')]
    kept.insert(kept.index(header) + 1, line)
    after = read("\n".join(kept))
    assert after.requirements == before.requirements and not after.notes


@pytest.mark.parametrize(
    ("text", "where", "fix"),
    [
        ('a = { version = "1", verison = "2" }', 2, "did you mean 'version'?"),
        ('a = { path = "x", features = ["f"] }', 2, ""),
        ('\n[dependancies]\na = "1"', 3, "did you mean 'dependencies'?"),
        ('\n[package]\nverison = "1.0.0"', 4, "did you mean 'version'?"),
    ],
)
def test_a_key_that_means_nothing_is_noted(text: str, where: int, fix: str) -> None:
    (note,) = read(HEADER + text).notes
    assert (note.code, note.where, note.fix) == ("manifest-key-unknown", f"graft.toml:{where}", fix)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a = 1", "a: it is neither a version nor a table"),
        ("a = [1]", "a: it is neither a version nor a table"),
        ("a = { version = 1 }", "a: version is not a text"),
        ('a = { version = "1", optional = "yes" }', "a: optional is neither true nor false"),
        ("a = { workspace = false }", "a: workspace is neither true nor a range"),
        ('a = { path = "x", git = "https://e.example/x.git" }', "path and git are two sources"),
        ('a = { path = "" }', "a: path is '', which is no folder"),
        ('a = { path = "x\\u0000" }', "which is no folder"),
        (
            'a = { git = "https://e.example/x.git", rev = "1", tag = "2" }',
            "a: rev and tag are two commits to take; name one",
        ),
        ('a = { version = "1", branch = "x" }', "a: branch says which commit"),
        ('a = { git = "https://e.example/x.git#v1" }', "a: git holds a '#'"),
        ('a = { git = "https://e.example/x.git", tag = "" }', "cannot be empty"),
        ('a = { git = "https://e.example/x.git", tag = "-x..y" }', "cannot be a commit"),
        ('a = { git = "../x.git" }', "a: git is not the URL of a repository"),
        ('a = { git = "ext::sh -c x" }', "is a source that graft does not know"),
        ('a = { git = "--upload-pack=x" }', "'--upload-pack=x' cannot be read as a source"),
        ('acme.util = "1.x"', "acme.util: '1.x', column 3: 'x' in place of the minor number"),
        ('acme.util = "*"', "column 1: '*' begins no constraint"),
        ('acme.util = "^1.0.0"', "column 1: '^' begins no constraint"),
        ('acme.-x = "1.0.0"', "'-x' is not a name in acme: it has other characters"),
        ('acme."a.b" = "1.0.0"', "what stands before it belongs to the namespace"),
        ('acme.sub.con = ""', "'con' is not a name in acme.sub: it is a device"),
        ('acme."x:y" = "1.0.0"', "'acme.x:y' does not name a package"),
        ('[dependencies."acme.sub"]\nx = ""', "is not a namespace; write acme.sub without quotes"),
        ('[dependencies."@acme"]\nx = ""', "is not a namespace; write acme without quotes"),
        ('[dependencies."a b"]\nx = ""', "'a b' is not a namespace"),
        ('":x" = "1"', "':x' does not name a package"),
        ('"a:" = "1"', "'a:' does not name a package"),
        ('"a:b:c" = "1"', "'a:b:c' does not name a package"),
        ('"@" = "1"', "'@' does not name a package"),
        ('"" = "1"', "'' does not name a package"),
        ('"a/b" = "1"', "'a/b' does not name a package"),
        ('"../a" = "1"', "'../a' does not name a package"),
        ('"a\\nb" = "1"', "does not name a package"),
        ('types.sub.x = "1"', "nobody says where the namespace 'types.sub' comes from"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_line(line: str, said: str) -> None:
    _, why, _ = refused(HEADER + line)
    assert len(why) == 1 and said in why[0] and why[0].startswith(("line 2: ", "line 3: "))


@pytest.mark.parametrize(
    "text",
    ["dependencies = 1", "[[dependencies]]", "package = 1", "install = []", "[package]\nname=1"],
)
def test_a_table_of_another_shape(text: str) -> None:
    code, why, _ = refused(text)
    assert code == "manifest-invalid" and len(why) == 1


def test_what_is_optional_is_not_for_development_alone() -> None:
    _, why, _ = refused('[dev-dependencies]\na = { version = "1", optional = true }')
    assert why == ["line 2: [dev-dependencies] a: what is for development alone cannot be optional"]


def test_all_mistakes_are_reported_at_once() -> None:
    text = """\
[package]
name = "../x"
[dependencies]
b = 1
a = { path = "x", git = "y" }

[dev-dependencies]
acme.util = "x"
zeta.y = "1.0.0"
zeta.z = "1.0.0"
"""
    code, why, fix = refused(text)
    assert code == "manifest-invalid"
    assert [line.partition(":")[0] for line in why] == [f"line {n}" for n in (2, 4, 5, 5, 8, 9)]
    assert fix.endswith('add below [indices] in graft.toml: zeta = "<git URL>"')


def test_a_document_that_is_no_toml_is_told_with_its_line() -> None:
    for text in ('a = "1"\nb = ', 'a = 1\na = 2\n"', "\udcff"):
        with pytest.raises(GraftError) as caught:
            raw = text.encode("utf-8", "surrogateescape")
            parse_graft_toml(raw, "graft.toml")
        assert caught.value.diagnostic.code == "manifest-unreadable"


def test_a_mark_of_byte_order_and_other_line_ends_make_no_difference() -> None:
    assert asked('\ufeff[dependencies]\r\na = "1"\r\n') == {"a": "1"}
    _, why, _ = refused("\ufeff[dependencies]\r\n# x\r\na = 1\r\n")
    assert why[0].startswith("line 3: ")


# Hazards


@pytest.mark.parametrize(
    "second",
    [
        '"acme:util" = "2.0.0"',
        '"@acme/util" = "1.0.0"',
        '"acme.util" = "1.0.0"',
        '"acme:util".path = "util"',
    ],
)
def test_two_spellings_of_one_package_are_an_error_and_no_last_writer_wins(second: str) -> None:
    _, why, _ = refused(f'{HEADER}{second}\n[dependencies.acme]\nutil = "1.0.0"\n')
    spelling = second.partition('"')[2].partition('"')[0]
    assert why == [
        f"line 4: [dependencies] acme.util is @acme/util, which [dependencies] {spelling} "
        "on line 2 asks for"
    ]


def test_a_key_of_tomorrow_does_not_make_a_namespace_of_a_package() -> None:
    found = read(f'{HEADER}a = {{ version = "1", visibility = "public", tools = ["t"] }}')
    assert [r.local for r in found.requirements] == ["a"] and len(found.notes) == 2


def test_adding_an_index_never_retargets_a_dependency() -> None:
    """Whatever is declared, an unquoted name without a namespace is npm's, and so is one with dots
    of which the part before them is nobody's namespace."""
    text = f'{HEADER}util = "1"\n"lodash.merge" = "4"\n"@other/x" = "1"\n'
    assert asked(text) == {"util": "1", "lodash.merge": "4", "@other/x": "1"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('lodash.merge = "4"', "npm's package lodash.merge is written between quotes"),
        ('foo = { tag = "v1" }', "a package says version, path, git or workspace"),
    ],
)
def test_an_undeclared_namespace_is_an_error_with_the_lines_to_add(lines: str, said: str) -> None:
    code, why, fix = refused(HEADER + lines)
    assert code == "namespace-undeclared" and said in why[0]
    namespace = lines.partition(".")[0].partition(" ")[0]
    assert fix == f'add below [indices] in graft.toml: {namespace} = "<git URL>"'


def test_lines_are_found_among_whatever_toml_can_hold() -> None:
    text = '''\
text = """
[dependencies]
a = 1"""
more = [ "]", # ]
  { x = "}" }, \'\'\'
[dependencies]\'\'\' ]
[ "dependencies" . "acme" ]
"util" = "x" # the first
[dev-dependencies]
acme . 'ut-il' = 'y'
'''
    _, why, _ = refused(text)
    assert [line.partition(":")[0] for line in why] == ["line 8", "line 10"]


def test_a_constraint_on_an_index_package_is_a_range_like_any_other() -> None:
    wanted = parse_specifier("@acme/util", "index:~1.2.3").range
    assert wanted is not None
    admitted = [
        text for text in ("1.2.2", "1.2.9", "1.3.0") if wanted.contains(parse_version(text))
    ]
    assert admitted == ["1.2.9"]
    anything = parse_specifier("@acme/util", "index:").range
    assert anything is not None and anything.contains(parse_version("9.0.0"))
    assert parse_specifier("@acme/util", "index:what").tag == "index:what"
