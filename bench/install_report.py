"""Everything that a run found out, and what can be said of it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from install_measure import Summary, ratio, summarize
from install_run import Results
from install_tools import Tool
from machine import Machine

OWN = "graft"
_EVEN = 1.02


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
        "done": {
            scenario: {tool: asdict(done) for tool, done in by.items()}
            for scenario, by in report.results.done.items()
        },
        "ratios": {
            scenario: {"graft_over_best_peer": factor, "best_peer": best}
            for scenario, (factor, best) in report.comparisons().items()
        },
        "second_folder": {tool: asdict(f) for tool, f in report.results.footprints.items()},
    }
