"""One solution in a process of its own, timed; run by ``inputs``.

As with the reference, the clock starts when code is loaded and the JSON is read. What the
reference has before that and not here: versions and dependencies as objects. graft reads those
texts while it solves, only the ones that it considers, and that is in the time.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graft.resolve.flat.check import check
from graft.resolve.flat.problem import Problem

from .deviations import SOLVED, Outcome, outcome
from .problems import Written, WrittenCatalogue, problem_of


def by_graft(problem: Problem, packages: Written) -> Outcome:
    return outcome(problem, WrittenCatalogue(packages))


def by_checking(problem: Problem, packages: Written) -> Outcome:
    checked = check(problem, WrittenCatalogue(packages))
    if checked.unmet:
        return Outcome("unmet")
    return Outcome(SOLVED, {name: each.text for name, each in checked.chosen.items()})


def by_resolvelib(problem: Problem, packages: Written) -> Outcome:
    from .backtracking import ResolutionImpossible, backtracked

    weak = frozenset(
        text[1:].partition("@")[0]
        for versions in packages.values()
        for asked in versions.values()
        for text in asked
        if text.startswith("?")
    )
    try:
        return Outcome(SOLVED, backtracked(problem, WrittenCatalogue(packages), weak))
    except ResolutionImpossible:
        return Outcome("error")


SOLVERS: dict[str, Callable[[Problem, Written], Outcome]] = {
    "graft": by_graft,
    "check": by_checking,
    "resolvelib": by_resolvelib,
}


def main() -> None:
    """``timed SOLVER DATA NAME``: an input of bench-inputs.json by name; prints JSON."""
    solver, data, name = SOLVERS[sys.argv[1]], Path(sys.argv[2]), sys.argv[3]
    inputs = json.loads((data / "bench-inputs.json").read_text(encoding="utf-8"))["inputs"]
    fields = next(each for each in inputs if each["name"] == name)
    catalogue = json.loads((data / f"{fields['catalog']}.catalog.json").read_text(encoding="utf-8"))
    packages = catalogue["packages"]
    gc.collect()
    found, cold = timed(solver, fields, packages)
    # Once more, with every text that was read remembered.
    _, warm = timed(solver, fields, packages)
    shown = {"kind": found.kind, "answer": found.answer, "cold": cold, "warm": warm}
    print(json.dumps(shown))


def timed(
    solver: Callable[[Problem, Written], Outcome], fields: dict[str, Any], packages: Written
) -> tuple[Outcome, float]:
    """The outcome, and milliseconds."""
    started = time.perf_counter()
    found = solver(problem_of(fields), packages)
    return found, (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
