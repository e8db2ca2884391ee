"""SVG as text: the few shapes that the charts here are made of, and a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

INK, FAINT, GRID = "#24292f", "#6e7781", "#d8dee4"
FASTER, SLOWER, GOAL = "#1a7f64", "#bc4c00", "#0550ae"


def document(width: int, height: int, title: str, shapes: Iterable[str]) -> str:
    """A whole file. Its background is white, so that it can be read on any page."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" '
            f'role="img"><title>{escape(title)}</title>',
            rect(0, 0, width, height, "#ffffff"),
            *shapes,
            "</svg>\n",
        ]
    )


def rect(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, *, width: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{stroke}" stroke-width="{width:g}"/>'
    )


def path(points: Iterable[tuple[float, float]], stroke: str) -> str:
    """A line through the points, with a dot on each."""
    placed = list(points)
    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{stroke}"/>' for x, y in placed
    )
    return f'<polyline points="{through}" fill="none" stroke="{stroke}" stroke-width="1.5"/>{dots}'


def text(
    x: float, y: float, words: str, *, fill: str = INK, anchor: str = "start", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" text-anchor="{anchor}"{weight}>'
        f"{escape(words)}</text>"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogScale:
    """Maps ``low`` to ``start`` and ``high`` to ``end``, in pixels; all values are above 0."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        part = math.log(value / self.low) / math.log(self.high / self.low)
        return self.start + part * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """The round values within, 1, 2 and 5 in each decade, or decades where those are many."""
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1, 2, 5) if self.high / self.low <= 500 else (1,)
        values = [round(step * 10.0**decade, 9) for decade in decades for step in steps]
        return [value for value in values if self.low <= value <= self.high]


def around(values: Iterable[float], *, start: float, end: float, room: float = 1.15) -> LogScale:
    """A scale that holds all ``values``, with a little room beside the outermost."""
    found = list(values)
    return LogScale(low=min(found) / room, high=max(found) * room, start=start, end=end)
