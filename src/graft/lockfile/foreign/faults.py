"""What there is to say of a lock that cannot be read."""

from __future__ import annotations

from graft.base.diagnostics import GraftError

_MARKERS = (b"<<<<<<< ", b"||||||| ", b">>>>>>> ")


def unreadable(where: str, reason: str, *, line: int = 0) -> GraftError:
    """``line`` counts from 1; 0 where it is not known."""
    return GraftError(
        "import-unreadable",
        "the lock of the other package manager is damaged",
        where=f"{where}:{line}" if line else where,
        why=[reason],
        fix="restore it from version control, or move it away to resolve without it",
    )


def unknown_format(where: str, found: str, known: str, fix: str) -> GraftError:
    return GraftError(
        "import-version",
        f"the lock has format {found}; graft reads {known}",
        where=where,
        fix=fix,
    )


def refuse_conflicts(data: bytes, where: str) -> None:
    """Raises ``import-unreadable`` if version control left both sides of a merge in it."""
    if not any(marker in data for marker in _MARKERS):
        return
    for number, line in enumerate(data.splitlines(), 1):
        if line.startswith(_MARKERS):
            raise GraftError(
                "import-unreadable",
                "the lock of the other package manager holds unmerged changes",
                where=f"{where}:{number}",
                fix="take either side (git checkout --ours or --theirs), then run this again",
            )
