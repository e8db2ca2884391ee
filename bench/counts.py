"""What graft does in each scenario, as counts: system calls by kind, requests, modules loaded.

Counts do not depend on how busy the machine is. They are of small generated packages, from a
registry on the loopback, at two sizes of the graph below the same direct dependencies.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from counts_kinds import KINDS, Counts
from counts_run import COUNTED, counter
from documents import publish, table
from install_place import delete
from install_tools import default_graft, version_of

SIZES = (20, 1400)
WRITER = "bench/counts.py"

Found = Mapping[int, Mapping[str, Counts]]  # by size of the graph, then scenario


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=WRITER, description="Count what graft does.")
    add = parser.add_argument
    add("--packages", type=int, action="append", metavar="N", help="size; may be given again")
    add("--graft", metavar="FILE", help="the graft to count (default: the one beside this Python)")
    add("--markdown", metavar="FILE", help="put the table into FILE, in place of the last one")
    said = parser.parse_args(arguments)
    if shutil.which("strace") is None:
        print("counts: there is no strace on PATH, and nothing else that counts", file=sys.stderr)
        return 1
    graft = str(Path(said.graft).absolute()) if said.graft else default_graft()
    found = {packages: count(graft, packages) for packages in said.packages or SIZES}
    section = "\n".join([*_head(graft, found), *as_table(found)])
    print(section)
    if said.markdown:
        publish(Path(said.markdown), "counts", section, writer=WRITER)
    return 0


def _head(graft: str, found: Found) -> list[str]:
    sizes = " ".join(f"--packages {packages}" for packages in found)
    date, python = datetime.date.today(), platform.python_version()
    return [
        "## What each scenario does",
        "",
        f"{date:%Y-%m-%d}, `python {WRITER} {sizes}`, graft {version_of(graft)}, Python {python}.",
        "",
    ]


def count(graft: str, packages: int) -> dict[str, Counts]:
    """Every scenario, of a graph of that size."""
    folder = Path(tempfile.mkdtemp(prefix="graft-counts-")).resolve()
    try:
        with counter(folder, packages, graft) as counting:
            counting.fill()  # what Python compiles when it first runs is no part of it
            found = {}
            for key in COUNTED:
                print(f"{packages} packages: {key}", file=sys.stderr, flush=True)
                found[key] = counting.run(key)
            return found
    finally:
        delete(folder)


def as_table(found: Found) -> list[str]:
    """A row for each scenario and size."""
    head = ["scenario", "packages", *KINDS, "in the store", "all calls", "programs", "modules"]
    rows = []
    for key in COUNTED:
        for packages, by_scenario in found.items():
            counts = by_scenario[key]
            traffic = counts.traffic
            numbers = [
                *counts.kinds.values(),
                counts.store,
                counts.calls,
                len(counts.programs),
                len(counts.modules),
                traffic.packuments,
                traffic.archives,
                traffic.size,
            ]
            rows.append([key, f"{packages:,}", *(f"{number:,}" for number in numbers)])
    return table([*head, "packuments", "archives", "bytes"], rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
