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
import sys
import time
from pathlib import Path

from install_names import pin
from install_place import delete
from install_report import Report, as_json, as_markdown, as_text, machine, put_section
from install_run import Bench, FailedError
from install_scenarios import SCENARIOS
from install_tools import UnusableError, default_graft, find_registry, find_tools

FIXTURES = Path(__file__).with_name("fixtures")
_START = time.monotonic()


def main(arguments: list[str]) -> int:
    said = _parser().parse_args(arguments)
    work = Path(said.work).resolve() if said.work else _default_work()
    folder = work / f"run-{os.getpid()}"
    try:
        _publish(_run(said, work, folder), said)
    except (UnusableError, FailedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    finally:
        if folder.exists():
            _say("deleting what was installed; let the disk rest before the next run")
            delete(folder)
    return 0


def _publish(report: Report, said: argparse.Namespace) -> None:
    print(as_text(report), flush=True)
    if said.json:
        text = json.dumps(as_json(report), indent=1)
        Path(said.json).write_text(text + "\n", encoding="utf-8")
    if said.markdown:
        path = Path(said.markdown)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        text = put_section(before, report.fixture, as_markdown(report))
        path.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench/install.py", description="Time graft beside npm, pnpm and bun."
    )
    fixtures = sorted(path.stem for path in FIXTURES.glob("*.json"))
    keys = [scenario.key for scenario in SCENARIOS]
    add = parser.add_argument
    add("--fixture", default="packages-266", help=f"{', '.join(fixtures)}, or a package.json")
    add("--runs", type=int, default=5, metavar="N", help="rounds (default: 5)")
    add("--scenario", action="append", choices=keys, help="only this one; may be given again")
    add("--tool", action="append", metavar="KEY", help="only this one; may be given again")
    add("--graft", metavar="FILE", help="the graft to time (default: the one beside this Python)")
    add("--work", metavar="DIR", help="where to work (default: $XDG_CACHE_HOME/graft-bench)")
    add("--json", metavar="FILE", help="write every sample to FILE")
    add("--markdown", metavar="FILE", help="put the tables into FILE, in place of the last ones")
    add("--timeout", type=float, default=300.0, metavar="S", help="for one command (default: 300)")
    return parser


def _run(said: argparse.Namespace, work: Path, folder: Path) -> Report:
    load = os.getloadavg()[0]
    fixture = _fixture(said.fixture)
    registry = find_registry()
    pin(registry, sys.argv)
    graft = str(Path(said.graft).absolute()) if said.graft else default_graft()
    overrides = json.loads(fixture.read_bytes()).get("overrides", {})
    tools = find_tools(graft, registry, work, overrides, _say)
    if said.tool:
        unknown = set(said.tool) - {tool.key for tool in tools}
        if unknown:
            raise UnusableError(f"no tool is called {', '.join(sorted(unknown))}")
        tools = [tool for tool in tools if tool.key in said.tool]
    scenarios = [s for s in SCENARIOS if not said.scenario or s.key in said.scenario]
    bench = Bench(folder, tools, scenarios, fixture.read_bytes(), timeout=said.timeout, say=_say)
    bench.prove()
    for number in range(said.runs):
        bench.round(number)
    return Report(
        fixture=fixture.stem,
        runs=said.runs,
        date=datetime.date.today(),
        command=_command(said),
        machine=machine(work, load),
        tools=tools,
        results=bench.results,
    )


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
    return " ".join(words)


def _say(line: str) -> None:
    print(f"[{time.monotonic() - _START:6.1f} s] {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
