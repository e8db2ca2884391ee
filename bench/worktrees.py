"""Many agents at work: worktrees of one repository, all created and installed at once, and deleted.

For graft, and for pnpm and bun with their global stores, in the same run and by turns. Afterwards
a dependency is changed in one worktree, the others are compared with what they were, and node says
where every import of every worktree leads to. docs/benchmarks.md says more.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from documents import publish
from install_command import FailedError, Runner
from install_disk import Disk
from install_names import pin
from install_peers import find_registry, find_tools
from install_place import Place
from install_tools import UnusableError, default_graft
from machine import machine
from worktrees_fixture import single, workspace
from worktrees_place import Repository
from worktrees_report import Report, Result, as_markdown

FIXTURES = Path(__file__).with_name("fixtures")
WRITER = "bench/worktrees.py"
_TOOLS = ("graft", "pnpm-global", "bun-global")
_ADDED = "left-pad@1.3.0"
_START = time.monotonic()
_KINDS: Mapping[str, Callable[[bytes], dict[str, bytes]]] = {
    "single": single,
    "workspace": workspace,
}


def main(arguments: list[str]) -> int:
    said = _parser().parse_args(arguments)
    try:
        for kind in said.kind or _KINDS:
            report = _run(said, kind)
            section = as_markdown(report)
            print(section, flush=True)
            if said.markdown:
                publish(Path(said.markdown), f"worktrees-{kind}", section, writer=WRITER)
    except (UnusableError, FailedError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=WRITER, description="Time worktrees of one repository.")
    add = parser.add_argument
    add("--fixture", default="packages-1400", help="whose dependencies (default: packages-1400)")
    add("--kind", action="append", choices=list(_KINDS), help="only this repository")
    add("--worktrees", type=int, default=20, metavar="N", help="at once (default: 20)")
    add("--runs", type=int, default=5, metavar="N", help="rounds (default: 5)")
    add("--tool", action="append", metavar="KEY", help=f"instead of {', '.join(_TOOLS)}")
    add("--no-proof", action="store_true", help="only time")
    add("--graft", metavar="FILE", help="the graft to time (default: the one beside this Python)")
    add("--work", metavar="DIR", help="where to work (default: $XDG_CACHE_HOME/graft-bench)")
    add("--space", type=int, default=16, metavar="GB", help="disk to use at most (default: 16)")
    add("--markdown", metavar="FILE", help="put the tables into FILE")
    add("--timeout", type=float, default=300.0, metavar="S", help="for one command (default: 300)")
    return parser


def _run(said: argparse.Namespace, kind: str) -> Report:
    load = os.getloadavg()[0]
    fixture = (FIXTURES / f"{said.fixture}.json").read_bytes()
    files = _KINDS[kind](fixture)
    registry = find_registry()
    pin(registry.url, sys.argv)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    work = Path(said.work or Path(cache) / "graft-bench").resolve()
    work.mkdir(parents=True, exist_ok=True)
    graft = str(Path(said.graft).absolute()) if said.graft else default_graft()
    overrides = json.loads(fixture).get("overrides", {})
    found = find_tools(graft, registry, work, overrides, _say)
    tools = [tool for tool in found if tool.key in (said.tool or _TOOLS)]
    space = said.space * 10**9
    if shutil.disk_usage(work).free < space:
        raise UnusableError(f"there are no {said.space} GB free; --space says how much to use")
    disk = Disk(work / f"worktrees-{os.getpid()}", space=space, say=_say)
    runner = Runner(timeout=said.timeout)
    try:
        disk.fresh()
        places = [Place(disk.folder, tool, files["package.json"]) for tool in tools]
        repositories = [Repository(place, files, runner) for place in places]
        results = {tool.key: Result() for tool in tools}
        for repository in repositories:
            repository.fill()
            _say(f"{kind}: {repository.place.tool.key} is installed once")
        for number in range(said.runs):
            first = number % len(repositories)
            for repository in [*repositories[first:], *repositories[:first]]:
                result = results[repository.place.tool.key]
                _round(repository, result, said.worktrees, disk.folder)
                _say(f"{kind}, round {number + 1}: {repository.place.tool.key} {result.last}")
        for repository in [] if said.no_proof else repositories:
            result = results[repository.place.tool.key]
            repository.add(said.worktrees)
            repository.install_all()
            result.proof = str(repository.prove())
            result.compared = repository.change_one(_ADDED)
            repository.prove()
            repository.remove_all()
            _say(f"{kind}: {repository.place.tool.key}: {result.proof}")
        return Report(
            kind=kind,
            fixture=said.fixture,
            worktrees=said.worktrees,
            runs=said.runs,
            date=datetime.date.today(),
            machine=machine(disk.folder, load, disk=disk.words),
            tools=tools,
            results=results,
        )
    finally:
        disk.close()


def _round(repository: Repository, result: Result, count: int, disk: Path) -> None:
    repository.add(1)
    os.sync()
    result.alone.append(repository.install(repository.worktrees[0]))
    repository.remove_all()
    result.created.append(repository.add(count))
    os.sync()
    before = os.statvfs(disk)
    result.installed.append(repository.install_all())
    os.sync()
    after = os.statvfs(disk)
    result.size.append((before.f_bfree - after.f_bfree) * after.f_frsize / count)
    result.inodes.append((before.f_ffree - after.f_ffree) / count)
    result.removed.append(repository.remove_all())
    os.sync()


def _say(line: str) -> None:
    print(f"[{time.monotonic() - _START:6.1f} s] {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
