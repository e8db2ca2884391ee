"""Whole resolutions that are remembered (sources/resolutions.py): the same answer, or none."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.base.diagnostics import Diagnostic
from graft.model.difference import ADDED, Difference
from graft.sources.packument_cache import PackumentCache, Validators
from graft.sources.resolutions import (
    Consulted,
    Resolution,
    read_resolution,
    write_resolution,
)
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

INPUTS = "0" * 64


@pytest.fixture
def first(project: Project, registry: LocalRegistry) -> Project:
    """Installed, with all that notes can be about."""
    registry.publish("a@1.0.0", dependencies={"b": "1"}, bin={"a": "cli.js"})
    registry.publish("a@1.0.5", tag="next")
    registry.publish("b@1.0.0", deprecated="use\tc instead")
    registry.publish("@s/c@1.0.0", peers={"a": "2"}, optional={"d": "1"})
    registry.publish("d@1.0.0", os=["nowhere"])
    project.manifest(dependencies={"a": "1", "@s/c": "1"})
    project.graft("install")
    return project


def again(project: Project) -> None:
    """Back to where there is no lock and nothing is linked."""
    project.remove("node_modules")
    project.remove("graft-lock.json")


def forget(project: Project) -> None:
    shutil.rmtree(project.machine.cache / "resolutions")


def records(project: Project) -> list[Path]:
    return sorted(project.machine.cache.glob("resolutions/*"))


def install(project: Project, *arguments: str) -> tuple[str, str]:
    """What was said, without the time that it took, and which road it took: ``short``,
    ``remembered`` or ``resolved``."""
    code = (
        "import sys; sys.argv = ['graft', *sys.argv[1:]]\n"
        "from graft.__main__ import main\n"
        "code = main()\n"
        "there = sys.modules\n"
        "long = 'resolved' if 'graft.resolve.nested' in there else 'remembered'\n"
        "print(long if 'argparse' in there else 'short'); sys.exit(code)"
    )
    command = ["python3", "-c", code, *(arguments or ("install",))]
    result = project.machine.run(command, cwd=project.dir, env=sources())
    return re.sub(r"\(\d.*?s\)", "", result.stderr), result.stdout.split()[-1]


def sources() -> dict[str, str | None]:
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).resolve().parent.parent / "src"),
    }


# The same answer


def test_lock_links_and_words_are_those_of_resolving(first: Project) -> None:
    again(first)
    forget(first)
    said, road = install(first)
    assert road == "resolved"
    assert "deprecated" in said
    assert "peer-mismatch" in said
    lock, modules = first.read("graft-lock.json"), snapshot(first.modules)
    again(first)
    assert install(first) == (said, "short")
    assert first.read("graft-lock.json") == lock
    found = snapshot(first.modules)
    for tree in (modules, found):
        tree.pop(".graft/stamp", None)
    assert found == modules
    assert first.graft("install", "--json").json["upToDate"]


def test_the_long_road_takes_it_as_well(first: Project) -> None:
    again(first)
    forget(first)
    said, _ = install(first)
    lock = first.read("graft-lock.json")
    first.remove("graft-lock.json")
    first.remove("node_modules")
    first.path("node_modules").mkdir()  # for which there is no short road
    assert install(first) == (said, "remembered")
    assert first.read("graft-lock.json") == lock


def test_a_lock_that_is_there_is_never_replaced(first: Project, registry: LocalRegistry) -> None:
    lock = first.read("graft-lock.json")
    registry.publish("a@1.1.0")
    first.graft("update")
    assert first.read("graft-lock.json") != lock
    first.write("graft-lock.json", lock)
    first.remove("node_modules")
    install(first)
    assert first.read("graft-lock.json") == lock


def test_another_folder_with_the_same_manifest_takes_it(first: Project) -> None:
    second = first.sibling("second")
    second.write("package.json", first.read("package.json"))
    assert install(second)[1] == "short"
    assert second.read("graft-lock.json") == first.read("graft-lock.json")


def test_ci_and_frozen_want_a_lock(first: Project) -> None:
    again(first)
    for arguments in (("ci",), ("install", "--frozen-lockfile")):
        result = first.graft(*arguments, check=False)
        assert (result.code, "lock-missing" in result.stderr) == (10, True)
    assert not first.exists("graft-lock.json")


# No answer where it might be another


def _publish(first: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.1.0")
    _expire(first)


def _expire(first: Project) -> None:
    for path in first.machine.cache.glob("packuments/*/*"):
        data = path.read_bytes()
        old = f"{time.time() - 400:015.3f}".encode()
        path.write_bytes(data.replace(data.split(b" ")[1].split(b"\n")[0], old, 1))


def _clear(first: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.1.0")
    shutil.rmtree(first.machine.cache / "packuments")


def _refresh(first: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.1.0")
    first.sibling("other").graft("add", "a")


@pytest.mark.parametrize("change", [_publish, _clear, _refresh])
def test_whatever_changes_the_answer_is_seen(
    first: Project, registry: LocalRegistry, change: Callable[[Project, LocalRegistry], None]
) -> None:
    again(first)
    change(first, registry)
    assert install(first)[1] == "resolved"
    assert any(node.startswith("a@1.1.0") for node in first.lock["nodes"])


def test_settings_and_flags_count(first: Project) -> None:
    again(first)
    first.write(".npmrc", "tag=next\n")
    assert install(first)[1] == "resolved"
    assert "a@1.0.5" in first.lock["nodes"]
    again(first)
    assert install(first)[1] == "short"
    assert "a@1.0.5" in first.lock["nodes"]
    first.remove(".npmrc")
    again(first)
    assert install(first)[1] == "short"
    assert "a@1.0.0" in first.lock["nodes"]
    for arguments in (("install", "--prefer-offline"), ("update",)):
        again(first)
        assert install(first, *arguments)[1] == "resolved"


def test_add_asks_again_whatever_is_remembered(first: Project, registry: LocalRegistry) -> None:
    again(first)
    registry.publish("a@1.1.0")
    first.graft("add", "a@1")  # the manifest stays as it is
    assert "a@1.1.0" in first.lock["nodes"]


def test_a_registry_that_says_how_long_is_believed(
    project: Project, registry: LocalRegistry
) -> None:
    registry.max_age = 1
    registry.publish("a@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    registry.publish("a@1.1.0")
    again(project)
    time.sleep(1.1)
    assert install(project)[1] == "resolved"
    assert set(project.lock["nodes"]) == {"a@1.1.0"}


def test_nothing_is_remembered_of_what_may_not_be_kept(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", optional={"missing": "1"})
    registry.publish("b@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert records(project) == []  # what is missing today may be there tomorrow
    registry.fault("/b", times=None, headers={"Cache-Control": "no-store"})
    project.sibling("other", dependencies={"b": "1"}).graft("install")
    assert records(project) == []


@pytest.mark.parametrize("keep", [0, 10, 200, -1, -40])
def test_a_damaged_record_is_none(first: Project, keep: int) -> None:
    (record,) = records(first)
    lock = first.read("graft-lock.json")
    again(first)
    record.write_bytes(record.read_bytes()[:keep])
    assert install(first)[1] == "resolved"
    assert first.read("graft-lock.json") == lock


# The record by itself

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"))


@given(
    lock=st.binary(),
    got=st.lists(st.tuples(_TEXT, _TEXT, _TEXT, st.booleans())),
    notes=st.lists(st.tuples(_TEXT, _TEXT, _TEXT)),
    now=st.floats(min_value=0, max_value=20),
    packuments=st.lists(st.tuples(st.floats(0, 10), st.floats(0, 20)), min_size=1, max_size=5),
)
def test_what_is_read_is_what_was_written_while_all_are_current(
    tmp_path_factory: pytest.TempPathFactory,
    lock: bytes,
    got: list[tuple[str, str, str, bool]],
    notes: list[tuple[str, str, str]],
    now: float,
    packuments: list[tuple[float, float]],
) -> None:
    root = tmp_path_factory.mktemp("cache")
    consulted = []
    for at, (since, until) in enumerate(packuments):
        (root / str(at)).write_bytes(b"")
        consulted.append(Consulted(path=str(at), since=since, until=until))
    said = tuple(
        Diagnostic(code="deprecated", message=message, where=where, fix=fix)
        for message, where, fix in notes
    )
    direct = tuple(
        Difference(
            change=ADDED, name=name, after=after, local=local, direct=True, unanticipated=mark
        )
        for name, after, local, mark in got
    )
    resolution = Resolution(lock=lock, added=3, direct=direct, notes=said)
    write_resolution(str(root), INPUTS, resolution, consulted, lambda _: True)
    are_current = all(since <= now < until for since, until in packuments)
    assert read_resolution(str(root), INPUTS, now) == (resolution if are_current else None)
    (root / "0").write_bytes(b"x")
    assert read_resolution(str(root), INPUTS, now) is None


def test_a_note_that_a_line_cannot_hold_is_not_remembered(tmp_path: Path) -> None:
    (tmp_path / "p").write_bytes(b"")
    consulted = [Consulted(path="p", since=0.0, until=2.0)]
    note = Diagnostic(code="deprecated", message="two\nlines")
    resolution = Resolution(lock=b"", added=0, direct=(), notes=(note,))
    write_resolution(str(tmp_path), INPUTS, resolution, consulted, lambda _: True)
    assert read_resolution(str(tmp_path), INPUTS, 1.0) is None


def test_what_another_process_fetched_meanwhile_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    cache = PackumentCache(str(tmp_path))
    cache.put("u", "", b"{}", Validators(), 10.0)
    cache.flush()
    resolution = Resolution(lock=b"", added=0, direct=(), notes=())
    for since, found in ((9.0, None), (10.0, resolution)):
        consulted = [cache.consulted("u", "", since, Validators())]
        write_resolution(str(tmp_path), INPUTS, resolution, consulted, cache.holds)
        assert read_resolution(str(tmp_path), INPUTS, 11.0) == found
