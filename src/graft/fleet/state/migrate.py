"""Tables as this graft knows them, from whatever older one made them.

A step is a file ``migrations/NNNN_name.sql`` in the SQL that both databases read: texts, BIGINTs,
statements that end in ``;`` at the end of a line. A step that was released is never changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.state.database import Database, Transaction

_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


class Step(Record):
    number: int
    name: str
    sql: str


def steps() -> list[Step]:
    found = []
    for file in files("graft.fleet.state").joinpath("migrations").iterdir():
        if matched := _NAME.fullmatch(file.name):
            sql = file.read_text(encoding="utf-8")
            found.append(Step(number=int(matched[1]), name=matched[2], sql=sql))
    return sorted(found, key=lambda step: step.number)


def migrate(database: Database, known: Iterable[Step], now: int) -> list[Step]:
    """All steps that are missing, or none; which ones. Several servers may do it at once: only one
    transaction is under way at a time. Raises ``fleet-state`` for tables of a newer graft."""
    with database.transaction() as t:
        t.run(
            "CREATE TABLE IF NOT EXISTS schema_steps"
            " (number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)"
        )
        done = {row["number"] for row in t.rows("SELECT number FROM schema_steps")}
        missing = {step.number: step for step in known}
        newer = sorted(done - missing.keys())
        if newer:
            raise GraftError(
                "fleet-state",
                "the fleet's state was written by a newer graft",
                why=[f"step {newer[-1]} of its tables is not one that this graft knows"],
                fix="update graft on this machine",
            )
        applied = [missing[number] for number in sorted(missing.keys() - done)]
        for step in applied:
            _apply(t, step, now)
    return applied


def _apply(t: Transaction, step: Step, now: int) -> None:
    for statement in re.split(r";\s*$", step.sql, flags=re.MULTILINE):
        if statement.strip():
            t.run(statement)
    t.run("INSERT INTO schema_steps VALUES (?, ?, ?)", (step.number, step.name, now))
