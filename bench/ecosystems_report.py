"""The outcomes, fixture by way: as a table for a terminal, in Markdown and as JSON."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from documents import table
from ecosystems_fixture import Fixture
from ecosystems_run import LAYOUTS, Outcome, is_stricter
from machine import Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``ways`` in the order of the columns; ``command`` has no absolute paths in it."""

    fixtures: Sequence[Fixture]
    ways: Sequence[str]
    outcomes: Sequence[Outcome]
    date: datetime.date
    command: str
    machine: Machine

    def row(self, fixture: Fixture) -> dict[str, Outcome]:
        return {o.way: o for o in self.outcomes if o.fixture == fixture.name}

    def is_explained(self, outcome: Outcome) -> bool:
        """Whether a failure is in a layout that graft does not choose, as it knows better."""
        own = [o.way for o in self.outcomes if o.fixture == outcome.fixture and o.chosen]
        ways = [*own, outcome.way]
        return bool(own) and all(w in LAYOUTS for w in ways) and is_stricter(*ways)

    @property
    def failures(self) -> list[Outcome]:
        """Those that nothing explains."""
        return [o for o in self.outcomes if not (o.passed or self.is_explained(o))]


def as_text(report: Report) -> str:
    width = max(len(fixture.name) for fixture in report.fixtures)
    lines = [f"{'':<{width}}  " + "".join(f"{way:<18}" for way in report.ways)]
    for fixture in report.fixtures:
        row = report.row(fixture)
        cells = (_cell(fixture, row.get(way)) for way in report.ways)
        lines.append(f"{fixture.name:<{width}}  " + "".join(f"{cell:<18}" for cell in cells))
    failures = [o for o in report.outcomes if not o.passed]
    for outcome in failures:
        lines += ["", f"{outcome.fixture}, {outcome.way}:"]
        lines += [f"  {line}" for line in outcome.reason.splitlines()]
    known = len(failures) - len(report.failures)
    passed = len(report.outcomes) - len(failures)
    lines += ["", f"{passed} passed, {known} failed where graft chooses another layout"]
    lines.append(f"{len(report.failures)} failed")
    return "\n".join(lines)


def as_markdown(report: Report) -> str:
    rows = []
    for fixture in report.fixtures:
        row = report.row(fixture)
        packages = max((outcome.packages for outcome in row.values()), default=0)
        cells = [_cell(fixture, row.get(way)) for way in report.ways]
        rows.append([f"**{fixture.name}**: {fixture.what}", f"{packages:,}", *cells])
    failures = [
        f"- {o.fixture}, {o.way}{'' if o in report.failures else ' (not chosen)'}: `{o.headline}`"
        for o in report.outcomes
        if not o.passed
    ]
    return "\n".join(
        [
            f"{report.date:%Y-%m-%d}, `{report.command}`. {report.machine}.",
            "",
            *table(["fixture", "packages", *report.ways], rows),
            *failures,
        ]
    )


def as_json(report: Report) -> dict[str, Any]:
    return {
        "date": report.date.isoformat(),
        "command": report.command,
        "machine": asdict(report.machine),
        "outcomes": [asdict(o) | {"passed": o.passed} for o in report.outcomes],
    }


def _cell(fixture: Fixture, outcome: Outcome | None) -> str:
    if outcome is None:
        return "not run"
    own = "*" if outcome.chosen else ""
    if not outcome.passed:
        return f"FAILS{own}"
    word = "fails, as it must" if outcome.way in fixture.fails else "passes"
    return f"{word}{own} ({outcome.check:.1f} s)"
