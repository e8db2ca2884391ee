"""Fuzz every reader of files that others wrote, one after the other, and say what came of it.

    make fuzz FUZZ_SECONDS=60
    .venv/bin/python fuzz/run.py --seconds 60 archive lockfile

Each starts from its corpus in tests/corpus, and from what earlier runs found in build/fuzz, where
new inputs go. ``--merge`` says which of all these are the fewest that reach as much.
Exit code 1: a reader raised what it should not, took longer than two seconds, or wrote elsewhere.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parent
_FOUND = _ROOT / "build" / "fuzz"
CORPUS = _ROOT / "tests" / "corpus"

_PROGRESS = re.compile(r"^#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)", re.MULTILINE)
_TOTAL = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_REASON = re.compile(r"^(?:\w+\.)*(?:\w*Error|Wrong)\b.*|^.*ERROR: libFuzzer.*", re.MULTILINE)
_MEMORY = re.compile(r"stat::peak_rss_mb:\s*(\d+)")
# Longer ones are found faster by a test that is made for them.
_LENGTHS = {"archive": 16384, "range": 600}
_LENGTH = 4096


class Outcome(NamedTuple):
    """``artifact`` is the input that went wrong, ``reason`` the last line of what was said."""

    reader: str
    seconds: float
    executions: int
    coverage: int
    features: int
    megabytes: int
    artifact: str
    reason: str


def main() -> int:
    readers = sorted(path.name for path in CORPUS.iterdir() if path.is_dir())
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("readers", nargs="*", metavar="READER", help=", ".join(readers))
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (60)")
    parser.add_argument("--merge", action="store_true", help="make the corpus anew instead")
    wanted = parser.parse_args()
    unknown = set(wanted.readers) - set(readers)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    outcomes = []
    for reader in wanted.readers or readers:
        if wanted.merge:
            _merge(reader)
            continue
        print(f"fuzz: {reader}, {wanted.seconds} s", file=sys.stderr, flush=True)
        outcomes.append(_fuzz(reader, wanted.seconds))
    if outcomes:
        print(table(outcomes))
    failed = [outcome for outcome in outcomes if outcome.artifact]
    for outcome in failed:
        print(f"{outcome.reader}: {outcome.reason}\n  input: {outcome.artifact}", file=sys.stderr)
    return 1 if failed else 0


def table(outcomes: list[Outcome]) -> str:
    lines = [
        "| reader | seconds | executions | a second | coverage | features | memory | wrong |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {o.reader} | {o.seconds:.0f} | {o.executions:,} | {o.executions / o.seconds:,.0f} |"
        f" {o.coverage:,} | {o.features:,} | {o.megabytes} MB | {'1' if o.artifact else '0'} |"
        for o in outcomes
    ]
    return "\n".join(lines)


def _fuzz(reader: str, seconds: int) -> Outcome:
    found = _FOUND / reader
    found.mkdir(parents=True, exist_ok=True)
    artifacts = _FOUND / "wrong" / reader
    shutil.rmtree(artifacts, ignore_errors=True)
    artifacts.mkdir(parents=True)
    limits = [
        f"-max_total_time={seconds}",
        "-timeout=60",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    length = f"-max_len={_LENGTHS.get(reader, _LENGTH)}"
    start = time.monotonic()
    child = _child(
        reader, *limits, length, f"-artifact_prefix={artifacts}/", found, CORPUS / reader
    )
    said = child.stdout
    progress = _PROGRESS.findall(said) or [("0", "0", "0")]
    total, memory = _TOTAL.search(said), _MEMORY.search(said)
    artifact = next(map(str, sorted(artifacts.iterdir())), "")
    reason = _REASON.search(said)
    if child.returncode and not artifact:
        artifact = "none was kept"
    if artifact:
        (artifacts / "said.txt").write_text(said)
    return Outcome(
        reader=reader,
        seconds=time.monotonic() - start,
        executions=int(total[1]) if total else int(progress[-1][0]),
        coverage=int(progress[-1][1]),
        features=int(progress[-1][2]),
        megabytes=int(memory[1]) if memory else 0,
        artifact=artifact,
        reason=reason[0].strip() if reason else "see said.txt beside it",
    )


def _merge(reader: str) -> None:
    merged = _FOUND / "merged" / reader
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir(parents=True)
    _child(reader, "-merge=1", "-max_len=2048", merged, CORPUS / reader, _FOUND / reader)
    kept = sorted(merged.iterdir(), key=lambda path: path.name)
    print(f"{reader}: {len(kept)} inputs, {sum(path.stat().st_size for path in kept)} bytes")


def _child(reader: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(_HERE / "child.py"), reader, *map(str, arguments)]
    # Python's own version of what is compiled, so that writing it can be watched.
    # In memory where there is such a place.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="graft-fuzz-", dir=memory) as place:
        return subprocess.run(
            command,
            env={**os.environ, "GRAFT_PURE": "1", "TMPDIR": place},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            encoding="utf-8",
            errors="replace",
        )


if __name__ == "__main__":
    raise SystemExit(main())
