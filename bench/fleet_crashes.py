"""Kill a fleet's servers, agents and operations at each of their steps; count what is recovered.

    python bench/fleet_crashes.py                          # all of it, one scenario a processor
    python bench/fleet_crashes.py --scenario migration --every 3 --markdown build/fleet.md

Hermetic: registries, servers, PostgreSQL and S3 on this machine, in temporary folders. Steps are
commits, what is put into and deleted from blob stores, and effects on files. Exits with 1 if
anything was not recovered.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from harness.crash import workplace  # noqa: E402
from harness.fleet_kills import Tally  # noqa: E402
from harness.fleet_matrix import ENGINES, SCENARIOS  # noqa: E402


@dataclass(kw_only=True)
class Row:
    name: str
    engine: str
    tally: Tally
    seconds: float = 0.0


def measure(task: tuple[str, str, int]) -> Row:
    """All kills of one scenario."""
    name, engine, every = task
    row = Row(name=name, engine=engine, tally=Tally(every=every))
    start = time.monotonic()
    with workplace() as folder, ExitStack() as stack:
        SCENARIOS[name](row.tally, folder, _states(engine, folder, stack))
    row.seconds = time.monotonic() - start
    return row


def _states(engine: str, folder: Path, stack: ExitStack) -> Callable[[], str]:
    if engine == "PostgreSQL":
        from harness.fleet_postgres import Postgres

        return stack.enter_context(Postgres()).url
    numbers = itertools.count()
    return lambda: str(folder / f"state-{next(numbers)}.db")


def measured(task: tuple[str, str, int]) -> Row:
    try:
        return measure(task)
    except BaseException:
        name, engine, _ = task
        tally = Tally(kills=1, faults=[traceback.format_exc()])
        return Row(name=name, engine=engine, tally=tally)


def table(rows: list[Row]) -> str:
    lines = [
        "| scenario | state | kills | of them with a torn file | recovered |",
        "|---|---|--:|--:|--:|",
    ]
    lines += [_line(row.name, row.engine, [row.tally]) for row in rows]
    lines.append(_line("**all**", "", [row.tally for row in rows]))
    return "\n".join(lines) + "\n"


def _line(name: str, engine: str, tallies: list[Tally]) -> str:
    kills = sum(tally.kills for tally in tallies)
    faults = sum(len(tally.faults) for tally in tallies)
    torn = sum(tally.torn for tally in tallies)
    return f"| {name} | {engine} | {kills} | {torn} | {kills - faults} of {kills} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scenario", default="", help="only those with this in their name")
    parser.add_argument("--every", type=int, default=1, help="kill at each such step only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", type=Path, help="write the table there as well")
    options = parser.parse_args()
    tasks = [
        (name, engine, options.every)
        for name in SCENARIOS
        for engine in ENGINES.get(name, ("",))
        if options.scenario in name
    ]
    rows: list[Row] = []
    with multiprocessing.get_context("spawn").Pool(options.jobs, maxtasksperchild=1) as pool:
        for row in pool.imap(measured, tasks):
            rows.append(row)
            said = f"{row.tally.kills} kills, {row.tally.torn} torn, {row.seconds:.0f} s"
            print(f"{row.name} {row.engine}: {said}", file=sys.stderr)
            for fault in row.tally.faults:
                print(f"NOT RECOVERED: {row.name} {row.engine}: {fault}", file=sys.stderr)
    print(table(rows), end="")
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(table(rows))
    return 1 if any(row.tally.faults for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
