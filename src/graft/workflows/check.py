"""One thing that ``doctor`` looked at."""

from __future__ import annotations

from graft.base.records import Record

OK, NOTE, FAIL = "ok", "note", "fail"


class Check(Record):
    """``state`` is ``ok``, ``note`` for what may be as it is, or ``fail``; ``fix`` names the one
    command or edit that mends it."""

    name: str
    state: str
    message: str
    fix: str = ""
