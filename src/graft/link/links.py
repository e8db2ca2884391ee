"""What a layout wants in a project's ``node_modules``, and what must change to have it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from graft.base.records import Record


class Action(StrEnum):
    CREATE = "create"
    REPLACE = "replace"
    REMOVE = "remove"


class Step(Record):
    """One change: ``path`` is relative to ``node_modules``, ``target`` is what the link will hold
    (empty for a removal)."""

    action: Action
    path: str
    target: str
    reason: str


class Plan(Record):
    """``links`` is everything that graft will own afterwards; ``steps`` what differs from now;
    ``displaced`` the foreign entries in the way, which are moved aside and never deleted."""

    layout: str
    links: Mapping[str, str]
    steps: tuple[Step, ...]
    displaced: tuple[str, ...]


def make_plan(
    layout: str,
    wanted: Mapping[str, str],
    owned: Mapping[str, str],
    present: Mapping[str, str | None],
    reasons: Mapping[str, str],
) -> Plan:
    """Compare. ``wanted`` and ``owned`` map paths to targets; ``present`` says what is on disk at
    each of those paths: a link's target, or None for something that is not a link.

    An entry is graft's own if graft recorded it and it still is the link that was recorded.
    """
    steps = []
    displaced = []
    for path, target in sorted(wanted.items()):
        if path not in present:
            steps.append(_step(Action.CREATE, path, target, reasons))
        elif present[path] != target:
            if path not in owned or present[path] != owned[path]:
                displaced.append(path)
            steps.append(_step(Action.REPLACE, path, target, reasons))
        # A link that already leads where it should is taken over, whoever made it.
    steps += [
        Step(action=Action.REMOVE, path=path, target="", reason="no longer asked for")
        for path in sorted(owned.keys() - wanted.keys())
        if path in present and present[path] == owned[path]
    ]
    return Plan(layout=layout, links=dict(wanted), steps=tuple(steps), displaced=tuple(displaced))


def _step(action: Action, path: str, target: str, reasons: Mapping[str, str]) -> Step:
    return Step(action=action, path=path, target=target, reason=reasons.get(path, ""))


def parents(paths: Collection[str]) -> list[str]:
    """The folders that must exist for ``paths``: scopes and ``.bin``."""
    return sorted({path.rpartition("/")[0] for path in paths} - {""})
