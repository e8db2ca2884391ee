"""Pages with sections that benchmarks write: the rest of a page is for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def put_section(document: str, name: str, section: str, *, writer: str) -> str:
    """``document`` with the section of that name replaced, or added at its end."""
    begin, end = f"<!-- {name}: written by {writer} -->", f"<!-- end of {name} -->"
    block = f"{begin}\n{section.strip()}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(document):
        return pattern.sub(lambda _: block, document)
    return f"{document.rstrip()}\n\n{block}\n".lstrip()


def publish(page: Path, name: str, section: str, *, writer: str, chart: str = "") -> None:
    """Put the section into the page, which need not exist; its chart becomes a file beside it."""
    before = page.read_text(encoding="utf-8") if page.exists() else ""
    page.write_text(put_section(before, name, section, writer=writer), encoding="utf-8")
    if chart:
        page.with_name(chart_name(name)).write_text(chart, encoding="utf-8")


def chart_name(name: str) -> str:
    """The file of a section's chart, beside the page."""
    return f"benchmarks-{name}.svg"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a Markdown table, and an empty one after it."""
    return [
        f"| {' | '.join(head)} |",
        "|---" * len(head) + "|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]
