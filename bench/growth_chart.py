"""One chart of growth: for each scenario, time and memory by the number of packages."""

from __future__ import annotations

from collections.abc import Iterable

from growth_results import TOOLS, Growth
from svg import FAINT, GRID, LogScale, around, document, line, path, rect, text

_COLOURS = dict(zip(TOOLS, ("#1a7f64", "#bc4c00", "#6639ba"), strict=True))
_COLUMNS = 5
_CELL, _PANEL, _GAP = 216, 104, 26  # a scenario's width, a panel's height, and between panels
_LEFT, _TOP = 44, 74
_UNITS = {"wall": ("s", 1.0), "peak": ("MB", 1e-6)}


def growth_chart(growth: Growth) -> str:
    """Both axes are logarithmic, and the same in all panels of a kind."""
    rows = -(-len(growth.scenarios) // _COLUMNS)
    height_of_row = 2 * (_PANEL + _GAP) + 24
    title = "Time and peak memory by packages in the graph"
    shapes = [
        text(16, 24, title, bold=True),
        text(16, 42, "medians; both axes logarithmic", fill=FAINT),
        *_legend(),
    ]
    for number, scenario in enumerate(growth.scenarios):
        row, column = divmod(number, _COLUMNS)
        x, y = _LEFT + column * _CELL, _TOP + row * height_of_row
        shapes.append(text(x, y + 12, scenario, bold=True))
        for below, what in enumerate(_UNITS):
            shapes += _panel(growth, what, scenario, x, y + 22 + below * (_PANEL + _GAP))
    width = 20 + _COLUMNS * _CELL + 20
    return document(width, _TOP + rows * height_of_row, title, shapes)


def _legend() -> Iterable[str]:
    for number, (tool, colour) in enumerate(_COLOURS.items()):
        x = 420 + number * 120
        yield rect(x, 15, 12, 12, colour)
        yield text(x + 18, 25, tool)


def _panel(growth: Growth, what: str, scenario: str, x: float, y: float) -> list[str]:
    unit, factor = _UNITS[what]
    right, bottom = x + _CELL - 50, y + _PANEL
    along = around(growth.sizes, start=x, end=right, room=1.3)
    up = _up(growth, what, factor, bottom, y)
    shapes = []
    for tick in up.ticks:
        shapes.append(line(x, up(tick), right, up(tick), GRID))
        shapes.append(text(x - 4, up(tick) + 4, f"{tick:g}", fill=FAINT, anchor="end"))
    for size in growth.sizes:
        shapes.append(line(along(size), y, along(size), bottom, GRID))
        shapes.append(text(along(size), bottom + 14, _short(size), fill=FAINT, anchor="middle"))
    for tool, colour in _COLOURS.items():
        found = growth.line(what, scenario, tool)
        if found:
            shapes.append(path([(along(s), up(value * factor)) for s, value in found], colour))
    return [*shapes, text(x + 4, y + 10, unit, fill=FAINT)]


def _short(size: int) -> str:
    return str(size) if size < 1000 else f"{size / 1000:.1f}k"


def _up(growth: Growth, what: str, factor: float, bottom: float, top: float) -> LogScale:
    values = [
        value * factor
        for scenario in growth.scenarios
        for tool in TOOLS
        for _, value in growth.line(what, scenario, tool)
    ]
    return around(values, start=bottom, end=top)
