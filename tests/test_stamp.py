"""The stamp does not lie: what may have changed without a trace gets none yet."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graft.link import stamp

SECOND = 10**9


def stamped(folder: Path, *, began: int, files: tuple[str, ...] = ("package.json",)) -> bool:
    made = stamp.make_stamp(
        str(folder), files=files, made=["node_modules"], environ={}, began=began
    )
    return made is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "node_modules").mkdir()
    return tmp_path


def test_what_was_edited_while_the_check_went_on_is_not_stamped(folder: Path) -> None:
    changed = os.stat(folder / "package.json").st_ctime_ns
    assert not stamped(folder, began=changed - SECOND)
    assert stamped(folder, began=changed + SECOND)


def test_a_clock_that_was_set_back_stamps_nothing(folder: Path) -> None:
    assert not stamped(folder, began=os.stat(folder).st_ctime_ns - 3600 * SECOND)


@pytest.mark.parametrize("tick", [1, 2])
def test_hazard_a_change_within_a_tick_of_a_coarse_clock_is_not_missed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tick: int
) -> None:
    """Two changes within one tick of such a clock leave the same times."""
    real = stamp._look

    def coarse(folder: str, name: str) -> os.stat_result | None:
        seen = real(folder, name)
        if seen is None:
            return None
        at = seen.st_mtime_ns // (tick * SECOND) * tick
        kept = {"st_mtime_ns": at * SECOND, "st_ctime_ns": at * SECOND}
        return os.stat_result(tuple(seen)[:10], kept)

    monkeypatch.setattr(stamp, "_look", coarse)
    last = os.stat(folder / "node_modules").st_ctime_ns // (tick * SECOND) * tick * SECOND
    assert not stamped(folder, began=last + SECOND)
    assert stamped(folder, began=last + 4 * SECOND)
    # The folder that graft made counts as well.
    assert not stamped(folder, began=last + SECOND, files=())
    assert stamped(folder, began=last + 4 * SECOND, files=())
