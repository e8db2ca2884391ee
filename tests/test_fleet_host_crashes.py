"""The power of a host is cut before each thing that it does to its disk, and it comes back.

At once something whole is current: the release before, or the one that was on its way. The next
look brings the host to what it should have, with nothing left of what was cut.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from graft.base import renames, trees
from graft.base.files import remove_tree
from graft.fleet import tree as tree_module
from graft.fleet.reconcile import reconcile
from graft.fleet.release import Release
from graft.fleet.switch import current_hash
from graft.fleet.tree import tree_fault
from graft.fleet.tree_plan import plan_release
from graft.link.layouts import ISOLATED, VIRTUAL
from graft.store import trash
from harness.crash import workplace
from harness.effects import Effect, announced, unwatch, watch
from harness.fleet_upstream import HOUR, LINUX, Clock, Shelf, host_at
from harness.folder import PowerCut

MOST_TURNS = 1000


class Bench:
    """A host that has one release, and a tree of an older one that may go, and is to get the next
    one; its state can be put back."""

    def __init__(self, folder: Path, layout: str) -> None:
        self.shelf = Shelf()
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            self.shelf.publish(f"b@{version}")
            self.shelf.publish(f"a@{version}", dependencies={"b": version}, bin={"a": "cli.js"})
        self.clock = Clock()
        self.folder = folder / "machine"
        self.folder.mkdir()
        self.saved = folder / "saved"
        self.host = host_at(self.folder, self.shelf, self.clock, layout)
        self.first = self.shelf.want(a="a@1.0.0")
        assert reconcile(self.host, "apps").error is None
        self.second = self.shelf.want(a="a@2.0.0")
        assert reconcile(self.host, "apps").error is None
        self.clock.ms += 2 * HOUR
        self.before = self.clock.ms
        self.save()

    def save(self) -> None:
        subprocess.run(["cp", "-a", self.folder, self.saved], check=True)

    def restore(self) -> None:
        remove_tree(str(self.folder))
        subprocess.run(["cp", "-a", self.saved, self.folder], check=True)
        self.clock.ms = self.before

    def fault(self) -> str:
        """What is wrong with what is current."""
        at = self.host.root.set("apps")
        hash = current_hash(at)
        if not hash:
            return "nothing is current"
        plan = plan_release(self.shelf.releases[hash], LINUX, self.host.layout, self.host.store)
        fault = tree_fault(self.host.store, at.tree(hash), plan, full=True)
        modules = Path(at.current, "node_modules/a")
        if not (modules / "index.js").is_file():
            return f"{modules} has no code"
        return fault

    def junk(self) -> list[str]:
        root = Path(self.host.root.path)
        found = [
            path for path in (root / "sets").rglob(".tmp-*") if "node_modules" not in path.parts
        ]
        found += list((root / "blobs").glob("*"))
        return [str(path.relative_to(root)) for path in found]

    def registered(self) -> set[str]:
        """The trees that the store knows, whether they are there or not."""
        records = Path(self.host.store.projects)
        return {
            line.partition("\t")[2]
            for record in records.iterdir()
            if not record.name.startswith(".tmp-")
            for line in record.read_text().splitlines()
            if line.startswith("path\t")
        }


@contextmanager
def cut_before(folder: Path, number: int) -> Iterator[list[Effect]]:
    """Before effect ``number`` in the folder the power is cut: neither that happens nor anything
    after it. The effects that were begun."""
    seen: list[Effect] = []
    near = f"{folder}/"

    def hear(effect: Effect) -> None:
        if effect.path.startswith(near):
            seen.append(effect)
            if len(seen) >= number:
                raise PowerCut

    swap = announced("exchange", renames.exchange, 1)
    with (
        patch.object(trees, "build", announced("build", trees.build)),
        patch.object(trees, "link_files", announced("link_files", trees.link_files, 1)),
        patch.object(trees, "set_modes", announced("set_modes", trees.set_modes)),
        patch.object(tree_module, "exchange", swap),
        patch.object(trash, "exchange", swap),
    ):
        watch(hear)
        try:
            yield seen
        except PowerCut:
            pass
        finally:
            unwatch()


def all_cuts(
    bench: Bench,
    prepare: Callable[[], object],
    goal: Release,
    *,
    whole: bool = True,
) -> int:
    """Cut the power before each effect of one look; how many cuts there were. ``whole`` says that
    what is current is so before."""
    for number in range(1, MOST_TURNS):
        bench.restore()
        prepare()
        with cut_before(bench.folder, number) as seen:
            reconcile(bench.host, "apps")
        if len(seen) < number:
            assert number > 30
            return number - 1
        where = f"cut {number}: {seen[number - 1]}"
        if whole:
            assert bench.fault() == "", where
        healed = reconcile(bench.host, "apps")
        assert healed.error is None and healed.report.hash == goal.hash, where
        assert bench.fault() == "", where
        bench.clock.ms += 2 * HOUR  # a cut may have kept a tree from being retired before now
        again = reconcile(bench.host, "apps")
        assert (again.error, again.flipped, again.healed) == (None, False, ""), where
        assert again.report.pulled_blobs == 0 and bench.junk() == [], where
        at = bench.host.root.set("apps")
        # A record of what is no more goes with the store's next collection.
        there = {path for path in bench.registered() if os.path.lexists(path)}
        assert there == {at.tree(goal.hash)}, where
        assert list(at.hashes()) == [goal.hash], where
    raise AssertionError("it does not come to an end")


@pytest.mark.parametrize("layout", [VIRTUAL, ISOLATED])
def test_pulling_building_switching_and_collecting_survive_power_cuts(layout: str) -> None:
    with workplace() as folder:
        bench = Bench(folder, layout)
        third = bench.shelf.release_of(a="a@3.0.0")
        all_cuts(bench, lambda: bench.shelf.move(third), third)


@pytest.mark.parametrize("layout", [VIRTUAL, ISOLATED])
def test_healing_survives_power_cuts(layout: str) -> None:
    with workplace() as folder:
        bench = Bench(folder, layout)
        tree = Path(bench.host.root.set("apps").tree(bench.second.hash))

        def spoil() -> None:
            (tree / "node_modules").chmod(0o755)
            (tree / "node_modules/a").rename(tree / "node_modules/away")

        all_cuts(bench, spoil, bench.second, whole=False)
