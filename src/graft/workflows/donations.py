"""What other workspaces give to an install: which are asked, what is taken, and what is said of it.

Whoever is asked is held until the command ends. Donors go before the store and the network where
somebody names them; other checkouts of the same repository are looked for only where the store
lacks something.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.pool import Outcome
from graft.base.records import replace
from graft.donors.hold import hold_parent
from graft.donors.lent import entries_in, foreign_shelves, with_lent
from graft.donors.parent import (
    Parent,
    Shelf,
    nodes_by_name,
    packages_of,
    read_parent,
    store_at,
    stores_of,
    workspace_of,
)
from graft.donors.take import Asked, Source, Taking, decide, own_part, seen_part
from graft.donors.trust import is_trusted, observed_graph, places, with_trusted
from graft.donors.verify import Looks
from graft.donors.versions import versions_of
from graft.donors.worktrees import other_checkouts
from graft.link.held import above
from graft.link.importers import present_modules
from graft.link.ladder import copied
from graft.link.layouts import VIRTUAL
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.provenance import LINK, OWN_MODES, SHAPE, Provenance
from graft.project.checkout import Checkout
from graft.project.donor_settings import Donor, DonorOptions, Donors, donors_in_force
from graft.resolve.prune import below
from graft.store.admission import required_integrity
from graft.store.adopt import adopt_object, adopt_private_slot
from graft.store.check import object_is_intact
from graft.store.objects import find_object, has_object
from graft.store.slots import Slot
from graft.workflows.donor_modes import Modes
from graft.workflows.project import Work
from graft.workflows.report import Donated, InstallOptions

_PATIENCE_SECONDS = 60.0
_CHECKOUT = "worktree"


class Donations:
    """``parents`` are those that somebody named, as they are now."""

    def __init__(self, work: Work, options: InstallOptions, donors: Donors) -> None:
        self._work = work
        self._options = options.donors or DonorOptions()
        self._changes = not (options.dry_run or options.lock_only or work.store.frozen)
        self._donors = donors.donors
        self._entries = entries_in(work.context.folder)
        self.notes = list(donors.notes)
        self.parents: list[tuple[Donor, Parent]] = []
        self._busy: list[str] = []
        for donor in donors.donors:
            self._add(donor, _PATIENCE_SECONDS)
        self.donated: Donated | None = None
        # Folders of others that are linked to, by node id, and nodes whose files may be written.
        self.links: Mapping[str, str] = {}
        self.copies: frozenset[str] = frozenset()
        # Folders that files are copied from, past any store.
        self.given: Mapping[str, str] = {}
        self._taking = Taking(links={}, bytes={}, provenance={}, misses={})

    @property
    def are_named(self) -> bool:
        """Whether somebody said where to take packages from."""
        return bool(self._donors)

    def versions(self, previous: Graph | None) -> Graph | None:
        """What parents have, where that is to be preferred, or there is nobody else to ask."""
        first = self._options.takes_versions
        if not (first or self._work.context.settings.offline):
            return None
        graphs = [
            parent.graph or observed_graph(parent)
            for donor, parent in self.parents
            if parent.graph or donor.trust
        ]
        return versions_of(graphs, previous, first=first)

    def take(
        self, graph: Graph, slots: Mapping[str, Slot], layout: str, previous: Graph | None
    ) -> None:
        """Decide, and bring into the store the bytes that are to be had. ``graph`` is the part for
        this machine. Raises ``donor-required`` and ``donor-no-reflink``."""
        store = self._work.store
        has = {id for id in slots if self._has(graph.nodes[id].manifest)}
        named = [(donor, parent) for donor, parent in self.parents]
        if not named and has != slots.keys() and self._options.searches:
            named = self._checkouts()
        asked = Asked(
            graph=graph,
            slots=slots,
            store=store.root,
            has=has.__contains__,
            fixed=copied(graph) if layout == VIRTUAL else frozenset(),
        )
        modes = Modes(self._work, self._options, layout, graph, self._entries)
        sources = [self._source(donor, parent, slots, modes) for donor, parent in named]
        taking = decide(asked, [*sources, *self._carried(slots, previous, modes)])
        for source in sources:
            source.looks.remember()
        taking = with_trusted(asked, sources, taking)
        taking = self._keep_trusted(graph, slots, taking, modes)
        taking = self._with_bytes(graph, slots, taking)
        self._bring_changed(graph, slots, taking)
        self._say_lost(graph, taking)
        if self._options.requires:
            self._refuse_fetching(graph, taking, slots.keys())
        if named or self._busy:
            self.donated = self._report(graph, slots, taking)
        self._taking, self._graph = taking, graph
        self.links, self.given = taking.links, taking.given
        self.copies = frozenset(
            id
            for id in slots.keys() - taking.links.keys()
            if modes.is_own(graph.nodes[id], slots[id], taking.provenance.get(id))
        )

    @property
    def linked_to(self) -> tuple[str, ...]:
        """Those of the parents that are linked to. A lock may name others, and is not believed."""
        said = self._taking.provenance
        paths = {said[id].path for id in self._taking.links}
        return tuple(parent.path for _, parent in self.parents if parent.path in paths)

    def own_part(self, graph: Graph) -> Graph:
        """What of the graph has to be in this project's own store."""
        return own_part(graph, self._elsewhere)

    def seen_part(self, graph: Graph, own: Graph) -> Graph:
        """What of the graph code meets in this project."""
        return seen_part(graph, own, self._elsewhere)

    def unslotted(self, own: Graph) -> frozenset[str]:
        """What of the project's ``own`` part has slots only in the project, as these lead to what
        no store has."""
        above_all = above(self._graph, self._elsewhere) if self._elsewhere else set()
        return frozenset(above_all & own.nodes.keys())

    def told_apart(self, slots: Mapping[str, Slot]) -> Mapping[str, Slot]:
        """The slots, in which what is trusted has no integrity that a store's files have."""
        trusted = {
            id: replace(slots[id], integrity=f"{said.path} {said.observed}")
            for id, said in self._taking.provenance.items()
            if id in slots and id in self.given and is_trusted(said)
        }
        return {**slots, **trusted}

    @property
    def _elsewhere(self) -> Set[str]:
        return self.links.keys() | self.given.keys()

    def _has(self, manifest: Manifest) -> bool:
        return bool(manifest.integrity) and has_object(
            self._work.store, required_integrity(manifest)
        )

    def said_of(self, graph: Graph) -> Graph:
        """The graph that says where packages came from. What nothing was taken for now keeps what
        was said, unless it was a link: then it would be one."""
        nodes = {}
        for id, node in graph.nodes.items():
            before = node.provenance
            said = self._taking.provenance.get(id)
            if said is None and before is not None and before.mode != LINK:
                said = before
            nodes[id] = node if said == before else replace(node, provenance=said)
        return replace(graph, nodes=nodes)

    @staticmethod
    def carried(previous: Graph | None, graph: Graph) -> Graph:
        """What was resolved anew, with what the lock before said of the same packages."""
        nodes = dict(graph.nodes)
        for id, before in previous.nodes.items() if previous else ():
            node = nodes.get(id)
            same = node is not None and node.manifest.integrity == before.manifest.integrity
            if node is not None and same and before.provenance and not node.provenance:
                nodes[id] = replace(node, provenance=before.provenance)
        return replace(graph, nodes=nodes)

    @property
    def may_give(self) -> bool:
        """Whether it is worth waiting for what is taken before anything is fetched."""
        return self.are_named or bool(self._linked_shelves)

    def with_lent(self, previous: Graph | None) -> Graph | None:
        """What was resolved before, and what no lock says of where that came from."""
        if previous is None:
            return None
        return with_lent(previous, self._work.context.folder, self._entries, self._work.store.root)

    @property
    def _linked_shelves(self) -> tuple[Shelf, ...]:
        """The folders of slots of others that the project's links lead into."""
        return foreign_shelves(self._entries, self._work.store.root)

    def bring(self, manifests: Iterable[Manifest]) -> None:
        """Have the files of these in the store, as far as parents that the user named have them:
        for commands that look into packages, past which links may lead."""
        store = self._work.store
        others = [
            store_at(root)
            for _, parent in self.parents
            for root in parent.stores
            if parent.vouched and root != store.root
        ]
        for manifest in manifests:
            integrity = required_integrity(manifest)
            if not (store.frozen or has_object(store, integrity)):
                any(adopt_object(store, other, integrity) for other in others)

    def _add(self, donor: Donor, patience: float) -> None:
        context = self._work.context
        try:
            path = workspace_of(donor.path)
        except GraftError as error:
            if donor.where.startswith(("--", "$")):
                raise
            self.notes.append(_vanished(donor.path, donor.where, error))
            return
        if path == os.path.realpath(context.folder):
            return
        held = hold_parent(path, stores_of(path), patience, context.progress.say)
        if held is None:
            self._busy.append(path)
            return
        self._work.holds.push(held)
        self.parents.append((donor, read_parent(path, vouched=donor.vouched)))

    def _checkouts(self) -> list[tuple[Donor, Parent]]:
        """Others of the same repository. The user has not named them, and they may be at work."""
        before = len(self.parents)
        for path in other_checkouts(self._work.context.folder):
            if os.path.isdir(packages_of(path)):
                self._add(Donor(path=path, where=_CHECKOUT, vouched=False), 0.0)
        return self.parents[before:]

    def _source(
        self, donor: Donor, parent: Parent, slots: Mapping[str, Slot], modes: Modes
    ) -> Source:
        options, cache = self._options, self._work.context.settings.cache_root
        return Source(
            parent=parent,
            looks=Looks(parent, slots.values(), options.level, cache),
            level=options.level,
            mode=modes.of(donor, parent),
            serves=donor.serves,
            trust=donor.trust,
            checkout=donor.where == _CHECKOUT,
        )

    def _carried(
        self, slots: Mapping[str, Slot], previous: Graph | None, modes: Modes
    ) -> list[Source]:
        """The links into other workspaces that the project has: they stay while they are good."""
        if previous is None:
            return []
        folder, shelves = self._work.context.folder, self._linked_shelves
        if not shelves:
            return []
        nodes = nodes_by_name(previous)
        stores = tuple(dict.fromkeys(root for shelf in shelves for root in shelf.stores))
        parent = Parent(path=folder, graph=previous, nodes=nodes, shelves=shelves, stores=stores)
        looks = Looks(parent, slots.values(), SHAPE)
        linked = {
            node.manifest.name
            for node in previous.nodes.values()
            if node.provenance is not None and node.provenance.mode == LINK
        }
        return [
            Source(
                parent=parent,
                looks=looks,
                level=SHAPE,
                mode=modes.kept,
                serves=linked.__contains__,
                carried=True,
            )
        ]

    def _keep_trusted(
        self, graph: Graph, slots: Mapping[str, Slot], taking: Taking, modes: Modes
    ) -> Taking:
        """What is there since somebody trusted its parent stays while it is there, and is not
        patched or built here, nor needed by what is: that takes what the lock says. Copies that no
        store has are their own source."""
        barred = below(graph, [id for id, slot in slots.items() if slot.salt])
        kept = {
            id
            for id in slots.keys() - taking.provenance.keys() - taking.bytes.keys() - barred
            if is_trusted(graph.nodes[id].provenance) or modes.is_kept(slots[id])
        }
        if not kept:
            return taking
        links, given = dict(taking.links), dict(taking.given)
        provenance = dict(taking.provenance)
        folder = self._work.context.folder
        importers = {path: present_modules(folder, path) for path in graph.importers}
        own = os.path.join(os.path.realpath(folder), "")
        for id, there in places(graph, importers).items():
            said = graph.nodes[id].provenance
            if id not in kept:
                continue
            is_link = not there.startswith(own)
            may_link = modes.kept(slots[id].package)[0] == LINK
            if is_link and may_link and said is not None and is_trusted(said):
                links[id], provenance[id] = there, said
            elif is_link:
                continue
            elif said is not None and is_trusted(said):
                if modes.is_kept_trusted(slots[id], said):
                    given[id], provenance[id] = there, said
            elif modes.is_kept(slots[id]) and not self._has(graph.nodes[id].manifest):
                given[id] = there
        return replace(taking, links=links, given=given, provenance=provenance)

    def _with_bytes(self, graph: Graph, slots: Mapping[str, Slot], taking: Taking) -> Taking:
        """The same with what could be had of the bytes that parents may have."""
        provenance = dict(taking.provenance)
        misses = {id: list(reasons) for id, reasons in taking.misses.items()}

        given = dict(taking.given)

        def adopted(id: str, outcome: Outcome[tuple[Provenance, str] | None]) -> None:
            got = outcome.get()
            if got is not None:
                provenance[id], folder = got
                given.update({id: folder} if folder else {})

        pool = self._work.pool if taking.bytes else None
        for id, offers in taking.bytes.items():
            if pool is not None:
                job = partial(self._adopt, graph, slots[id], id, offers, misses[id])
                pool.submit(job, partial(adopted, id))
        while pool is not None and pool.pending:
            pool.settle(wait=True)
        return replace(taking, provenance=provenance, misses=misses, given=given)

    def _adopt(
        self,
        graph: Graph,
        slot: Slot,
        id: str,
        offers: Sequence[tuple[Source, Provenance]],
        misses: list[tuple[str, str]],
    ) -> tuple[Provenance, str] | None:
        """What is said of a package whose bytes are in the store now, or may only come into this
        project: then also from which folder. Runs in a thread of the pool."""
        integrity = required_integrity(graph.nodes[id].manifest)
        store = self._work.store
        for source, said in offers:
            path = source.parent.path
            others = [store_at(root) for root in source.parent.stores if root != store.root]
            others = [other for other in others if has_object(other, integrity)]
            if not source.parent.vouched:
                stored = find_object(others[0], integrity) if others and not slot.salt else None
                if said.mode in OWN_MODES and stored and object_is_intact(stored):
                    return said, stored.folder
                misses.append((path, "unvouched"))
                continue
            if not others:
                misses.append((path, "unverifiable"))
                continue
            if not self._changes or any(adopt_object(store, other, integrity) for other in others):
                if slot.salt and self._changes:
                    any(adopt_private_slot(store, other, slot) for other in others)
                return said, ""
            misses.append((path, "dirty"))
        return None

    def _bring_changed(self, graph: Graph, slots: Mapping[str, Slot], taking: Taking) -> None:
        """What is patched or built here is another package than the parent's, made from the same
        bytes."""
        if self._changes:
            own = (id for id, slot in slots.items() if slot.salt and id not in taking.provenance)
            self.bring(graph.nodes[id].manifest for id in own)

    def _dangling(self, graph: Graph) -> set[str]:
        """What links of the project were for that lead nowhere any more."""
        return {
            id
            for path, importer in graph.importers.items()
            for local, id in importer.edges.items()
            if os.path.isabs(target := self._entries.get((path, local), ""))
            and not os.path.isdir(target)
        }

    def _say_lost(self, graph: Graph, taking: Taking) -> None:
        lost: dict[str, list[str]] = {}
        gone = taking.lost | below(graph, self._dangling(graph))
        for id in gone - taking.links.keys():
            said = graph.nodes[id].provenance
            if said and said.mode == LINK:
                lost.setdefault(said.path, []).append(id)
        for path, ids in sorted(lost.items()):
            there = os.path.isdir(path)
            note = Diagnostic(
                code="donor-vanished",
                message=f"{len(ids)} packages were links into {path}, which "
                + ("has them no more" if there else "is gone"),
                where=path,
                why=(f"they are {', '.join(sorted(ids)[:5])}{' …' if len(ids) > 5 else ''}",),
                fix="they are taken from the store or their registries; if it was moved, say "
                "--deps-source and its path",
            )
            self.notes.append(note)
            if self._work.context.settings.offline:
                self._work.context.progress.say(f"note: {note.message}")

    def _refuse_fetching(self, graph: Graph, taking: Taking, ids: Iterable[str]) -> None:
        lacking = {
            graph.nodes[id].manifest.id: taking.misses.get(id, ())
            for id in ids
            if id not in taking.provenance and not self._has(graph.nodes[id].manifest)
        }
        if lacking:
            raise GraftError(
                "donor-required",
                f"{len(lacking)} packages would have to be fetched, and --require-deps-source "
                "forbids that",
                where=self._work.context.folder,
                why=[_missed(id, reasons) for id, reasons in sorted(lacking.items())],
                fix="name a parent that has them by --deps-source, or leave the flag out",
            )

    def _report(self, graph: Graph, slots: Mapping[str, Slot], taking: Taking) -> Donated:
        taken, missed = {}, {}
        for id in slots:
            package, said = graph.nodes[id].manifest.id, taking.provenance.get(id)
            if said is None:
                reasons = [*taking.misses.get(id, ()), *((path, "busy") for path in self._busy)]
                missed[package] = tuple(reasons)
            else:
                taken[package] = {"path": said.path, "mode": said.mode, "matched": said.matched}
                taken[package] |= {"because": said.because} if said.because else {}
                taken[package] |= {"folder": taking.links[id]} if id in taking.links else {}
        missed = {package: why for package, why in missed.items() if package not in taken}
        return Donated(taken=taken, missed=missed, explained=self._options.explains)


def donations_for(work: Work, checkout: Checkout, options: InstallOptions) -> Donations:
    """Before any work: whoever is named is there, or this raises ``donor-missing``."""
    context = work.context
    toml = checkout.root.toml
    said = options.donors or DonorOptions()
    data = toml.toml.data if toml else {}
    in_force = donors_in_force(said, data, context.folder, context.settings.user_config)
    return Donations(work, options, in_force)


def _vanished(path: str, where: str, error: GraftError) -> Diagnostic:
    said = error.diagnostic
    return Diagnostic(
        code="donor-vanished",
        message=f"nothing is taken from {path}, which {where} names: {said.why[0]}",
        where=path,
        fix="correct the path, or take it out; packages come from the store and registries",
    )


def _missed(id: str, reasons: Iterable[tuple[str, str]]) -> str:
    said = "; ".join(f"{path}: {reason}" for path, reason in reasons)
    return f"{id}: {said or 'no parent was asked'}"
