"""Results of several fixtures, by the number of packages that they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from install_scenarios import SCENARIOS

TOOLS = ("graft", "bun-global", "pnpm-global")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """``summaries`` by size, scenario, tool and what was measured; ``rounds`` and ``dates`` by
    size."""

    summaries: Mapping[int, Mapping[str, Mapping[str, Mapping[str, float]]]]
    rounds: Mapping[int, int]
    dates: Mapping[int, str]

    @property
    def sizes(self) -> list[int]:
        return sorted(self.summaries)

    @property
    def scenarios(self) -> list[str]:
        """Those that any fixture has, in the order in which they ran."""
        found = {scenario for by in self.summaries.values() for scenario in by}
        return [scenario.key for scenario in SCENARIOS if scenario.key in found]

    def line(self, what: str, scenario: str, tool: str) -> list[tuple[int, float]]:
        """Sizes with the medians of ``what``: ``wall`` in seconds, ``peak`` in bytes."""
        return [
            (size, summary[what])
            for size in self.sizes
            if (summary := self.summaries[size].get(scenario, {}).get(tool))
        ]


def read_growth(results: Sequence[Mapping[str, Any]]) -> Growth:
    """From what ``bench/install.py --json`` wrote, one document a fixture."""
    return Growth(
        summaries={result["packages"]: result["summaries"] for result in results},
        rounds={result["packages"]: result["runs"] for result in results},
        dates={result["packages"]: result["date"] for result in results},
    )
