"""A report as tables: for a terminal, and as a section of a page in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from documents import chart_name, table
from install_chart import Bar, ratio_chart
from install_goals import goal
from install_measure import Summary
from install_report import Report
from install_scenarios import SCENARIOS

Cells = Mapping[str, Mapping[str, str]]


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


def as_chart(report: Report) -> str:
    """Graft's time over the best peer's; empty where there is nothing to compare."""
    packages = report.results.packages
    bars = [
        Bar(scenario=scenario, ratio=factor, peer=best, goal=goal(scenario, packages))
        for scenario, (factor, best) in report.comparisons().items()
    ]
    return ratio_chart(f"{report.fixture}, {packages} packages", bars) if bars else ""


def as_markdown(report: Report) -> str:
    """A section: machine, medians with spread, processor, memory, counts, and the second folder."""
    return "\n".join(
        [
            *_head(report),
            *_walls(report),
            "Processor seconds (user + system), median.",
            "",
            *_summaries(report, lambda s: f"{s.processor:.3f}"),
            "Peak memory of the largest process, MB, median.",
            "",
            *_summaries(report, lambda s: f"{s.peak / 1e6:.0f}"),
            *_counts(report),
            *_footprints(report),
        ]
    )


def _head(report: Report) -> list[str]:
    tools = (f"{tool.key} {tool.version} ({tool.setting})" for tool in report.tools)
    title = f"{report.fixture} ({report.results.packages} packages on this platform)"
    chart = [f"![{report.fixture}: ratios]({chart_name(report.fixture)})", ""]
    return [
        f"## {title}",
        "",
        f"{report.date:%Y-%m-%d}, `{report.command}`, {report.runs} rounds. {report.machine}.",
        f"Tools: {'; '.join(tools)}.",
        "",
        report.verdict(),
        "",
        *(chart if report.comparisons() else []),
    ]


def _walls(report: Report) -> list[str]:
    compared, packages = report.comparisons(), report.results.packages
    if not compared:
        return ["Wall seconds, median (min-max).", "", *_summaries(report, _wall)]
    last = {
        "**graft / best peer**": {s: f"{f:.2f} ({best})" for s, (f, best) in compared.items()},
        "goal": {s: f"{goal(s, packages) or ''}" for s in compared},
    }
    return [
        "Wall seconds, median (min-max); graft's time over that of the best peer in the same "
        "round, median; and what that is meant to be at most.",
        "",
        *_summaries(report, _wall, last),
    ]


def _wall(summary: Summary) -> str:
    return f"{summary.wall:.3f} ({summary.fastest:.3f}-{summary.slowest:.3f})"


def _counts(report: Report) -> list[str]:
    done = report.results.done
    if not done:
        return []
    return [
        "What one more round did that was not timed: requests / MB of answers / more entries in "
        "home and project than before.",
        "",
        *_table(report, {s: {t: str(d) for t, d in by.items()} for s, by in done.items()}),
    ]


def _footprints(report: Report) -> list[str]:
    footprints = report.results.footprints
    if not footprints:
        return []
    rows = [
        [tool.key, f"{found.entries:,}", f"{found.inodes:,}", f"{found.size / 1e6:.2f}"]
        for tool in report.tools
        for found in [footprints[tool.key]]
    ]
    return [
        "The second folder: entries in it, inodes that only it has, and their bytes on disk.",
        "",
        *table(["", "entries", "own inodes", "own MB"], rows),
    ]


def _summaries(
    report: Report, show: Callable[[Summary], str], last: Cells | None = None
) -> list[str]:
    summaries = report.summaries()
    cells = {s: {t: show(summary) for t, summary in by.items()} for s, by in summaries.items()}
    return _table(report, cells, last)


def _table(report: Report, cells: Cells, last: Cells | None = None) -> list[str]:
    """A row for each scenario, a column for each tool; ``last`` has more columns by their heads."""
    more = last or {}
    rows = [
        [s, *(cells[s][tool.key] for tool in report.tools), *(more[head][s] for head in more)]
        for s in _keys(report)
    ]
    return table(["", *(tool.key for tool in report.tools), *more], rows)


def _keys(report: Report) -> list[str]:
    return [scenario.key for scenario in SCENARIOS if scenario.key in report.results.samples]
