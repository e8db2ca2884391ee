"""How time and memory grow with the graph: a chart and tables from results of bench/install.py.

Each of its runs is of one fixture; what ``--json`` wrote of several is put side by side here.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from documents import chart_name, publish, table
from growth_chart import growth_chart
from growth_results import TOOLS, Growth, read_growth

WRITER = "bench/growth.py"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=WRITER, description="Chart results by size of the graph.")
    add = parser.add_argument
    add("results", nargs="+", metavar="FILE", help="what bench/install.py --json wrote")
    add("--markdown", metavar="FILE", help="put the tables into FILE, and the chart beside it")
    said = parser.parse_args(arguments)
    growth = read_growth([json.loads(Path(path).read_bytes()) for path in said.results])
    section = as_markdown(growth)
    print(section)
    if said.markdown:
        chart = growth_chart(growth)
        publish(Path(said.markdown), "growth", section, writer=WRITER, chart=chart)
    return 0


def as_markdown(growth: Growth) -> str:
    runs = [
        f"{size:,} packages: {growth.dates[size]}, {growth.rounds[size]} rounds"
        for size in growth.sizes
    ]
    return "\n".join(
        [
            "## Growth",
            "",
            f"{'; '.join(runs)}.",
            "",
            f"![time and memory by size of the graph]({chart_name('growth')})",
            "",
            "Wall seconds, median.",
            "",
            *_table(growth, "wall", 1.0, 3),
            "Peak memory of the largest process, MB, median.",
            "",
            *_table(growth, "peak", 1e-6, 0),
        ]
    )


def _table(growth: Growth, what: str, factor: float, digits: int) -> list[str]:
    """A row for each scenario and tool, a column for each size."""
    rows: list[Sequence[str]] = []
    for scenario in growth.scenarios:
        for tool in TOOLS:
            found = dict(growth.line(what, scenario, tool))
            cells = [f"{found[s] * factor:.{digits}f}" if s in found else "" for s in growth.sizes]
            if found:
                rows.append([scenario, tool, *cells])
    return table(["scenario", "tool", *(f"{size:,}" for size in growth.sizes)], rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
