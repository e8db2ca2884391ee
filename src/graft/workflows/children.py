"""What a project that links into other workspaces leaves in their stores, so that these keep what
it needs and can say who needs it: it is registered there like any project of theirs.

Nothing lies in the parent itself. Where its store may not be written, nothing is left.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress

from graft.base.files import remove_file
from graft.donors.parent import shelves_of, stores_of
from graft.link.importers import ROOT, present_modules
from graft.link.links import Action, Plan
from graft.link.state import FOLDER, read_state
from graft.store.graphs import GraphRecord, write_graph
from graft.store.paths import Store, has_slot, path_digest
from graft.store.projects import HERE, claim_graph, presence, read_project, settle_graph, this_host


class Kin:
    """The stores that a project links into or has taken links from: what its links are about to be
    (``mirrors``), and the ``parents`` that the user has named."""

    def __init__(
        self, folder: str, own: str, mirrors: Iterable[str], parents: Iterable[str]
    ) -> None:
        self._folder = folder
        self._mirrors = list(mirrors)
        roots = [shelf.store for shelf in shelves_of(self._mirrors)]
        roots += [root for path in parents for root in stores_of(path)[:1]]
        self._roots = {root: Store(root) for root in roots if root not in ("", own)}
        self._roots = {root: store for root, store in self._roots.items() if _is_store(store)}

    def claim(self, inputs: str, record: GraphRecord, slots: Collection[str], before: str) -> None:
        """Before the links change. ``slots`` are all that they lead to, by way of which some may
        lead to objects; ``before`` as ``claim_graph`` has it."""
        for root, store in self._roots.items():
            paths = [m.removeprefix(f"{root}/").split("/") for m in self._mirrors]
            said = GraphRecord(
                layout=record.layout,
                trees=record.trees,
                slots={name for name in slots if has_slot(store, name)},
                sources={f"objects/{name}" for kind, name, *_ in paths if kind == "objects"},
                packages=record.packages,
                direct=record.direct,
            )
            with suppress(OSError):
                write_graph(store, inputs, said)
                claim_graph(store, self._folder, inputs, before=before)

    def settle(self, inputs: str, lock: str, before: Iterable[str]) -> None:
        """After they have changed; ``before`` is where they led."""
        for store in self._roots.values():
            with suppress(OSError):
                settle_graph(store, self._folder, inputs, lock)
        for shelf in shelves_of(before):
            store = Store(shelf.store)
            if shelf.store and shelf.store not in self._roots and _is_store(store):
                with suppress(OSError):
                    remove_file(store.project_record(self._folder))


def _is_store(store: Store) -> bool:
    """A link that somebody put into the project may lead anywhere."""
    return os.path.isdir(store.projects) and os.path.isdir(os.path.join(store.root, "graphs"))


def who_links_to(store: Store, folder: str, plan: Plan) -> list[str]:
    """The workspaces that link to something in this project which the plan takes away or replaces.
    What lies in the store stays there as long as they need it."""
    going = tuple(_going(folder, plan))
    if not going:
        return []
    host, own = this_host(), path_digest(folder)
    found = []
    for digest in sorted(os.listdir(store.projects)):
        known = read_project(store, digest) if digest != own else None
        if known is None or presence(known, host) != HERE:
            continue
        if any(f"{target}/".startswith(going) for target in _targets(known.path)):
            found.append(known.path)
    return found


def _going(folder: str, plan: Plan) -> Iterator[str]:
    for importer, tree in plan.trees.items():
        modules = os.path.realpath(present_modules(folder, importer))
        owned = read_state(modules).entries
        for step in tree.steps:
            made = owned.get(step.path, "").startswith(FOLDER)
            if made and step.action in (Action.REMOVE, Action.REPLACE):
                yield f"{modules}/{step.path}/"


def _targets(folder: str) -> Iterator[str]:
    root = read_state(present_modules(folder, ROOT))
    for importer in (ROOT, *root.members):
        yield from read_state(present_modules(folder, importer)).entries.values()
