"""A host of a fleet that ends before each thing that it does to its disk, and comes back.

At once something whole is current: the release before, or the one that was on its way. The next
look brings the host to what it should have, with nothing left of what was cut.

Its power is cut in this process, where ``PowerCut`` goes through all threads; or the real command
is killed, which asks a server on loopback.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from graft.base import renames, trees
from graft.base.files import remove_tree
from graft.base.records import replace
from graft.fleet.host import tree as tree_module
from graft.fleet.host.reconcile import reconcile
from graft.fleet.host.relay import Relay
from graft.fleet.host.switch import RETIRED, current_hash
from graft.fleet.host.tree import tree_fault
from graft.fleet.host.tree_plan import plan_release
from graft.fleet.release import Release
from graft.link.layouts import ISOLATED, VIRTUAL
from graft.store import trash
from graft.workflows.host import this_platform
from harness.closing import Closing
from harness.effects import Effect, announced, unwatch, watch
from harness.fleet_kills import Scenario, Tally
from harness.fleet_upstream import HOUR, Clock, Shelf, host_at
from harness.folder import PowerCut
from harness.zygote import run_forked

_KILLED = -9


class Look(NamedTuple):
    """What a look said when it came to its end; ``error`` is a code."""

    hash: str
    flipped: bool
    healed: str
    pulled: int
    error: str


class Bench(Closing):
    """A host that has the second of three releases, and a tree of the first that may go; or, if it
    is ``new``, nothing. Its state can be put back. Looks are in this process."""

    def __init__(self, folder: Path, layout: str, *, new: bool = False) -> None:
        self.shelf = Shelf()
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            self.shelf.publish(f"b@{version}")
            self.shelf.publish(f"a@{version}", dependencies={"b": version}, bin={"a": "cli.js"})
        self.clock = Clock()
        self.layout = layout
        self.folder = folder / "machine"
        self.folder.mkdir()
        self.saved = folder / "saved"
        host = host_at(self.folder, self.shelf, self.clock, layout)
        self.host = replace(host, platform=this_platform())
        self.at = self.host.root.set("apps")
        self.first, self.second, self.third = (
            self.shelf.release_of(a=f"a@{version}") for version in ("1.0.0", "2.0.0", "3.0.0")
        )
        for release in () if new else (self.first, self.second):
            self.shelf.move(release)
            assert self.look().error == ""
        self.later()
        self.before = self.clock.ms
        subprocess.run(["cp", "-a", self.folder, self.saved], check=True)

    def look(self) -> Look:
        done = reconcile(self.host, "apps")
        return Look(
            hash=done.report.hash,
            flipped=done.flipped,
            healed=done.healed,
            pulled=done.report.pulled_blobs,
            error=done.error.diagnostic.code if done.error else "",
        )

    def end_before(self, number: int) -> list[Effect] | None:
        """Look, and end before that effect: those that were begun; None where there are fewer."""
        with cut_before(self.folder, number) as seen:
            reconcile(self.host, "apps")
        return seen if len(seen) >= number else None

    def later(self) -> None:
        """Trees that are retired may go."""
        self.clock.ms += 2 * HOUR

    def restore(self) -> None:
        remove_tree(str(self.folder))
        subprocess.run(["cp", "-a", self.saved, self.folder], check=True)
        self.clock.ms = self.before

    def close(self) -> None:
        pass

    # What is there

    def fault(self) -> str:
        """What is wrong with what is current."""
        hash = current_hash(self.at)
        if not hash:
            return "nothing is current"
        release = self.shelf.releases[hash]
        plan = plan_release(release, self.host.platform, self.layout, self.host.store)
        fault = tree_fault(self.host.store, self.at.tree(hash), plan, full=True)
        for path in ("a/index.js", "a/package.json"):
            if not Path(self.at.current, "node_modules", path).is_file():
                return f"{path} is not there"
        return fault

    def junk(self) -> list[str]:
        root = Path(self.host.root.path)
        found = [
            path for path in (root / "sets").rglob(".tmp-*") if "node_modules" not in path.parts
        ]
        found += list((root / "blobs").glob("*"))
        return [str(path.relative_to(root)) for path in found]

    def registered(self) -> set[str]:
        """The trees that the store knows and that are there: a record of what is no more goes with
        the store's next collection."""
        records = Path(self.host.store.projects)
        paths = {
            line.partition("\t")[2]
            for record in records.iterdir()
            if not record.name.startswith(".tmp-")
            for line in record.read_text().splitlines()
            if line.startswith("path\t")
        }
        return {path for path in paths if os.path.lexists(path)}

    def judge(self, goal: Release) -> None:
        """What comes of it when somebody looks again."""
        healed = self.look()
        assert (healed.error, healed.hash) == ("", goal.hash), healed
        assert self.fault() == ""
        self.later()  # a kill may have kept a tree from being retired before now
        again = self.look()
        assert again == Look(goal.hash, flipped=False, healed="", pulled=0, error=""), again
        assert self.junk() == []
        assert self.registered() == {self.at.tree(goal.hash)}
        assert list(self.at.hashes()) == [goal.hash]


