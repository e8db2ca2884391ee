"""Records as lines of ``key TAB value``: read and written without a parser to load."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def one_line(text: str) -> str:
    """Any text as a value may hold it: folders may be called anything."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def whole_line(line: str) -> str:
    """What ``one_line`` made a line of. No name of a file holds a zero byte."""
    return line.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")


def write_lines(first: str, pairs: Iterable[tuple[str, str]]) -> bytes:
    """``first`` says what the record is, and its version. Neither keys nor values may hold line
    ends, nor keys tabs: ValueError."""
    lines = [first]
    for key, value in pairs:
        if "\t" in key or "\n" in key or "\n" in value:
            raise ValueError(f"a record of lines cannot hold {key!r}: {value!r}")
        lines.append(f"{key}\t{value}")
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def read_lines(data: bytes | None, first: str) -> list[tuple[str, str]] | None:
    """The pairs, or None where this is no such record, or not the whole of it."""
    if not data or not data.endswith(b"\n"):
        return None
    head, *lines = data.decode("utf-8", "surrogateescape")[:-1].split("\n")
    pairs = [(key, value) for key, tab, value in (line.partition("\t") for line in lines) if tab]
    return pairs if head == first and len(pairs) == len(lines) else None
