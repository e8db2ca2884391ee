"""How packages are taken from other workspaces: what somebody said, and what the layout, the tools
that a project uses and the file systems allow.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache

from graft.base.clones import can_reflink
from graft.base.diagnostics import GraftError
from graft.donors.lent import Entries
from graft.donors.parent import Parent, packages_of, store_at
from graft.donors.take import OPEN
from graft.link.importers import ROOT, present_modules
from graft.link.isolated import SLOTS
from graft.link.ladder import needed_rung
from graft.link.layouts import HOISTED, VIRTUAL
from graft.link.state import OWN_FOLDER, is_slot, read_state
from graft.model.graph import Graph, Node
from graft.model.provenance import BYTES, COPY, LINK, OWN_MODES, REFLINK, Provenance
from graft.project.donor_settings import Donor, DonorOptions
from graft.store.slots import Slot
from graft.workflows.project import Work

_AUTO = "auto"


class Modes:
    """Those of one command, which makes ``layout``."""

    def __init__(
        self, work: Work, options: DonorOptions, layout: str, graph: Graph, entries: Entries
    ) -> None:
        """``graph`` is what is installed, and ``entries`` is what there is now."""
        self._work = work
        self._options = options
        self._layout = layout
        self._was = read_state(present_modules(work.context.folder, ROOT)).layout
        self._own_slots = {
            entry.removeprefix(f"{SLOTS}/").rpartition("-")[0]
            for (_, entry), made in entries.items()
            if is_slot(entry) and made.startswith(OWN_FOLDER)
        }
        # Links that leave the project are what such a tool fails with.
        self._needs_files = layout != VIRTUAL and needed_rung(graph) is not None

    def of(self, donor: Donor, parent: Parent) -> Callable[[str], tuple[str, str]]:
        """How each package of a parent is taken, by its name; and if that is by its bytes, why.
        Raises ``donor-no-reflink`` where a user asks for what cannot be."""

        @cache
        def shares() -> bool:
            return self._shares(parent)

        def how(name: str) -> tuple[str, str]:
            said = self._options.mode_of(name, donor)
            if said == COPY:
                return COPY, ""
            if said == REFLINK and not shares():
                if donor.vouched:
                    raise self._no_reflink(parent, donor, name)
                return COPY, ""
            if said == REFLINK or (said == _AUTO and shares()):
                return REFLINK, ""
            mode, because = self._linked(asked=said in (LINK, _AUTO))
            return mode, OPEN if mode == LINK and said == _AUTO else because

        return how

    def kept(self, name: str) -> tuple[str, str]:
        """The same for links that the project has."""
        said = self._options.mode_of(name)
        if said in OWN_MODES:
            return COPY, ""
        return self._linked(asked=self._was == self._layout or said in (LINK, _AUTO))

    def is_own(self, node: Node, slot: Slot, said: Provenance | None) -> bool:
        """Whether a package's files are to be the project's own: they were taken so just now, or
        are so since, or were a link and may be one no more."""
        mode = self._options.mode_of(node.manifest.name)
        if said is not None and said.mode in OWN_MODES:
            return True
        if mode in OWN_MODES:
            return node.provenance is not None and node.provenance.mode in (LINK, *OWN_MODES)
        return not mode and self.is_kept(slot)

    def is_kept(self, slot: Slot) -> bool:
        """Whether the project has an own copy of it."""
        return _readable(slot) in self._own_slots

    def is_kept_trusted(self, slot: Slot, said: Provenance) -> bool:
        """The same of what was copied from a trusted parent. In the layout ``hoisted`` every folder
        is an own copy, and the lock alone says of what."""
        return self.is_kept(slot) or (
            said.mode in OWN_MODES and self._was == HOISTED == self._layout
        )

    def _linked(self, *, asked: bool) -> tuple[str, str]:
        if self._layout == VIRTUAL or (asked and not self._needs_files):
            return LINK, ""
        return BYTES, "tool" if self._needs_files else "layout"

    def _shares(self, parent: Parent) -> bool:
        """Whether files can share their blocks all the way from the parent to the project."""
        own = self._work.store
        example = next(_examples(parent), "")
        return (
            bool(example)
            and not own.frozen
            and can_reflink(example, own.root)
            and can_reflink(example, self._work.context.folder)
        )

    def _no_reflink(self, parent: Parent, donor: Donor, name: str) -> GraftError:
        return GraftError(
            "donor-no-reflink",
            f"{name} cannot share blocks with {parent.path}",
            where=self._work.context.folder,
            why=[
                f"{donor.where} asks for reflinks, which the file system has not, or there are "
                "several"
            ],
            fix="say 'auto', which takes reflinks where there are any, or 'copy'",
        )


def _readable(slot: Slot) -> str:
    """A slot's name without the key: what lies below a package may change."""
    return slot.name.rpartition("-")[0]


def _examples(parent: Parent) -> Iterator[str]:
    """A file of those that would be shared."""
    for root in parent.stores:
        objects = store_at(root).objects
        for name in os.listdir(objects) if os.path.isdir(objects) else ():
            if name.endswith(".json"):
                yield f"{objects}/{name}"
    modules = packages_of(parent.path)
    for name in os.listdir(modules) if os.path.isdir(modules) else ():
        if os.path.isfile(there := f"{modules}/{name}/package.json"):
            yield there
