"""Time graft beside npm, pnpm and bun: one command, from nothing to the tables.

The first run installs the pinned peers below the work folder with npm. Everything else happens
there too, in homes of the tools' own, with the registry that npm is configured for. Scripts of
packages never run. docs/benchmarks.md says what is measured.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import ssl
import sys
import time
from pathlib import Path

from documents import publish
from install_command import FailedError
from install_disk import Disk
from install_names import pin
from install_peers import Registry, find_registry, find_tools
from install_place import delete
from install_report import Report, as_json
from install_run import Bench
from install_scenarios import SCENARIOS
from install_tables import as_chart, as_markdown, as_text
from install_tools import Tool, UnusableError, default_graft, through
from machine import machine
from traffic import Mirror

FIXTURES = Path(__file__).with_name("fixtures")
WRITER = "bench/install.py"
_START = time.monotonic()


def main(arguments: list[str]) -> int:
    said = _parser().parse_args(arguments)
    try:
        _publish(_run(said), said)
    except (UnusableError, FailedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    return 0


def _publish(report: Report, said: argparse.Namespace) -> None:
    print(as_text(report), flush=True)
    if said.json:
        text = json.dumps(as_json(report), indent=1)
        Path(said.json).write_text(text + "\n", encoding="utf-8")
    if said.markdown:
        section, chart = as_markdown(report), as_chart(report)
        publish(Path(said.markdown), report.fixture, section, writer=WRITER, chart=chart)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=WRITER, description="Time graft beside npm, pnpm and bun."
    )
    fixtures = sorted(path.stem for path in FIXTURES.glob("*.json"))
    keys = [scenario.key for scenario in SCENARIOS]
    add = parser.add_argument
    add("--fixture", default="packages-266", help=f"{', '.join(fixtures)}, or a package.json")
    add("--runs", type=int, default=9, metavar="N", help="rounds (default: 9)")
    add("--scenario", action="append", choices=keys, help="only this one; may be given again")
    add("--tool", action="append", metavar="KEY", help="only this one; may be given again")
    add("--once", action="append", default=[], metavar="KEY", help="a tool for round 1 alone")
    add("--no-counts", action="store_true", help="leave out the round that counts requests")
    add("--graft", metavar="FILE", help="the graft to time (default: the one beside this Python)")
    add("--work", metavar="DIR", help="where to work (default: $XDG_CACHE_HOME/graft-bench)")
    add("--space", type=int, default=16, metavar="GB", help="disk to use at most (default: 16)")
    add("--json", metavar="FILE", help="write every sample to FILE")
    add("--markdown", metavar="FILE", help="put the tables into FILE, and a chart beside it")
    add("--timeout", type=float, default=300.0, metavar="S", help="for one command (default: 300)")
    return parser


def _run(said: argparse.Namespace) -> Report:
    load = os.getloadavg()[0]
    fixture = _fixture(said.fixture)
    registry = find_registry()
    pin(registry.url, sys.argv)
    work = Path(said.work).resolve() if said.work else _default_work()
    tools = _tools(said, work, registry, fixture)
    scenarios = [s for s in SCENARIOS if not said.scenario or s.key in said.scenario]
    space = said.space * 10**9
    if shutil.disk_usage(work).free < space:
        raise UnusableError(f"there are no {said.space} GB free; --space says how much to use")
    folder = work / f"run-{os.getpid()}"
    answers = folder.with_suffix(".answers")
    disk = Disk(folder, space=space, say=_say)
    bench = Bench(disk, tools, scenarios, fixture.read_bytes(), timeout=said.timeout, say=_say)
    try:
        bench.prove()
        if not said.no_counts:
            _count(bench, answers, registry)
        for number in range(said.runs):
            bench.round(number, without=said.once if number else ())
        return Report(
            fixture=fixture.stem,
            runs=said.runs,
            date=datetime.date.today(),
            command=_command(said),
            machine=machine(disk.folder, load, disk=disk.words),
            tools=tools,
            results=bench.results,
        )
    finally:
        disk.close()
        delete(answers)


def _tools(said: argparse.Namespace, work: Path, registry: Registry, fixture: Path) -> list[Tool]:
    graft = str(Path(said.graft).absolute()) if said.graft else default_graft()
    overrides = json.loads(fixture.read_bytes()).get("overrides", {})
    tools = find_tools(graft, registry, work, overrides, _say)
    unknown = {*(said.tool or ()), *said.once} - {tool.key for tool in tools}
    if unknown:
        raise UnusableError(f"no tool is called {', '.join(sorted(unknown))}")
    return [tool for tool in tools if not said.tool or tool.key in said.tool]


def _count(bench: Bench, answers: Path, registry: Registry) -> None:
    trusted = ssl.create_default_context(cafile=registry.authorities or None)
    mirror = Mirror(registry.url, answers, trusted)
    try:
        bench.count(mirror.tally, lambda tool: through(tool, registry.url, mirror.url))
    finally:
        mirror.close()


def _fixture(name: str) -> Path:
    for path in (FIXTURES / f"{name}.json", Path(name)):
        if path.is_file():
            return path
    raise UnusableError(f"there is no fixture {name}")


def _default_work() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache).resolve() / "graft-bench"


def _command(said: argparse.Namespace) -> str:
    """What was measured, as it can be repeated elsewhere: without paths."""
    words = [
        "python bench/install.py",
        f"--fixture {Path(said.fixture).stem}",
        f"--runs {said.runs}",
    ]
    words += [f"--scenario {key}" for key in said.scenario or ()]
    words += [f"--tool {key}" for key in said.tool or ()]
    words += [f"--once {key}" for key in said.once]
    return " ".join(words)


def _say(line: str) -> None:
    print(f"[{time.monotonic() - _START:6.1f} s] {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
