"""The section of the benchmarks' page about a fleet: what was measured, and what follows."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Mapping, Sequence

from documents import table
from fleet_measure import DELTA, FIRST, POLLS, QUIET, REPORTS, Phase
from harness.fleet_flips import Flips
from machine import Machine

_HOSTS = 100_000
_SITE = 100  # hosts behind one that serves them
_POLL_SECONDS = 60
_REPORT_SECONDS = 300
_LINE = 10e9 / 8  # bytes a second


def section(
    said: argparse.Namespace,
    phases: Sequence[Phase],
    flips: Mapping[str, Flips],
    where: Machine,
    *,
    writer: str,
) -> str:
    flags = f"--agents {said.agents} --packages {said.packages} --changed {said.changed}"
    flags += f" --behind {said.behind}" + (f" --flips {said.flips}" if said.flips else "")
    lines = [
        "## A fleet",
        "",
        f"{datetime.date.today():%Y-%m-%d}, `python {writer} {flags}`: a release of "
        f"{said.packages} packages, another one in which {said.changed} of them are new. {where}.",
        "",
        "Hosts and server share that machine. `half`, `95 %` and `last` are seconds from when "
        "the release is current until that part of the hosts has reported it. Processor times are "
        "seconds of the server's process, and of the one that plays the hosts. `a request` is the "
        "server's processor time for each, in milliseconds; requests and bytes are for each host.",
        "",
        *_phases(phases),
    ]
    if flips:
        lines += _flips(flips)
    by_name = {phase.name: phase for phase in phases}
    if {FIRST, DELTA, POLLS, REPORTS, QUIET} <= by_name.keys():
        lines += _calculation(by_name, said)
    return "\n".join(lines)


def _phases(phases: Sequence[Phase]) -> list[str]:
    rows = [
        [
            phase.name,
            f"{phase.hosts:,}",
            *(f"{phase.wait(part):.1f}" if phase.waits else "" for part in (0.5, 0.95, 1)),
            f"{phase.server:.1f}",
            f"{phase.relay:.1f}" if phase.relay else "",
            f"{phase.players:.1f}",
            f"{phase.each:.2f}" if phase.asked else "",
            f"{phase.asked / phase.hosts:,.0f}",
            f"{phase.bytes / phase.hosts / 1e6:.2f}",
            f"{phase.peak / 1e6:.0f}",
        ]
        for phase in phases
    ]
    head = ["", "hosts", "half", "95 %", "last", "server", "relay", "players", "a request"]
    return table([*head, "requests", "MB", "peak MB"], rows)


def _flips(flips: Mapping[str, Flips]) -> list[str]:
    rows = [
        [
            layout,
            f"{found.flips:,}",
            f"{found.seconds:.0f}",
            f"{found.scripts:,}",
            f"{found.reads:,}",
            f"{found.gone:,}",
            f"{len(found.wrong):,}",
        ]
        for layout, found in flips.items()
    ]
    return [
        "Releases change under load: two scripts at a time run as `fleet run` does, two as plain "
        "node with a path through `current`, and files are read through leases. Trees go ten "
        "seconds after they were current, unless something runs on them.",
        "",
        *table(["layout", "changes", "s", "scripts", "reads", "trees gone", "failed"], rows),
    ]


def _calculation(phases: Mapping[str, Phase], said: argparse.Namespace) -> list[str]:
    """Of so many hosts, from what one costs here."""
    first, delta, quiet = phases[FIRST], phases[DELTA], phases[QUIET]
    polls, reports = phases[POLLS], phases[REPORTS]
    asked, told = _HOSTS / _POLL_SECONDS, _HOSTS / _REPORT_SECONDS
    listens = quiet.server / quiet.wall / quiet.hosts
    memory = quiet.memory / quiet.hosts
    idle = asked * polls.each / 1000 + told * reports.each / 1000 + listens * _HOSTS
    sites = _HOSTS // _SITE
    rows = [
        [
            "asking every minute",
            f"{asked:,.0f} requests/s",
            f"{asked * polls.each / 1000:.2f} cores",
        ],
        [
            "reporting every five minutes",
            f"{told:,.0f} writes/s",
            f"{told * reports.each / 1000:.2f} cores",
        ],
        [
            "listening",
            f"{_HOSTS:,} connections, {memory * _HOSTS / 1e9:.1f} GB",
            f"{listens * _HOSTS:.2f} cores",
        ],
        ["all of that, where nothing happens", "", f"{idle:.1f} cores"],
        _release(f"a release with {said.changed} new archives", delta, _HOSTS),
        _release(f"a first release, {said.packages} archives", first, _HOSTS),
        _release(f"the same, {sites:,} hosts that serve {_SITE} each", first, sites),
    ]
    return [
        f"What {_HOSTS:,} hosts need of servers, if each costs what it costs here:",
        "",
        *table(["", "what", "processor"], rows),
    ]


def _release(words: str, phase: Phase, hosts: int) -> list[str]:
    bytes = phase.bytes / phase.hosts * hosts
    seconds = phase.server / phase.hosts * hosts
    line = f"{bytes / _LINE:,.0f} s of a line of 10 Gbit/s"
    return [words, f"{bytes / 1e9:,.0f} GB: {line}", f"{seconds:,.0f} core seconds"]
