"""What is said of packages that came from other workspaces, or did not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from graft.cli.console import Console
from graft.donors.offer import INSTEAD, REASONS
from graft.workflows.report import Donated

_MODES = {
    "link": "linked",
    "copy": "copied",
    "reflink": "reflinked",
    "bytes": "brought into the store",
    "store": "in the store already",
}


def show_donated(console: Console, donated: Donated) -> None:
    """Counts, and for whoever wants them explained, each package."""
    by_path: dict[str, Counter[str]] = {}
    for taken in donated.taken.values():
        by_path.setdefault(taken["path"], Counter())[taken["mode"]] += 1
    for path, modes in sorted(by_path.items()):
        said = ", ".join(f"{count} {_MODES[mode]}" for mode, count in sorted(modes.items()))
        console.status(f"from {path}: {said}")
    if donated.missed:
        console.status(f"{len(donated.missed)} from none of them")
    if donated.explained:
        for id in sorted({*donated.taken, *donated.missed}):
            console.data(_explained(donated, id))


def _explained(donated: Donated, id: str) -> str:
    taken = donated.taken.get(id)
    if taken:
        because = taken.get("because", "")
        said = f" ({because}: {INSTEAD.get(because, '')})" if because else ""
        return f"hit {id}: {taken['mode']}, same {taken['matched']}, {taken['path']}{said}"
    reasons = donated.missed[id] or [("", "no parent was asked")]
    said = "; ".join(f"{path} ({reason}: {REASONS.get(reason, '')})" for path, reason in reasons)
    return f"miss {id}: {said}"


def donated_document(donated: Donated) -> dict[str, Any]:
    return {
        "hits": len(donated.taken),
        "misses": len(donated.missed),
        "taken": {id: dict(taken) for id, taken in sorted(donated.taken.items())},
        "missed": {
            id: [{"path": path, "reason": reason} for path, reason in reasons]
            for id, reasons in sorted(donated.missed.items())
        },
    }
