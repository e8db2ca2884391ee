"""What a layout wants in a project's ``node_modules``, and what must change to have it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from graft.base.records import Record


class Action(StrEnum):
    CREATE = "create"
    REPLACE = "replace"
    REMOVE = "remove"


class Step(Record):
    """One change: ``path`` is relative to ``node_modules``, ``target`` is the entry that it will be
    (empty for a removal)."""

    action: Action
    path: str
    target: str
    reason: str


class Folder(Record):
    """A folder of files: ids of the packages in it, by their path within (empty for the folder
    itself), and the links in it. With ``own`` the files are copies that may be written; else they
    may be the store's own."""

    packages: Mapping[str, str]
    links: Mapping[str, str]
    own: bool = False


class Wanted(Record, kw_only=False):
    """What a layout wants in one ``node_modules``: entries by path relative to it, with the reason
    for each. An entry is a link's target, or names what is in one of the ``folders``."""

    entries: Mapping[str, str]
    reasons: Mapping[str, str]
    folders: Mapping[str, Folder] = {}


class Tree(Record):
    """One ``node_modules``: ``entries`` is everything that graft will own in it afterwards,
    ``steps`` what differs from now, ``displaced`` the foreign entries in the way, which are moved
    aside and never deleted."""

    entries: Mapping[str, str]
    steps: tuple[Step, ...]
    displaced: tuple[str, ...]
    folders: Mapping[str, Folder] = {}


class Plan(Record):
    """A tree for each importer that has something in its ``node_modules``, by the importer's path;
    ``gone`` are those that had and shall have nothing."""

    layout: str
    trees: Mapping[str, Tree]
    gone: tuple[str, ...] = ()

    @property
    def displaced(self) -> list[str]:
        return [
            path if importer == "." else f"{importer}/node_modules/{path}"
            for importer, tree in self.trees.items()
            for path in tree.displaced
        ]


def plan_tree(wanted: Wanted, owned: Mapping[str, str], present: Mapping[str, str | None]) -> Tree:
    """Compare. ``owned`` has the entries that graft recorded; ``present`` says what is on disk at
    each path of both, with None for what is neither a link nor a folder that graft made.

    An entry is graft's own if graft recorded it and it still is what was recorded.
    """
    steps = []
    displaced = []
    for path, entry in sorted(wanted.entries.items()):
        if path not in present:
            steps.append(_step(Action.CREATE, path, entry, wanted.reasons))
        elif present[path] != entry:
            if path not in owned or present[path] != owned[path]:
                displaced.append(path)
            steps.append(_step(Action.REPLACE, path, entry, wanted.reasons))
        # A link that already leads where it should is taken over, whoever made it.
    steps += [
        Step(action=Action.REMOVE, path=path, target="", reason="no longer asked for")
        for path in sorted(owned.keys() - wanted.entries.keys())
        if path in present and present[path] == owned[path]
    ]
    return Tree(
        entries=dict(wanted.entries),
        steps=tuple(steps),
        displaced=tuple(displaced),
        folders=wanted.folders,
    )


def _step(action: Action, path: str, target: str, reasons: Mapping[str, str]) -> Step:
    return Step(action=action, path=path, target=target, reason=reasons.get(path, ""))
