"""The flat solver beside the reference and resolvelib: answers and times.

    python -m bench.solver                      every input of the reference's benchmark
    python -m bench.solver --cases FILE         problems with the reference's answers
    python -m bench.solver --prices             its version pricer's own tests

The data is not part of the project: without it this says so and does nothing. Exit 1 if an answer
is not the reference's and no rule says why, 2 for a file that cannot be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import cases, inputs
from .prices import compare_prices
from .problems import DATA


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bench.solver",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", type=Path, metavar="FILE", help="a file of problems and answers")
    parser.add_argument("--prices", action="store_true", help="compare prices")
    parser.add_argument("--only", default="", metavar="TEXT", help="inputs with that in their name")
    parser.add_argument("--runs", type=int, default=5, help="processes for each input and solver")
    parser.add_argument("--limit", type=float, default=20.0, help="seconds for one of them")
    parser.add_argument("--no-resolvelib", action="store_true", help="graft alone")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the data")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.cases:
        return _cases(options.cases, as_json=options.json)
    if not options.data.is_dir():
        print(f"no solver data in {options.data}: nothing is compared", file=sys.stderr)
        if options.json:
            print(json.dumps({"skipped": f"no solver data in {options.data}"}))
        return 0
    if options.prices:
        return _prices(options.data)
    rows = inputs.measure_inputs(
        options.data,
        runs=options.runs,
        limit=options.limit,
        only=options.only,
        resolvelib=not options.no_resolvelib,
        tell=lambda name: print(name, file=sys.stderr),
    )
    if options.json:
        print(json.dumps(inputs.as_json(rows), indent=1))
    else:
        print(inputs.surroundings(options.runs) + "\n")
        print(inputs.as_text(rows))
    return 0 if all(row.is_same for row in rows) else 1


def _cases(path: Path, *, as_json: bool) -> int:
    try:
        found = cases.compare(cases.read_cases(path))
    except cases.UnreadableError as error:
        print(error, file=sys.stderr)
        if as_json:
            print(json.dumps({"error": str(error)}))
        return 2
    print(json.dumps(found.as_json(), indent=1) if as_json else cases.as_text(found))
    return 0 if found.is_explained else 1


def _prices(data: Path) -> int:
    count, differences = compare_prices(data)
    print(f"prices: {count} calls, {len(differences)} disagreements")
    for difference in differences:
        print(f"  {difference}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
