"""Install real projects with graft and run the real thing in them, in every layout.

Each folder of ``ecosystems`` is a fixture; docs/ecosystems.md says what is done with it and holds
the outcomes. Packages come from the registry that npm is configured for. Exit 1 if one fails.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from documents import publish
from ecosystems_fixture import Fixture, read_fixtures
from ecosystems_place import Place
from ecosystems_report import Report, as_json, as_markdown, as_text
from ecosystems_run import DEFAULT, LAYOUTS, NPM, Outcome, attempt
from install_peers import find_registry
from install_tools import UnusableError, default_graft, on_path
from machine import machine

WRITER = "bench/ecosystems.py"
_START = time.monotonic()


def main(arguments: list[str]) -> int:
    said = _parser().parse_args(arguments)
    try:
        report = _run(said)
    except UnusableError as error:
        print(f"ecosystems: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ecosystems: interrupted", file=sys.stderr)
        return 130
    print(as_text(report), flush=True)
    if said.json:
        text = json.dumps(as_json(report), indent=1)
        Path(said.json).write_text(text + "\n", encoding="utf-8")
    if said.markdown:
        publish(Path(said.markdown), "ecosystems", as_markdown(report), writer=WRITER)
    return 1 if report.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=WRITER, description="Run real projects in every layout.")
    add = parser.add_argument
    add("--only", action="append", metavar="NAME", help="only this fixture; may be given again")
    add("--layout", action="append", choices=(DEFAULT, *LAYOUTS), help="only this; may be repeated")
    add("--with", action="append", choices=[NPM], dest="peers", default=[], help="npm as well")
    add("--jobs", type=int, default=1, metavar="N", help="fixtures at a time (default: 1)")
    add("--graft", metavar="FILE", help="the graft to use (default: the one beside this Python)")
    add("--work", metavar="DIR", help="where to work (default: the folder for temporary files)")
    add("--store", metavar="DIR", help="keep one store for all, for work on fixtures")
    add("--keep", action="store_true", help="leave the places, to look at them")
    add("--json", metavar="FILE", help="write every outcome to FILE")
    add("--markdown", metavar="FILE", help="put the table into FILE")
    return parser


def _run(said: argparse.Namespace) -> Report:
    load = os.getloadavg()[0]
    graft = str(Path(said.graft).absolute()) if said.graft else default_graft()
    fixtures = _fixtures(said)
    ways = [way for way in (DEFAULT, *LAYOUTS) if not said.layout or way in said.layout]
    work = Path(said.work or tempfile.gettempdir()).resolve()
    store = Path(said.store).resolve() if said.store else None
    npmrc = find_registry().npmrc.replace("ignore-scripts=true\n", "")

    def trials(fixture: Fixture) -> Iterator[Outcome]:
        place = Place(work, npmrc, store)
        done: set[str] = set()
        try:
            if NPM in said.peers and not fixture.npm:
                yield _said(attempt(place, fixture, NPM, on_path(NPM)))
            for way in ways:
                if way not in done:  # the one that graft chooses by itself is done first
                    outcome = _said(attempt(place, fixture, way, graft))
                    done.add(outcome.way)
                    yield outcome
        finally:
            if said.keep:
                _say(f"left: {place.project}")
            else:
                place.leave()

    with ThreadPoolExecutor(said.jobs) as pool:
        outcomes = [o for each in pool.map(lambda f: list(trials(f)), fixtures) for o in each]
    return Report(
        fixtures=fixtures,
        ways=[*said.peers, *(way for way in LAYOUTS if way in {o.way for o in outcomes})],
        outcomes=outcomes,
        date=datetime.date.today(),
        command=_command(said),
        machine=machine(work, load, disk="a folder for each fixture"),
    )


def _fixtures(said: argparse.Namespace) -> list[Fixture]:
    fixtures = read_fixtures()
    unknown = set(said.only or ()) - {fixture.name for fixture in fixtures}
    if unknown:
        raise UnusableError(f"no fixture is called {', '.join(sorted(unknown))}")
    return [fixture for fixture in fixtures if not said.only or fixture.name in said.only]


def _said(outcome: Outcome) -> Outcome:
    word = "passed" if outcome.passed else f"FAILED: {outcome.headline}"
    _say(
        f"{outcome.fixture}, {outcome.way}: {outcome.packages} packages in {outcome.install:.1f} s,"
        f" check {outcome.check:.1f} s, {word}"
    )
    return outcome


def _command(said: argparse.Namespace) -> str:
    words = [f"python {WRITER}", *(f"--only {name}" for name in said.only or ())]
    words += [f"--layout {name}" for name in said.layout or ()]
    return " ".join([*words, *(f"--with {name}" for name in said.peers)])


def _say(line: str) -> None:
    print(f"[{time.monotonic() - _START:6.1f} s] {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
