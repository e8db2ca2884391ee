"""Results as tables for a terminal, as JSON, and as Markdown."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from install_measure import Summary, ratio, summarize
from install_names import pinned
from install_run import Results
from install_scenarios import SCENARIOS
from install_tools import Tool

OWN = "graft"
_EVEN = 1.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The kind of machine, and how busy it was; nothing that tells which one it is."""

    system: str
    cores: int
    memory_gib: int
    file_system: str
    python: str
    node: str
    names: str
    load_before: float
    load_after: float

    def __str__(self) -> str:
        return (
            f"{self.cores} cores, {self.memory_gib} GiB, {self.system}, {self.file_system}, "
            f"Python {self.python}, Node {self.node}; names resolved {self.names}; "
            f"load average {self.load_before:.1f} before, {self.load_after:.1f} after"
        )


def machine(work: Path, load_before: float) -> Machine:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / 2**30),
        file_system=_file_system(work),
        python=platform.python_version(),
        node=node.stdout.strip().removeprefix("v"),
        names="once for all tools" if pinned() else "by each tool",
        load_before=load_before,
        load_after=os.getloadavg()[0],
    )


def _file_system(folder: Path) -> str:
    """The type of the file system that ``folder`` is on."""
    path = str(folder.resolve())
    best, kind = "", "unknown file system"
    try:
        mounts = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return kind
    for mount in mounts:
        _, point, type_, *_ = mount.split(" ")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, type_
    return kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that a run found out. ``command`` has no absolute paths in it."""

    fixture: str
    runs: int
    date: datetime.date
    command: str
    machine: Machine
    tools: Sequence[Tool]
    results: Results

    def summaries(self) -> dict[str, dict[str, Summary]]:
        """By scenario, then tool."""
        return {
            scenario: {tool: summarize(samples) for tool, samples in by_tool.items()}
            for scenario, by_tool in self.results.samples.items()
        }

    def comparisons(self) -> dict[str, tuple[float, str]]:
        """By scenario: graft's wall time over the best peer's of the same round, and which peer
        has the best median."""
        answer = {}
        for scenario, by_tool in self.results.samples.items():
            peers = {tool: samples for tool, samples in by_tool.items() if tool != OWN}
            if OWN in by_tool and peers:
                best = min(peers, key=lambda tool: summarize(peers[tool]).wall)
                answer[scenario] = ratio(by_tool[OWN], list(peers.values())), best
        return answer

    def verdict(self) -> str:
        """Where graft loses, and where it wins, in plain words."""
        ordered = sorted(self.comparisons().items(), key=lambda item: -item[1][0])
        lost = [
            f"{scenario} ({factor:.2f} times {best}'s time)"
            for scenario, (factor, best) in ordered
            if factor > _EVEN
        ]
        won = [
            f"{scenario} ({factor:.2f} of {best}'s)"
            for scenario, (factor, best) in reversed(ordered)
            if factor < 1 / _EVEN
        ]
        even = [s for s, (factor, _) in ordered if 1 / _EVEN <= factor <= _EVEN]
        sentences = [
            f"graft loses: {', '.join(lost)}." if lost else "graft loses in no scenario.",
            f"graft wins: {', '.join(won)}." if won else "graft wins in no scenario.",
        ]
        if even:
            sentences.append(f"Even within 2 %: {', '.join(even)}.")
        return " ".join(sentences)


def as_json(report: Report) -> dict[str, Any]:
    return {
        "fixture": report.fixture,
        "packages": report.results.packages,
        "runs": report.runs,
        "date": report.date.isoformat(),
        "command": report.command,
        "machine": asdict(report.machine),
        "tools": {
            tool.key: {"version": tool.version, "setting": tool.setting} for tool in report.tools
        },
        "proofs": report.results.proofs,
        "samples": {
            scenario: {tool: [asdict(sample) for sample in samples] for tool, samples in by.items()}
            for scenario, by in report.results.samples.items()
        },
        "summaries": {
            scenario: {tool: asdict(summary) for tool, summary in by.items()}
            for scenario, by in report.summaries().items()
        },
        "ratios": {
            scenario: {"graft_over_best_peer": factor, "best_peer": best}
            for scenario, (factor, best) in report.comparisons().items()
        },
        "second_folder": {tool: asdict(f) for tool, f in report.results.footprints.items()},
    }


def as_text(report: Report) -> str:
    """A table for each scenario."""
    lines = [f"{report.fixture}: {report.machine}", f"{report.runs} rounds; seconds, MB", ""]
    comparisons = report.comparisons()
    for scenario, by_tool in report.summaries().items():
        lines.append(f"{scenario:<18}{'median':>9}{'min':>9}{'max':>9}{'CPU':>9}{'peak MB':>9}")
        lines += [
            f"  {tool:<16}{s.wall:>9.3f}{s.fastest:>9.3f}{s.slowest:>9.3f}"
            f"{s.processor:>9.3f}{s.peak / 1e6:>9.0f}"
            for tool, s in sorted(by_tool.items(), key=lambda item: item[1].wall)
        ]
        if scenario in comparisons:
            factor, best = comparisons[scenario]
            lines.append(f"  graft / best peer of the same round: {factor:.2f} ({best})")
        lines.append("")
    for tool, found in sorted(report.results.footprints.items(), key=lambda item: item[1].size):
        lines.append(
            f"second folder, {tool:<12}{found.entries:>8} entries{found.inodes:>8} own inodes"
            f"{found.size / 1e6:>9.2f} MB"
        )
    return "\n".join([*lines, "", report.verdict()])


def as_markdown(report: Report) -> str:
    """A section: machine, medians with spread, processor, memory, and the second folder."""
    summaries = report.summaries()
    scenarios = [s.key for s in SCENARIOS if s.key in summaries]
    tools = [tool.key for tool in report.tools]

    def table(cell: Mapping[str, Mapping[str, str]], last: Sequence[str] = ()) -> list[str]:
        rows = [f"| {t} | " + " | ".join(cell[s][t] for s in scenarios) + " |" for t in tools]
        return [
            f"| | {' | '.join(scenarios)} |",
            "|---" * (len(scenarios) + 1) + "|",
            *rows,
            *last,
            "",
        ]

    def cells(show: Any) -> dict[str, dict[str, str]]:
        return {s: {t: show(summaries[s][t]) for t in tools} for s in scenarios}

    compared = report.comparisons()
    factors = [
        f"{compared[s][0]:.2f} ({compared[s][1]})" if s in compared else "" for s in scenarios
    ]
    lines = [
        f"## {report.fixture} ({report.results.packages} packages on this platform)",
        "",
        f"{report.date:%Y-%m-%d}, `{report.command}`, {report.runs} rounds. {report.machine}.",
        "Tools: "
        + "; ".join(f"{tool.key} {tool.version} ({tool.setting})" for tool in report.tools)
        + ".",
        "",
        report.verdict(),
        "",
        "Wall seconds, median (min-max). Last row: graft's time over that of the best peer in the "
        "same round, median.",
        "",
        *table(
            cells(lambda s: f"{s.wall:.3f} ({s.fastest:.3f}-{s.slowest:.3f})"),
            [f"| **graft / best peer** | {' | '.join(factors)} |"] if compared else [],
        ),
        "Processor seconds (user + system), median.",
        "",
        *table(cells(lambda s: f"{s.processor:.3f}")),
        "Peak memory of the largest process, MB, median.",
        "",
        *table(cells(lambda s: f"{s.peak / 1e6:.0f}")),
    ]
    if report.results.footprints:
        lines += [
            "The second folder: entries in it, inodes that only it has, and their bytes on disk.",
            "",
            "| | entries | own inodes | own MB |",
            "|---|---|---|---|",
            *(
                f"| {tool} | {found.entries:,} | {found.inodes:,} | {found.size / 1e6:.2f} |"
                for tool in tools
                for found in [report.results.footprints[tool]]
            ),
            "",
        ]
    return "\n".join(lines)


def put_section(document: str, name: str, section: str) -> str:
    """``document`` with the section of that name replaced, or added at its end."""
    begin, end = f"<!-- {name}: written by bench/install.py -->", f"<!-- end of {name} -->"
    block = f"{begin}\n{section.strip()}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(document):
        return pattern.sub(lambda _: block, document)
    return f"{document.rstrip()}\n\n{block}\n".lstrip()
