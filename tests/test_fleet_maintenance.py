"""What a fleet's server does unasked, and when."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.fleet.server.jobs import Jobs
from graft.fleet.state.events import emit, newest, since
from graft.fleet.state.opening import open_database
from graft.workflows.fleet_maintenance import DAY, Maintenance, is_due, own_moment


class Work:
    def __init__(self) -> None:
        self.collected = 0
        self.fails = False

    def collect(self, *_: object) -> dict[str, Any]:
        if self.fails:
            raise GraftError("fleet-busy", "an install is under way")
        self.collected += 1
        return {}


def test_servers_do_not_all_collect_at_one_moment() -> None:
    """Section 10: what is scheduled identically shares the lock, and the loser waits for a day."""
    moments = {own_moment(f"server-{number}") for number in range(50)}
    assert len(moments) == 50 and all(0 <= moment < DAY for moment in moments)


def test_a_day_is_due_once() -> None:
    moment = DAY // 2
    assert not is_due(0, moment - 1, moment)
    assert is_due(0, moment, moment)
    assert not is_due(moment, moment + DAY - 1, moment)
    assert is_due(moment, moment + DAY, moment)


def test_what_an_operation_came_to_is_kept_for_a_while() -> None:
    clock, begun = [0.0], list[str]()
    jobs = Jobs(lambda: clock[0])

    def work(began: Callable[[], None]) -> dict[str, Any]:
        begun.append("")
        began()
        return {"number": len(begun)}

    def asked(name: str) -> object:
        job = jobs.start(work, name)
        assert job.done.wait(10)
        return job.result()["number"]

    assert [asked(name) for name in ("a", "a", "b", "", "")] == [1, 1, 2, 3, 4]
    clock[0] = 20 * 60.0
    assert [asked(name) for name in ("a", "a")] == [5, 5]


def test_what_is_busy_is_tried_with_the_next_look(tmp_path: Path) -> None:
    database = open_database(str(tmp_path / "state.db"))
    clock = [100 * DAY]
    work = Work()
    maintenance = Maintenance(database, work, Jobs(), lambda: clock[0])  # type: ignore[arg-type]
    with database.transaction() as t:
        for day in (80, 92, 100):
            emit(t, "release", "scripts", {}, day * DAY)
    maintenance.look()
    assert work.collected == 0
    clock[0] += DAY
    work.fails = True
    with pytest.raises(GraftError):
        maintenance.look()
    work.fails = False
    maintenance.look()
    maintenance.look()
    assert work.collected == 1
    with database.reading() as t:
        assert [event.at for event in since(t, 0)] == [100 * DAY]
        assert newest(t) == 3
    database.close()
