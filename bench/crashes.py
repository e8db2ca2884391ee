"""Kill graft before each of its effects on files, in every scenario, and count what is recovered.

    python bench/crashes.py                       # all of it, one at a time for each processor
    python bench/crashes.py --scenario hoisted --every 3 --markdown build/crashes.md

Hermetic: a registry of its own, and machines in temporary folders. A kill is recovered if code
that ran before went on running, the next plain command left just the old project or just the new
one, the command after that found nothing to do, and the next collection took just what was left
that nobody reads. Exits with 1 if any is not.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from harness.crash import Lab, Torn, Verdict, kind, workplace  # noqa: E402
from harness.crash_scenarios import SCENARIOS as INSTALLS  # noqa: E402
from harness.crash_store import SCENARIOS as OF_STORE  # noqa: E402
from harness.effects import Effect  # noqa: E402

SCENARIOS = (*INSTALLS, *OF_STORE)


@dataclass(kw_only=True)
class Row:
    """One scenario with or without ``_native.c``. ``effects`` are those of an undisturbed run;
    ``twice`` counts recoveries that were killed in turn, ``torn`` kills amid a file."""

    name: str
    native: bool
    effects: int = 0
    kills: int = 0
    twice: int = 0
    torn: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def recovered(self) -> int:
        return self.kills + self.twice + self.torn - len(self.faults)


def measure(task: tuple[int, bool, int]) -> Row:
    """All kills of one scenario, by its number; each ``every``-th effect."""
    number, native, every = task
    scenario = SCENARIOS[number]
    row = Row(name=scenario.name, native=native)
    start = time.monotonic()
    with workplace() as folder, Lab(scenario, folder, native=native) as lab:
        row.effects = len(lab.effects)
        for kill in range(1, row.effects + 1, every):
            _attempt(lab, row, kill)
    row.seconds = time.monotonic() - start
    return row


def _attempt(lab: Lab, row: Row, kill: int) -> None:
    effects = lab.run(kill)
    row.kills += 1
    _note(row, f"kill {kill}, before {_shown(lab, effects)}", lab.judge())
    if not row.native:
        return
    # The mending is killed as well, each time a little later.
    lab.run(kill)
    mended = lab.run(1 + kill // 2, lab.scenario.heal, restore=False)
    row.twice += 1
    _note(row, f"kill {kill}, then {_shown(lab, mended)} of the next", lab.judge())
    torn: Torn = "half" if kill % 2 else "empty"
    if len(effects) > 1 and effects[-2].writes:
        effects = lab.run(kill)
        if len(effects) > 1 and lab.tear(effects[-2], torn):
            row.torn += 1
            _note(row, f"kill {kill}, {torn} of {effects[-2].path}", lab.judge())


def _shown(lab: Lab, effects: list[Effect]) -> str:
    return " ".join(kind(effects[-1], lab.project.machine.root)) if effects else "nothing"


def _note(row: Row, what: str, verdict: Verdict) -> None:
    row.outcomes[verdict.outcome] += 1
    if verdict.faults:
        row.faults.append(f"{row.name}: {what}: {'; '.join(verdict.faults)}")


def table(rows: list[Row]) -> str:
    lines = [
        "| scenario | effects | kills | killed again | torn files | old | new | same | recovered |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in [*rows, _total(rows)]:
        said = row.outcomes
        name = row.name if row.native else f"{row.name}, file by file"
        total = row.kills + row.twice + row.torn
        cells = (
            row.effects,
            row.kills,
            row.twice,
            row.torn,
            said["old"],
            said["new"],
            said["done"],
        )
        lines.append(f"| {name} | {' | '.join(map(str, cells))} | {row.recovered} of {total} |")
    return "\n".join(lines) + "\n"


def _total(rows: list[Row]) -> Row:
    total = Row(name="**all**", native=True)
    for row in rows:
        total.effects += row.effects
        total.kills += row.kills
        total.twice += row.twice
        total.torn += row.torn
        total.outcomes += row.outcomes
        total.faults += row.faults
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenario", default="", help="only those with this in their name")
    parser.add_argument("--every", type=int, default=1, help="kill before each such effect only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", type=Path, help="write the table there as well")
    options = parser.parse_args()
    chosen = [n for n, s in enumerate(SCENARIOS) if options.scenario in s.name]
    tasks = [(number, native, options.every) for native in (True, False) for number in chosen]
    rows: dict[tuple[str, bool], Row] = {}
    with multiprocessing.get_context("spawn").Pool(options.jobs, maxtasksperchild=1) as pool:
        for row in pool.imap_unordered(measure, tasks):
            rows[row.name, row.native] = row
            way = "" if row.native else ", file by file"
            print(f"{row.name}{way}: {row.seconds:.0f} s", file=sys.stderr)
            for fault in row.faults:
                print(f"NOT RECOVERED: {fault}", file=sys.stderr)
    ordered = [rows[SCENARIOS[n].name, native] for n, native, _ in tasks]
    print(table(ordered), end="")
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(table(ordered))
    return 1 if any(row.faults for row in ordered) else 0


if __name__ == "__main__":
    sys.exit(main())
