"""Numbers as a reader wants them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def count(number: int, noun: str, nouns: str = "") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {nouns or f'{noun}s'}"


def size(number: int) -> str:
    """Bytes, in thousands as disks are sold."""
    amount = float(number)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def enumeration(texts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1])))


def summary(
    *,
    packages: int,
    milliseconds: int,
    changes: Mapping[str, int] = {},
    fetched: int = 0,
    fetched_bytes: int = 0,
    slots: int = 0,
    built: int = 0,
    links: int = 0,
) -> str:
    """The last line of every install that did something. ``changes`` counts packages of the lock
    by what became of them."""
    parts = [count(packages, "package")]
    changed = [f"{number} {change}" for change, number in changes.items() if number]
    if changed:
        parts.append(f"{enumeration(changed)} in the lock")
    if fetched:
        parts.append(f"{fetched} fetched ({fetched_bytes / 1e6:.1f} MB)")
    if slots:
        parts.append(f"{slots} new in the store")
    if built:
        parts.append(f"{built} built")
    if links:
        parts.append(f"{count(links, 'link')} changed")
    return f"{', '.join(parts)} ({duration(milliseconds)})"


def one_line(text: str) -> str:
    """What a stranger wrote, as it may stand on a terminal: nothing there is a command to it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def day(seconds: int) -> str:
    """A time since the epoch, here."""
    import time

    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
