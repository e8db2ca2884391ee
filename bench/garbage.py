"""Collecting garbage: a store that many projects share, with half of them deleted, beside pnpm's.

The same generated packages are stored for each tool: graft's projects are made by graft's own
functions (garbage_store), and pnpm installs them from a registry on the loopback, as members of
workspaces, which is quicker than one by one. What is timed comes after: looking, finding nothing,
and removing what half of the projects alone had needed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from counts_graph import DIRECT, name, publish_graph
from documents import publish, table
from garbage_store import make_projects
from install_measure import Sample, footprint, measure, summarize
from install_peers import find_registry, find_tools
from install_tools import Tool, UnusableError, default_graft, environment, through
from machine import machine
from traffic import CountingRegistry

WRITER = "bench/garbage.py"
_TIMEOUT = 3600.0
_LOOKS = 3  # how often what changes nothing is timed
_MEMBERS = 20  # of each of pnpm's workspaces
# What each tool says: (what is timed, the command, whether half of the projects are gone).
_STEPS: dict[str, Sequence[tuple[str, tuple[str, ...], bool]]] = {
    "graft": (
        ("dry run, nothing to remove", ("store", "gc", "--dry-run"), False),
        ("nothing to remove", ("store", "gc"), False),
        ("dry run, half is garbage", ("store", "gc", "--dry-run", "--older-than", "0"), True),
        ("half is garbage", ("store", "gc", "--older-than", "0"), True),
    ),
    "pnpm": (
        ("nothing to remove", ("store", "prune"), False),
        ("half is garbage", ("store", "prune"), True),
    ),
}
_STORES = {
    "graft": ".local/share/graft",
    "pnpm": ".local/share/pnpm",
    "pnpm-global": ".local/share/pnpm",
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=WRITER, description="Time the collecting of garbage.")
    add = parser.add_argument
    add("--projects", type=int, default=200, metavar="N")
    add("--packages", type=int, default=100, metavar="N", help="of each project")
    add("--tool", action="append", choices=sorted(_STORES), help="leave out the others")
    add("--graft", metavar="FILE", help="the graft to time (default: the one beside this Python)")
    add("--work", metavar="DIR", help="where to work (default: a temporary folder)")
    add("--markdown", metavar="FILE", help="put the table into FILE, in place of the last one")
    said = parser.parse_args(arguments)
    graft = str(Path(said.graft).absolute()) if said.graft else default_graft()
    work = Path(tempfile.mkdtemp(prefix="graft-garbage-", dir=said.work)).resolve()
    before = os.getloadavg()[0]
    try:
        own = find_registry()
        tools = {tool.key: tool for tool in find_tools(graft, own, work, {}, _say)}
        rows: list[list[str]] = []
        with CountingRegistry() as registry:
            prefixes = [f"g{number}-" for number in range(said.projects)]
            for prefix in prefixes:
                publish_graph(registry, said.packages, prefix=prefix)
            graphs = [
                [name(number, prefix) for number in range(said.packages)] for prefix in prefixes
            ]
            for key in said.tool or _STORES:
                tool = through(tools[key], own.url, registry.url)
                rows += _Timing(work, tool, graphs, registry).rows()
        section = _section(said, rows, str(machine(work, before, disk="as it is")), tools)
    except UnusableError as error:
        print(f"garbage: {error}", file=sys.stderr)
        return 1
    finally:
        subprocess.run(["chmod", "-R", "u+w", work], check=False)
        shutil.rmtree(work)
    print(section)
    if said.markdown:
        publish(Path(said.markdown), "garbage", section, writer=WRITER)
    return 0


class _Timing:
    """One tool with its home and its projects. ``graphs`` are the names of each one's packages,
    what it asks for in front."""

    def __init__(
        self, work: Path, tool: Tool, graphs: Sequence[Sequence[str]], registry: CountingRegistry
    ) -> None:
        self._tool = tool
        self._graphs = graphs
        self._registry = registry
        self._folder = work / tool.key
        self._home = self._folder / "home"
        self._store = self._home / _STORES[tool.key]
        self._log = self._folder / "log"
        # Those that are deleted, and those that stay; pnpm's in workspaces of their own.
        self._projects = [
            self._folder
            / ("gone", "stays")[number % 2]
            / f"group-{number // 2 // _MEMBERS}"
            / f"project-{number}"
            for number in range(len(graphs))
        ]

    def rows(self) -> list[list[str]]:
        self._install()
        rows = []
        for what, command, is_half in _STEPS[self._tool.key.partition("-")[0]]:
            if is_half:
                shutil.rmtree(self._folder / "gone", ignore_errors=True)
            held = footprint(self._store)
            removes = what == "half is garbage"
            samples = [self._run(command) for _ in range(1 if removes else _LOOKS)]
            rows.append(self._row(what, samples, held.entries, footprint(self._store).entries))
            _say(f"{self._tool.key}: {what}: {samples[-1].wall:.2f} s")
        self._prove()
        return rows

    def _install(self) -> None:
        for file, text in self._tool.home.items():
            path = self._home / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for project, names in zip(self._projects, self._graphs, strict=True):
            project.mkdir(parents=True)
            asked = dict.fromkeys(names[:DIRECT], "^1.0.0")
            manifest = {"name": project.name, "version": "1.0.0", "dependencies": asked}
            (project / "package.json").write_text(json.dumps(manifest))
        if self._tool.key == "graft":
            make_projects(self._store, self._projects, self._graphs, self._registry)
            return
        for group in sorted({project.parent for project in self._projects}):
            (group / "package.json").write_text(json.dumps({"name": group.name, "private": True}))
            workspace = json.dumps({"packages": ["project-*"]})
            (group / "pnpm-workspace.yaml").write_text(f"{workspace}\n")
            self._checked(self._tool.install(), group)
            _say(f"{self._tool.key}: {group.relative_to(self._folder)} is installed")

    def _run(self, command: tuple[str, ...]) -> Sample:
        sample = measure(
            [*self._tool.command, *command],
            cwd=self._folder,
            env=environment(self._home),
            log=self._log,
            timeout=_TIMEOUT,
        )
        if sample.code != 0:
            raise UnusableError(f"{self._tool.key} failed: {self._log.read_text()[-2000:]}")
        return sample

    def _checked(self, command: Sequence[str], project: Path) -> None:
        subprocess.run(
            command, cwd=project, env=environment(self._home), check=True, capture_output=True
        )

    def _prove(self) -> None:
        """What is left runs: what a project asks for that is still there can be loaded."""
        names = json.dumps(self._graphs[1][:DIRECT])
        script = f"for (const name of {names}) require(name)"
        self._checked(["node", "-e", script], self._projects[1])

    def _row(self, what: str, samples: Sequence[Sample], held: int, left: int) -> list[str]:
        said = summarize(samples)
        return [
            self._tool.key,
            what,
            f"{said.wall:.2f}",
            f"{said.processor:.2f}",
            f"{said.peak / 1e6:.0f}",
            f"{held:,}",
            f"{left:,}",
        ]


def _section(
    said: argparse.Namespace, rows: list[list[str]], where: str, tools: dict[str, Tool]
) -> str:
    flags = f" --projects {said.projects} --packages {said.packages}"
    versions = ", ".join(
        f"{key} {tools[key].version} ({tools[key].setting})" for key in said.tool or _STORES
    )
    packages = said.projects * said.packages
    return "\n".join(
        [
            "## Garbage",
            "",
            f"{datetime.date.today():%Y-%m-%d}, `python {WRITER}{flags}`: {said.projects} "
            f"projects, {packages:,} packages, no two projects with the same. {versions}.",
            f"{where}.",
            "",
            *table(["tool", "", "wall s", "processor s", "peak MB", "entries", "left"], rows),
        ]
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
