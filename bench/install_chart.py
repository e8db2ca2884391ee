"""A chart of one fixture: graft's time over the best peer's, a bar for each scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from svg import FAINT, FASTER, GOAL, GRID, INK, SLOWER, around, document, line, rect, text

_WIDTH, _LEFT, _RIGHT = 760, 150, 600
_TOP, _ROW, _BAR = 64, 28, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """``ratio`` is graft's wall time over that of ``peer``, the best one."""

    scenario: str
    ratio: float
    peer: str
    goal: float | None


def ratio_chart(title: str, bars: Sequence[Bar]) -> str:
    """Bars begin at 1.0, where both take the same time: to the left graft is faster."""
    marked = [bar.goal for bar in bars if bar.goal is not None]
    scale = around([1.0, *(bar.ratio for bar in bars), *marked], start=_LEFT, end=_RIGHT)
    bottom = _TOP + _ROW * len(bars)
    shapes = [
        text(16, 24, title, bold=True),
        text(16, 44, "graft's wall time over the best peer's, logarithmic; left of 1 is faster"),
    ]
    for tick in scale.ticks:
        shapes.append(line(scale(tick), _TOP, scale(tick), bottom, GRID))
        shapes.append(text(scale(tick), bottom + 16, f"{tick:g}", fill=FAINT, anchor="middle"))
    for number, bar in enumerate(bars):
        shapes += _row(bar, scale(1.0), scale(bar.ratio), _TOP + _ROW * number)
        if bar.goal is not None:
            at, y = scale(bar.goal), _TOP + _ROW * number
            shapes.append(line(at, y + 2, at, y + _ROW - 2, "#ffffff", width=5))
            shapes.append(line(at, y + 2, at, y + _ROW - 2, GOAL, width=2))
    shapes += [
        line(scale(1.0), _TOP, scale(1.0), bottom, INK, width=1.5),
        line(20, bottom + 26, 20, bottom + 42, GOAL, width=2),
        text(28, bottom + 38, "goal", fill=FAINT),
    ]
    return document(_WIDTH, bottom + 50, title, shapes)


def _row(bar: Bar, even: float, end: float, y: float) -> list[str]:
    left, width = min(even, end), max(abs(end - even), 1)
    return [
        text(_LEFT - 10, y + 18, bar.scenario, anchor="end"),
        rect(left, y + 6, width, _BAR, FASTER if bar.ratio <= 1 else SLOWER),
        text(_RIGHT + 16, y + 18, f"{bar.ratio:.2f} ({bar.peer})"),
    ]
