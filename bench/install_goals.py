"""What graft is meant to reach: its wall time over the best peer's, by scenario."""

from __future__ import annotations

_LARGE = 1000

# For graphs below 1,000 packages, and above. After these the goal is 1.0 where it is not less.
_GOALS = {
    "no-op": (1.0, 1.0),
    "second-folder": (1.0, 0.15),
    "worktree": (1.0, 0.15),
    "slots-absent": (1.5, 1.5),
    "warm-no-lockfile": (1.5, 1.0),
    "lockfile-only": (1.3, 1.3),
    "cold": (1.2, 1.3),
    "add-one": (1.5, 1.0),
    "delete": (0.2, 0.1),
}


def goal(scenario: str, packages: int) -> float | None:
    """None where none was set."""
    small, large = _GOALS.get(scenario, (None, None))
    return large if packages >= _LARGE else small
