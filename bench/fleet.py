"""A thousand hosts and one server: how long until all of them have a release, and what it costs.

The server is ``graft fleet serve`` in a process of its own, over SQLite and a folder; the hosts are
simulated in this process by the agent's code (fleet_hosts), with some real agents among them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from documents import publish
from fleet_hosts import SimulatedFleet
from fleet_measure import DELTA, FIRST, POLLS, QUIET, REPORTS, Gauge, Phase
from fleet_report import section
from fleet_world import World, raise_open_files, until
from graft.base.files import remove_tree
from graft.link.layouts import ISOLATED, VIRTUAL
from harness.fleet_flips import Flips, flip_under_load
from harness.fleet_s3 import S3Server
from machine import machine

WRITER = "bench/fleet.py"
_START = time.monotonic()
_PATIENCE = 3600.0
_QUIET_SECONDS = 20.0
_VIAS = ("server", "presigned", "relay")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=WRITER, description="Measure a fleet.")
    add = parser.add_argument
    add("--agents", type=int, default=1000, metavar="N", help="simulated hosts (default: 1000)")
    add("--real", type=int, default=3, metavar="N", help="real agents among them (default: 3)")
    add("--packages", type=int, default=300, metavar="N", help="of the release (default: 300)")
    add("--changed", type=int, default=10, metavar="N", help="by the second release (default: 10)")
    add("--polls", type=int, default=5, metavar="N", help="of each host, idle (default: 5)")
    add("--behind", type=int, default=100, metavar="N", help="hosts for the other ways (100)")
    add("--via", action="append", choices=_VIAS, help="leave out the other ways of archives")
    add("--flips", type=int, default=0, metavar="N", help="also change releases under load")
    add("--work", metavar="DIR", help="where to work (default: a temporary folder)")
    add("--markdown", metavar="FILE", help="put the section into FILE, in place of the last one")
    said = parser.parse_args(arguments)
    raise_open_files()
    work = Path(tempfile.mkdtemp(prefix="graft-fleet-bench-", dir=said.work)).resolve()
    load = os.getloadavg()[0]
    phases: list[Phase] = []
    flips: dict[str, Flips] = {}
    try:
        for via in said.via or _VIAS:
            phases += {"server": _server, "presigned": _presigned, "relay": _relay}[via](said, work)
        for layout in (VIRTUAL, ISOLATED) if said.flips else ():
            _say(f"{said.flips} releases under load, layout {layout}")
            folder = work / f"flips-{layout}"
            folder.mkdir()
            flips[layout] = _flips(folder, layout, said.flips)
            _say(f"{flips[layout].scripts} scripts, {len(flips[layout].wrong)} failed")
        text = section(said, phases, flips, machine(work, load, disk="as it is"), writer=WRITER)
    finally:
        remove_tree(str(work))
    print(text)
    if said.markdown:
        publish(Path(said.markdown), "fleet", text, writer=WRITER)
    return 1 if any(found.wrong for found in flips.values()) else 0


def _server(said: argparse.Namespace, work: Path) -> list[Phase]:
    """Archives from the server's folder: a release, a second one, and nothing new."""
    with closing(_world(said, work / "server")) as world:
        tokens = world.host_tokens([f"host-{number}" for number in range(said.agents)])
        real = world.host_tokens([f"real-{number}" for number in range(said.real)])
        gauge = Gauge(world)
        with (
            world.agents(real),
            closing(SimulatedFleet(world.server.url, tokens)) as fleet,
        ):
            fleet.until(world.empty, _PATIENCE)
            until(lambda: fleet.listening == said.agents, "not all hosts listen")
            world.until(set(real), world.empty)
            streams = gauge.grown
            every = said.agents + said.real
            phases = []
            for name, hash in ((FIRST, world.first), (DELTA, world.second)):
                phases.append(_converge(world, gauge, fleet, name, hash, every))
                world.until(set(real), hash)
            with gauge.phase(QUIET, every) as quiet:
                time.sleep(_QUIET_SECONDS)
            quiet.memory = streams
            with gauge.phase(POLLS, said.agents) as polls:
                fleet.each(lambda host: host.poll(said.polls))
            with gauge.phase(REPORTS, said.agents) as reports:
                fleet.each(lambda host: host.tell())
            for phase in (quiet, polls, reports):
                _say_phase(phase)
            if fleet.failures:
                _say(f"{fleet.failures} attempts failed and were made again")
    return [*phases, quiet, polls, reports]


def _presigned(said: argparse.Namespace, work: Path) -> list[Phase]:
    """Archives from an S3 API, by addresses that the server signs."""
    (work / "s3").mkdir()
    with closing(S3Server(work / "s3").bucket("bench")) as store:
        flags = ("--blobs", store.location("bench"), "--presigned")
        with closing(_world(said, work / "presigned", *flags, env=store.environment())) as world:
            tokens = world.host_tokens([f"host-{number}" for number in range(said.behind)])
            with closing(SimulatedFleet(world.server.url, tokens)) as fleet:
                fleet.until(world.empty, _PATIENCE)
                name = f"{FIRST}, archives from S3"
                return [_converge(world, Gauge(world), fleet, name, world.first, said.behind)]


def _relay(said: argparse.Namespace, work: Path) -> list[Phase]:
    """Archives from a host that serves those behind it."""
    with closing(_world(said, work / "relay")) as world:
        tokens = world.host_tokens([f"host-{number}" for number in range(said.behind)])
        site = world.host_tokens(["site"])
        with (
            world.agents(site, "--serve", "127.0.0.1:0") as (address, pid),
            closing(SimulatedFleet(address, tokens)) as fleet,
        ):
            fleet.until(world.empty, _PATIENCE)
            world.until({"site"}, world.empty)
            gauge = Gauge(world, relay=pid)
            name = f"{FIRST}, through a host that serves"
            return [_converge(world, gauge, fleet, name, world.first, said.behind)]


def _converge(
    world: World, gauge: Gauge, fleet: SimulatedFleet, name: str, hash: str, hosts: int
) -> Phase:
    _say(f"{name}: {hosts} hosts")
    with gauge.phase(name, hosts) as phase:
        began = time.monotonic()
        world.move(hash)
        at = fleet.until(hash, _PATIENCE)
        phase.waits = [each - began for each in at]
    _say_phase(phase)
    return phase


def _world(said: argparse.Namespace, folder: Path, *flags: str, **more: object) -> World:
    _say(f"{said.packages} packages are published: {folder.name}")
    return World(folder, said.packages, said.changed, *flags, **more)


def _flips(folder: Path, layout: str, flips: int) -> Flips:
    """Trees go ten seconds after they were current: scripts without a lease have so long."""
    return flip_under_load(
        folder,
        layout=layout,
        flips=flips,
        releases=max(2, flips // 2),
        grace=10_000,
        leased=2,
        bare=2,
        pause=0.1,
    )


def _say_phase(phase: Phase) -> None:
    last = f", last host after {phase.waits[-1]:.1f} s" if phase.waits else ""
    _say(
        f"{phase.name}: {phase.wall:.1f} s{last}; server {phase.server:.1f} s of processor, "
        f"{phase.asked:,} requests, {phase.bytes / 1e6:,.0f} MB; hosts {phase.players:.1f} s"
    )


def _say(line: str) -> None:
    print(f"[{time.monotonic() - _START:6.1f} s] {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
