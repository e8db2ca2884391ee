"""What came of timing worktrees, and how it is shown."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from documents import table
from install_tools import Tool
from machine import Machine
from worktrees_burst import Burst

OWN = "graft"
_GOALS = "60 ms and 1 MB"


@dataclass(slots=True, kw_only=True)
class Result:
    """One tool's rounds. ``alone`` are seconds of an install beside which nothing else runs;
    ``size`` and ``inodes`` are what the disk has less of afterwards, for each worktree.
    ``compared`` entries of other worktrees were the same after a change in one."""

    created: list[Burst] = field(default_factory=list)
    installed: list[Burst] = field(default_factory=list)
    removed: list[Burst] = field(default_factory=list)
    alone: list[float] = field(default_factory=list)
    size: list[float] = field(default_factory=list)
    inodes: list[float] = field(default_factory=list)
    proof: str = ""
    compared: int = 0

    @property
    def last(self) -> str:
        processor = _processor(self.installed[-1:])
        return (
            f"installed in {self.installed[-1].wall:.2f} s, {_ms(self.installed[-1].each)} each "
            f"(processor {processor}, alone {_ms(self.alone[-1])}), "
            f"{self.size[-1] / 1e6:.2f} MB, removed in {self.removed[-1].wall:.2f} s"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    kind: str
    fixture: str
    worktrees: int
    runs: int
    date: datetime.date
    machine: Machine
    tools: Sequence[Tool]
    results: Mapping[str, Result]


def as_markdown(report: Report) -> str:
    """The section of docs/benchmarks.md."""
    kinds = {"single": "one package", "workspace": "a workspace of 12 members"}
    rows: list[tuple[str, Sequence[str]]] = [
        ("install, wall s for all", [_wall(r.installed) for r in _results(report)]),
        ("install, wall ms for each", [_each(r.installed) for r in _results(report)]),
        ("install, processor ms for each", [_processor(r.installed) for r in _results(report)]),
        ("install alone, wall ms", [_ms(median(r.alone)) for r in _results(report)]),
        ("MB added by each", [f"{median(r.size) / 1e6:.2f}" for r in _results(report)]),
        ("inodes added by each", [f"{median(r.inodes):,.0f}" for r in _results(report)]),
        ("git worktree add, wall s for all", [_wall(r.created) for r in _results(report)]),
        ("rm -rf, wall s for all", [_wall(r.removed) for r in _results(report)]),
    ]
    settings = "; ".join(f"{tool.key} {tool.version} ({tool.setting})" for tool in report.tools)
    lines = [
        f"### {report.worktrees} worktrees of {kinds[report.kind]}",
        "",
        f"{report.date}, `python bench/worktrees.py --kind {report.kind} --fixture "
        f"{report.fixture} --runs {report.runs}`. {report.machine}.",
        f"Tools: {settings}.",
        "",
        f"Medians (fastest to slowest). {_verdict(report)}",
        "",
        *table(["", *(tool.key for tool in report.tools)], [(name, *row) for name, row in rows]),
    ]
    for tool in report.tools:
        result = report.results[tool.key]
        if result.proof:
            lines.append(
                f"- {tool.key}: {result.proof}. After a package was added in one, all "
                f"{result.compared:,} entries of the others were as before."
            )
    return "\n".join(lines)


def _verdict(report: Report) -> str:
    own = report.results.get(OWN)
    peers = [result for key, result in report.results.items() if key != OWN]
    if own is None or not peers:
        return ""
    said = []
    for words, bursts in (("install", "installed"), ("remove", "removed")):
        ratios = [
            burst.wall / min(getattr(peer, bursts)[at].wall for peer in peers)
            for at, burst in enumerate(getattr(own, bursts))
        ]
        said.append(f"{words} {median(ratios):.2f}")
    each = median(burst.each for burst in own.installed)
    is_reached = each <= 0.06 and median(own.size) <= 1e6
    goal = "reached" if is_reached else "**not reached**"
    return (
        f"graft's wall time over the best peer's in the same round: {', '.join(said)}. "
        f"The goal of {_GOALS} for each is {goal}."
    )


def _results(report: Report) -> list[Result]:
    return [report.results[tool.key] for tool in report.tools]


def _wall(bursts: Sequence[Burst]) -> str:
    walls = sorted(burst.wall for burst in bursts)
    return f"{median(walls):.2f} ({walls[0]:.2f}-{walls[-1]:.2f})"


def _each(bursts: Sequence[Burst]) -> str:
    each = sorted(burst.each for burst in bursts)
    return f"{_ms(median(each))} ({_ms(each[0])}-{_ms(each[-1])})"


def _processor(bursts: Sequence[Burst]) -> str:
    return _ms(median(burst.processor / burst.commands for burst in bursts))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"
