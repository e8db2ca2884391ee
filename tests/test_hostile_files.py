"""Files that others wrote, for every reader that graft has: read, or refused in one diagnostic."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fuzz"))

from graft.base.diagnostics import GraftError
from graft.lockfile.foreign.choose import read_foreign
from graft.lockfile.format import read_lock
from graft.project.manifest import parse_manifest
from graft.versions.npm import parse_range
from graft.versions.specifier import parse_specifier
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot
from mutate import mutate_json, mutate_tar
from readers import READERS, read_manifests

CORPUS = Path(__file__).resolve().parent / "corpus"
MUTATED = {"archive": (mutate_tar, 1), "foreign-lockfile": (mutate_json, 1)}


def inputs(reader: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / reader).iterdir())]


def refusal(read: Any, *arguments: Any, **named: Any) -> GraftError:
    with pytest.raises(GraftError) as refused:
        read(*arguments, **named)
    return refused.value


@pytest.mark.parametrize("reader", sorted(READERS))
def test_the_fuzzer_s_corpus_holds(reader: str) -> None:
    for data in inputs(reader):
        READERS[reader](data)


@pytest.mark.parametrize(
    "reader", ["archive", "foreign-lockfile", "lockfile", "manifest", "packument"]
)
@given(seed=st.integers(0, 2**32))
def test_what_a_hostile_hand_makes_of_it_is_read_or_refused(reader: str, seed: int) -> None:
    chance = random.Random(seed)
    mutate, skip = MUTATED.get(reader, (mutate_json, 0))
    data = chance.choice(inputs(reader))
    for _ in range(chance.randint(1, 4)):
        data = mutate(data, 1 << 16, chance, lambda same, _most: same, skip)
    READERS[reader](data)


texts = st.text('ab"\\/é\u2028 {}:,', max_size=6)
names = st.from_regex(r"(@[a-z]{1,2}/)?[a-z]{1,3}", fullmatch=True)
sections = st.dictionaries(names, texts, max_size=4)
fields: dict[str, st.SearchStrategy[Any]] = {
    "dependencies": sections,
    "devDependencies": sections,
    "optionalDependencies": sections,
    "peerDependencies": sections,
    "name": texts,
    "scripts": sections,
    "files": st.lists(texts, max_size=2),
    "odd": st.one_of(st.none(), st.booleans(), st.floats(allow_nan=False), st.just([[], {}])),
}


@given(
    said=st.fixed_dictionaries({}, optional=fields).flatmap(
        lambda said: st.permutations(list(said.items())).map(dict)
    ),
    indent=st.sampled_from([None, 0, 1, 2, "\t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    around=st.sampled_from([("", ""), ("\ufeff", "\n"), ("\n \n", "\n\n"), ("\ufeff ", " ")]),
    plain=st.booleans(),
)
def test_an_edit_of_package_json_changes_what_it_is_about_and_no_other_byte(
    said: dict[str, Any], indent: Any, newline: str, around: tuple[str, str], plain: bool
) -> None:
    text = json.dumps(said, indent=indent, ensure_ascii=plain).replace("\n", newline)
    read_manifests((around[0] + text + around[1]).encode())


LOCK = {"lockfile": 1, "importers": {".": {}}, "nodes": {}}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"lockfile": 1, "lockfile": 1}', "it names lockfile twice"),
        (b'{"lockfile": 1, "importers": {".": {}}, "nodes": {}, "x": NaN}', "NaN"),
        (b'{"lockfile": ' + b"9" * 5000 + b"}", "4300 digits"),
        (b"[" * 100_000, "recursion"),
        (b'{"lockfile": "\xff"}', "utf-8"),
        (json.dumps(LOCK | {"overrides": {"\ud800": "1"}}).encode(), "surrogates not allowed"),
        (json.dumps(LOCK | {"nodes": {"a@1.0.0 ": {}}}).encode(), "holds no version"),
        (
            json.dumps(LOCK | {"nodes": {"a@1.0.0": {"tarball": "x y"}}}).encode(),
            "path below a registry",
        ),
        (json.dumps(LOCK | {"nodes": {"a@1.0.0": {"bundled": ["../x"]}}}).encode(), "package name"),
        (
            json.dumps(LOCK | {"nodes": {"a@1.0.0": {"os": "x" * 10**6}}}).encode(),
            "expected a list",
        ),
    ],
    ids=["twice", "nan", "digits", "deep", "utf-8", "half", "space", "tarball", "bundled", "long"],
)
def test_a_lock_of_which_no_two_readers_agree_is_damaged(text: bytes, why: str) -> None:
    said = refusal(read_lock, text, where="graft-lock.json").diagnostic
    assert said.code == "lock-unreadable" and why in said.why[0]
    assert len(said.why[0]) < 1000


def test_a_lock_whose_extensions_lie_as_deep_as_json_can_be_read() -> None:
    for depth in range(900, 1000):
        text = json.dumps(LOCK | {"extensions": {"a": "here"}}).replace(
            '"here"', "[" * depth + "]" * depth
        )
        try:
            read_lock(text.encode(), where="graft-lock.json")
        except GraftError as error:
            assert error.diagnostic.code == "lock-unreadable"


def test_a_format_of_the_future_is_named_in_few_words() -> None:
    text = json.dumps(LOCK | {"lockfile": ["x" * 10_000] * 100}).encode()
    assert len(str(refusal(read_lock, text, where="graft-lock.json"))) < 200


DEEP = "/".join(["a"] * 200_000)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Each of these took minutes, and some took gigabytes, before they were bounded.
        ("bun.lock", '"' + '\\"' * 500_000),
        ("bun.lock", "," + " " * 500_000 + ","),
        ("bun.lock", json.dumps({"lockfileVersion": 1, "packages": {DEEP: ["a@1.0.0"]}})),
        ("package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {DEEP: {}}})),
        ("pnpm-lock.yaml", "a: " + "{b: " * 200_000),
        ("yarn.lock", 'a@1:\n  version "' + "\\" * 500_001),
        ("yarn.lock", " " * 500_000 + '"' * 500_000),
        ("yarn.lock", "__metadata:\n" + "- " * 200_000),
    ],
    ids=lambda text: text[:12],
)
def test_hazard_locks_that_take_for_ever(name: str, text: str) -> None:
    assert refusal(read_foreign, name, text.encode(), where=name).diagnostic.code == (
        "import-unreadable"
    )


def test_hazard_a_manifest_with_many_names_twice() -> None:
    text = "{" + ",".join(f'"k{n}":1,"k{n}":1' for n in range(50_000)) + "}"
    error = refusal(parse_manifest, text.encode(), "package.json")
    assert "it names k0, k1, k10 and 49997 more twice in one object" in str(error)


@pytest.mark.parametrize(
    "text", ['{"name": NaN}', '{"name": -Infinity}', '{"dependencies": {"a": "\\ud800"}}']
)
def test_a_manifest_that_could_not_be_written_again_is_refused(text: str) -> None:
    error = refusal(parse_manifest, text.encode(), "package.json")
    assert error.diagnostic.code == "manifest-unreadable"


@pytest.mark.parametrize(
    "text",
    [
        *("||" * 500_000, "1||" * 1300, ">=1 " * 1000, "1 - " * 1000, "v= " * 1300 + "!"),
        *("1.1." + "1" * 512 + " - 1.1." + "1" * 512 + "!", "1.1.1-" + "1." * 2000 + "!"),
        *("1.1.1" + "-1" * 2000 + "!", "~> " * 1300, "^" * 4000, "*" * 4000, "1.x" * 1300),
        *("١.١.١", "9" * 4000, "0." * 2000, " " * 1_000_000, "\u2028" * 4000 + "1"),
    ],
    ids=lambda text: repr(text[:9]),
)
def test_hazard_ranges_that_take_for_ever(text: str) -> None:
    specifier = parse_specifier("a", text)
    try:
        assert specifier.range == parse_range(text.strip())
    except ValueError:
        assert specifier.range is None


def test_hazard_a_registry_s_versions_that_no_lock_could_hold(
    project: Project, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "1.0.1 ", "1.0.2\u2028", "= 1.0.3"):
        registry.publish(f"a@{version}")
    project.manifest(dependencies={"a": "*"})
    project.graft("install")
    assert project.lock["nodes"].keys() == {"a@1.0.0"}
    project.graft("install", "--frozen-lockfile")


def test_a_manifest_of_ten_megabytes_is_read_and_edited(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    text = json.dumps({"big": "x" * 10 * 1024**2, "dependencies": {}}, indent=2)
    project.write("package.json", text)
    project.graft("add", "a")
    expected = text.replace('"dependencies": {}', '"dependencies": {\n    "a": "^1.0.0"\n  }')
    assert project.read("package.json") == expected


def test_a_lock_of_ten_megabytes_is_refused_at_once(
    project: Project, registry: LocalRegistry
) -> None:
    project.manifest(dependencies={"a": "1"})
    nodes = {"a@1.0.0": {"node": "x" * 10 * 1024**2, "dependencies": {"b": ["1", "no@1.0.0"]}}}
    project.write("graft-lock.json", json.dumps(LOCK | {"nodes": nodes}))
    before = snapshot(project.dir)
    error = project.graft("install", "--json", check=False).json["error"]
    assert error["code"] == "lock-unreadable" and "'no@1.0.0'" in error["why"][0]
    assert snapshot(project.dir) == before and registry.requests == []
