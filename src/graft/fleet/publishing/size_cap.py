"""How large a release may be: by its archives and by their files, whichever are more."""

from __future__ import annotations

from collections.abc import Sequence

from graft.base.diagnostics import Diagnostic, GraftError
from graft.fleet.records import SetSettings
from graft.fleet.release import Entry

_NAMED = 3


def check_size(settings: SetSettings, entries: Sequence[Entry]) -> tuple[Diagnostic, ...]:
    """A note where there is more than the set warns of. Exactly that many bytes are not too many.

    Raises ``fleet-too-large``. Entries count with the sizes that are known of them.
    """
    size, unpacked = _sums(entries)
    if max(size, unpacked) > settings.block_bytes:
        raise too_large(settings, entries)
    if max(size, unpacked) <= settings.warn_bytes:
        return ()
    return (
        Diagnostic(
            code="fleet-large",
            message=f"the packages are larger than the {_text(settings.warn_bytes)} from which on "
            "the set warns",
            why=tuple(_reasons(entries)),
        ),
    )


def too_large(settings: SetSettings, entries: Sequence[Entry]) -> GraftError:
    """Also where they are not all of them, but enough to know."""
    return GraftError(
        "fleet-too-large",
        f"the packages are larger than the {_text(settings.block_bytes)} that the set allows",
        why=_reasons(entries),
        fix="remove packages, or raise the set's block_bytes",
    )


def _reasons(entries: Sequence[Entry]) -> list[str]:
    known = [entry for entry in entries if max(entry.size, entry.unpacked) >= 0]
    size, unpacked = _sums(known)
    some = f"the {len(known)} that were looked at" if len(known) < len(entries) else "they"
    largest = sorted(known, key=lambda entry: (-entry.unpacked, entry.name))[:_NAMED]
    named = ", ".join(f"{e.name}@{e.version} ({_text(e.unpacked)})" for e in largest)
    return [
        f"{some} come to {_text(size)} packed and {_text(unpacked)} unpacked",
        f"the largest of them: {named}",
    ]


def _sums(entries: Sequence[Entry]) -> tuple[int, int]:
    return sum(max(0, e.size) for e in entries), sum(max(0, e.unpacked) for e in entries)


def _text(number: int) -> str:
    return f"{number / 1024**2:.1f} MiB"