class AgentBench(Bench):
    """Each look is ``graft fleet agent --once``, in a process of its own."""

    def __init__(self, folder: Path, layout: str, *, new: bool = False) -> None:
        self._log = folder / "effects"
        self._home = folder / "home"
        self._home.mkdir()
        # Opened first: a look needs it. What it serves is the shelf of the bench.
        self._relay: Relay | None = None
        self._relays = folder / "server"
        super().__init__(folder, layout, new=new)

    def look(self) -> Look:
        code, out, err, _ = self._run({})
        said = json.loads(out)["sets"][0] if out else {}
        assert said, f"{code}: {err}"
        error = said["error"]["code"] if said["error"] else ""
        return Look(said["hash"], said["flipped"], said["healed"], said["pulledBlobs"], error)

    def end_before(self, number: int | list[str]) -> list[Effect] | None:
        code, _, err, effects = self._run({"kill": number})
        assert code in (0, _KILLED), err
        return effects if code == _KILLED else None

    def later(self) -> None:
        for hash in self.at.hashes():
            stamp = Path(self.at.tree(hash), RETIRED)
            if stamp.exists():
                stamp.write_text(f"{int(stamp.read_text()) - 2 * HOUR}\n")

    def close(self) -> None:
        if self._relay:
            self._relay.close()

    def graft(self, *arguments: str) -> tuple[int, str, str]:
        return run_forked(arguments, cwd=self._home, env=self._environment(), stdin="", timeout=60)

    def _run(self, watched: dict[str, object]) -> tuple[int, str, str, list[Effect]]:
        command = ["fleet", "agent", "--once", "--json", "--set", "apps", "--server", self._url()]
        command += ["--root", self.host.root.path, "--layout", self.layout]
        more: dict[str, object] = {"below": [str(self.folder)], "log": str(self._log)}
        more |= {"native": True, "two_steps": False}
        code, out, err = run_forked(
            command,
            cwd=self._home,
            env=self._environment(),
            stdin="",
            timeout=60,
            watched={**more, **watched} if watched else None,
        )
        lines = self._log.read_text().splitlines() if watched else []
        return code, out, err, [Effect(*json.loads(line)) for line in lines]

    def _environment(self) -> dict[str, str]:
        return {
            "LANG": "C.UTF-8",
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "GRAFT_FLEET_TOKEN": "secret",
            "GRAFT_HOME": self.host.root.home,
        }

    def _url(self) -> str:
        if self._relay is None:
            host = replace(host_at(self._relays, self.shelf), keeps=True)
            self._relay = Relay(host, ["apps"], ("127.0.0.1", 0))
        return "http://{}:{}".format(*self._relay.address)


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


class _Kills:
    """``prepare`` says what is to be, or spoils what is there. ``begins`` says what is current
    before: something ``whole``, ``nothing``, or what is ``damaged``."""

    def __init__(
        self,
        prepare: Callable[[Bench], Release],
        *,
        layout: str,
        begins: str = "whole",
        made: type[Bench] = AgentBench,
    ) -> None:
        self._prepare = prepare
        self._layout = layout
        self._begins = begins
        self._made = made

    def __call__(self, tally: Tally, folder: Path, url: Callable[[], str]) -> None:  # noqa: ARG002
        with self._made(folder, self._layout, new=self._begins == "nothing") as bench:
            for number in tally.steps():
                effects = self._try(tally, bench, number)
                if effects is None:
                    return
                if self._made is AgentBench and len(effects) > 1 and effects[-2].writes:
                    self._try(tally, bench, number, "half" if number % 2 else "empty")

    def _try(self, tally: Tally, bench: Bench, number: int, torn: str = "") -> list[Effect] | None:
        bench.restore()
        goal = self._prepare(bench)
        effects = bench.end_before(number)
        if effects is None or (torn and not _tear(effects, torn)):
            return None
        with tally.kill(f"{number}: {effects[-1]} {torn}", torn=bool(torn)):
            if self._begins == "whole" or (self._begins == "nothing" and current_hash(bench.at)):
                assert bench.fault() == ""
            bench.judge(goal)
        return effects


def _tear(effects: list[Effect], torn: str) -> bool:
    """Cut the file that was begun to be written. False if there is nothing to cut."""
    path = Path(effects[-2].path) if len(effects) > 1 and effects[-2].writes else None
    if path is None or not path.is_file() or not path.stat().st_size:
        return False
    os.truncate(path, path.stat().st_size // 2 if torn == "half" else 0)
    return True


def _third(bench: Bench) -> Release:
    bench.shelf.move(bench.third)
    return bench.third


def _second(bench: Bench) -> Release:
    bench.shelf.move(bench.second)
    return bench.second


def _spoilt(bench: Bench) -> Release:
    tree = Path(bench.at.tree(bench.second.hash))
    (tree / "node_modules").chmod(0o755)
    (tree / "node_modules/a").rename(tree / "node_modules/away")
    return _second(bench)


def _of(layout: str) -> dict[str, Scenario]:
    kills = partial(_Kills, layout=layout)
    return {
        f"agent, first release, {layout}": kills(_third, begins="nothing"),
        f"agent, next release, {layout}": kills(_third),
        f"agent, damaged tree, {layout}": kills(_spoilt, begins="damaged"),
        f"power cut, next release, {layout}": kills(_third, made=Bench),
        f"power cut, damaged tree, {layout}": kills(_spoilt, begins="damaged", made=Bench),
    }


SCENARIOS: dict[str, Scenario] = {**_of(VIRTUAL), **_of(ISOLATED)}
