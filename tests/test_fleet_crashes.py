"""A fleet's servers, agents and operations are killed; nothing is lost, nothing half-made serves.

This is a sample: ``make crashes`` kills at every step.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from graft.fleet.blobs.folder import FolderBlobs
from harness.crash import workplace
from harness.fleet_blobs import archive
from harness.fleet_kills import Tally
from harness.fleet_kills_host import AgentBench
from harness.fleet_kills_storage import Place
from harness.fleet_matrix import ENGINES, SCENARIOS

# At each how manieth step; the rest of those with isolated trees is tried there, and all with S3:
# what speaks to object stores does not survive the fork of a process that used it before, as other
# tests do.
EVERY = {
    ("install", "SQLite"): 3,
    ("install", "PostgreSQL"): 7,
    ("install, effects on files", "SQLite"): 13,
    ("rollback", "SQLite"): 3,
    ("rollback", "PostgreSQL"): 5,
    ("pin", "SQLite"): 1,
    ("migration", "SQLite"): 5,
    ("migration", "PostgreSQL"): 11,
    ("collection", "SQLite"): 5,
    ("collection", "PostgreSQL"): 11,
    ("scrub", "SQLite"): 5,
    ("scrub", "PostgreSQL"): 11,
    ("agent, first release, virtual", ""): 23,
    ("agent, next release, virtual", ""): 17,
    ("agent, next release, isolated", ""): 47,
    ("agent, damaged tree, virtual", ""): 23,
    ("power cut, next release, virtual", ""): 7,
    ("power cut, next release, isolated", ""): 13,
    ("power cut, damaged tree, virtual", ""): 11,
    ("power cut, damaged tree, isolated", ""): 23,
    ("server, amid the pulls of three agents", "SQLite"): 8,
    ("agent that serves three others, amid their pulls", ""): 8,
}


@pytest.mark.parametrize(("name", "engine"), EVERY)
def test_killed_at_a_step(name: str, engine: str, request: pytest.FixtureRequest) -> None:
    assert engine in ENGINES.get(name, ("",))
    tally = Tally(every=EVERY[name, engine])
    with workplace() as folder:
        SCENARIOS[name](tally, folder, states(engine, folder, request))
    assert tally.kills and not tally.faults


def states(engine: str, folder: Path, request: pytest.FixtureRequest) -> Callable[[], str]:
    if engine == "PostgreSQL":
        url: Callable[[], str] = request.getfixturevalue("postgres").url
        return url
    numbers = itertools.count()
    return lambda: str(folder / f"state-{next(numbers)}.db")


def test_what_a_killed_put_leaves_is_no_archive(tmp_path: Path) -> None:
    place = Place(tmp_path, str(tmp_path / "fleet.db"))
    assert place.do(lambda _, stores, __: stores.put("new", *archive("a")), 5)
    assert any(name.startswith(".tmp-") for name in place.names("new"))
    assert [*FolderBlobs("new", str(tmp_path / "new")).list()] == []


def test_a_tree_that_was_put_in_place_and_not_registered(tmp_path: Path) -> None:
    """The store does not know that anything needs what it leads to, and its collector comes."""
    with AgentBench(tmp_path, "virtual") as bench:
        bench.shelf.move(bench.third)
        tree = bench.at.tree(bench.third.hash)
        effects = bench.end_before(["os.rename", tree])
        assert effects and not os.path.lexists(tree)
        bench.restore()
        assert bench.end_before(len(effects) + 1)
        assert os.path.isdir(tree) and tree not in bench.registered()
        code, _, err = bench.graft("store", "gc", "--older-than", "0")
        assert code == 0, err
        assert bench.fault() == ""
        bench.judge(bench.third)
