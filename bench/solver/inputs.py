"""The reference's benchmark: every input, its answer, and the times beside others'."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .cases import outcome_of

RATIO_GOAL = 0.5  # of the reference's cold median
NO_CHANGE_GOAL = 10.0  # ms
NO_CHANGE = "no change"

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """``cold`` and ``warm`` in ms, medians; None where there was no answer in time."""

    kind: str
    answer: Mapping[str, str] | None
    cold: float | None
    warm: float | None
    least: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``reference`` is its cold median in ms. ``check`` is there where nothing is to change."""

    name: str
    kind: str
    packages: int
    is_same: bool
    graft: Measured
    check: Measured | None
    resolvelib: Measured | None
    resolvelib_is_same: bool
    reference: float

    @property
    def ratio(self) -> float:
        assert self.graft.cold is not None
        return self.graft.cold / self.reference

    @property
    def is_met(self) -> bool:
        assert self.graft.cold is not None
        return self.ratio <= RATIO_GOAL and (
            self.check is None or self.graft.cold <= NO_CHANGE_GOAL
        )


def measure_inputs(
    data: Path,
    *,
    runs: int,
    limit: float,
    only: str = "",
    resolvelib: bool = True,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """``runs`` fresh processes for each input and solver; who takes longer than ``limit`` seconds
    is stopped, and not asked again."""
    inputs = json.loads((data / "bench-inputs.json").read_text(encoding="utf-8"))["inputs"]
    timings = json.loads((data / "reference-timings.json").read_text(encoding="utf-8"))["inputs"]
    cold = {each["name"]: float(each["cold_solve"]) for each in timings}
    rows = []
    for fields in inputs:
        name = fields["name"]
        if only not in name:
            continue
        tell(name)
        unchanged = name.endswith(NO_CHANGE)
        solvers = ["graft"] + ["check"] * unchanged + ["resolvelib"] * resolvelib
        measured = _measure(data, name, solvers, runs=runs, limit=limit)
        theirs = outcome_of(fields["reference"])
        graft, other = measured["graft"], measured.get("resolvelib")
        rows.append(
            Row(
                name=name,
                kind=theirs.kind,
                packages=len(theirs.answer or ()),
                is_same=graft.kind == theirs.kind and graft.answer == theirs.answer,
                graft=graft,
                check=measured.get("check"),
                resolvelib=other,
                resolvelib_is_same=other is not None
                and other.answer is not None
                and other.answer == theirs.answer,
                reference=cold[name],
            )
        )
    return rows


def as_text(rows: Sequence[Row]) -> str:
    """The table as Markdown, and what is to be said of all."""
    head = (
        *("input", "answer", "as the reference", "graft", "warm", "reference", "ratio"),
        *("resolvelib", "its answer", "goal"),
    )
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        cells = (
            row.name,
            f"{row.packages} packages" if row.packages else row.kind,
            "same" if row.is_same else "**differs**",
            _ms(row.graft.cold),
            _ms(row.graft.warm),
            _ms(row.reference),
            f"{row.ratio:.3f}",
            _ms(row.resolvelib.cold) if row.resolvelib else "",
            _others_answer(row),
            "met" if row.is_met else "**missed**",
        )
        lines.append(f"| {' | '.join(cells)} |")
    solved = [row for row in rows if row.packages]
    lines += [
        "",
        f"graft: {sum(row.is_same for row in rows)} of {len(rows)} as the reference; "
        f"goals met: {sum(row.is_met for row in rows)} of {len(rows)}.",
    ]
    if any(row.resolvelib for row in rows):
        same = sum(row.resolvelib_is_same for row in solved)
        lines.append(
            f"resolvelib optimises nothing: {same} of its {len(solved)} answers are the best one."
        )
    for row in rows:
        if row.check:
            lines.append(
                f"The check alone, {row.name}: {_ms(row.check.cold)} cold, "
                f"{_ms(row.check.warm)} with every text read before."
            )
    return "\n".join(lines)


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    def times(measured: Measured | None) -> dict[str, Any] | None:
        if measured is None:
            return None
        return {"cold": measured.cold, "least": measured.least, "warm": measured.warm}

    return {
        "unit": "ms",
        "inputs": [
            {
                "name": row.name,
                "kind": row.kind,
                "packages": row.packages,
                "same": row.is_same,
                "graft": times(row.graft),
                "check": times(row.check),
                "resolvelib": times(row.resolvelib),
                "resolvelib_same": row.resolvelib_is_same,
                "reference": row.reference,
                "ratio": round(row.ratio, 4),
                "goal_met": row.is_met,
            }
            for row in rows
        ],
    }


def surroundings(runs: int) -> str:
    return (
        f"{runs} runs; {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, resolvelib {version('resolvelib')}; "
        f"load average {os.getloadavg()[0]:.1f}"
    )


def _measure(
    data: Path, name: str, solvers: Sequence[str], *, runs: int, limit: float
) -> dict[str, Measured]:
    """In turns, so that what else the machine does is shared."""
    done: dict[str, list[dict[str, Any]]] = {solver: [] for solver in solvers}
    stopped: set[str] = set()
    for _ in range(runs):
        for solver in solvers:
            if solver not in stopped:
                found = _once(solver, data, name, limit)
                if found is None:
                    stopped.add(solver)
                else:
                    done[solver].append(found)
    return {
        solver: Measured(kind="no answer", answer=None, cold=None, warm=None, least=None)
        if solver in stopped
        else Measured(
            kind=found[0]["kind"],
            answer=found[0]["answer"],
            cold=statistics.median(each["cold"] for each in found),
            warm=statistics.median(each["warm"] for each in found),
            least=min(each["cold"] for each in found),
        )
        for solver, found in done.items()
    }


def _once(solver: str, data: Path, name: str, limit: float) -> dict[str, Any] | None:
    command = [sys.executable, "-m", "bench.solver.timed", solver, str(data.resolve()), name]
    try:
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=limit, check=True
        )
    except subprocess.TimeoutExpired:
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _others_answer(row: Row) -> str:
    if row.resolvelib is None:
        return ""
    if row.resolvelib.cold is None:
        return "none in time"
    if row.resolvelib.answer is None:
        return "error"
    return "same" if row.resolvelib_is_same else "another"


def _ms(time: float | None) -> str:
    return "-" if time is None else f"{time:.1f} ms" if time < 100 else f"{time:,.0f} ms"
