"""Rows of text under headings, each column as wide as it must be."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from graft.cli.console import Console


def show_table(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    styles: Sequence[str] = (),
) -> None:
    """``styles`` names, for each row, the style of its first cell; empty for none."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    console.data(console.style("dim", _line(headings, widths), sys.stdout))
    for index, row in enumerate(rows):
        line = _line(row, widths)
        style = styles[index] if styles else ""
        first = console.style(style, row[0], sys.stdout) if style else row[0]
        console.data(first + line[len(row[0]) :])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return "  ".join(padded).rstrip()
