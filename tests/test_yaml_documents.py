"""YAML of other tools, as somebody might write it who means harm."""

from __future__ import annotations

import pytest

from graft.base.yaml_documents import YamlError, yaml_documents
from harness.project import Project
from harness.tree import snapshot


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1.10\nb: no\nc:\nd: [1, ~]", [{"a": "1.10", "b": "no", "c": "", "d": ["1", "~"]}]),
        ("a: 1\n---\nb: 2\n...\n", [{"a": "1"}, {"b": "2"}]),
        ("a: &x {b: c}\nd: *x", [{"a": {"b": "c"}, "d": {"b": "c"}}]),
        ("a: &x b\nc: &x d\ne: *x", [{"a": "b", "c": "d", "e": "d"}]),
        ("\ufeffa: b\r\nc: d\r\n", [{"a": "b", "c": "d"}]),
        ("a: !!python/object/apply:os.system [ls]", [{"a": ["ls"]}]),
        ("<<: {a: b}", [{"<<": {"a": "b"}}]),
        ("a: b\na: c", [{"a": "c"}]),
        ("", []),
    ],
)
def test_every_scalar_is_a_text(text: str, said: object) -> None:
    assert yaml_documents(text.encode()) == said


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        (b"a: " + b"[" * 200_000 + b"]" * 200_000, "nested too deeply", 1),
        (b"- " * 200_000 + b"x", "nested too deeply", 1),
        (b"? " * 200_000, "nested too deeply", 1),
        (b"a:\n  &x [*x]", "it names no 'x' before", 2),
        (b"a: *x", "it names no 'x' before", 1),
        (b"[a]: b", "a key is not a text", 1),
        (b"a: \xff", "not YAML", 0),
        (b"a: \0", "not YAML", 0),
        (b"a: [", "", 2),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_what_is_refused(data: bytes, reason: str, line: int) -> None:
    with pytest.raises(YamlError) as error:
        yaml_documents(data)
    assert reason in str(error.value)
    assert error.value.line == line


def test_a_laugh_billions_of_times_takes_the_room_of_one() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 60)]
    (said,) = yaml_documents("\n".join(lines).encode())
    assert said["a59"][0] is said["a59"][9]


@pytest.mark.parametrize("name", ["pnpm-workspace.yaml", "pnpm-lock.yaml"])
def test_hazard_a_file_nested_200_000_deep_ends_in_a_diagnostic(
    project: Project, name: str
) -> None:
    project.manifest(dependencies={"a": "1"})
    project.write(name, "a: " + "[" * 200_000 + "]" * 200_000)
    before = snapshot(project.dir)
    error = project.graft("install", "--json", check=False).json["error"]
    assert error["code"] in ("manifest-unreadable", "import-unreadable")
    assert error["where"].endswith(f"{name}:1") and "nested too deeply" in str(error)
    assert snapshot(project.dir) == before
