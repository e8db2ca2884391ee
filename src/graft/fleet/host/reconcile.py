"""One host is brought to the release that a package set is to have.

Whatever goes wrong, ``current`` goes on leading to the tree that it led to. Everything may be done
again at any time: what is there already is looked at, and what is not as it should be is made anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from graft import __version__
from graft.base.diagnostics import GraftError
from graft.base.files import NO_ROOM
from graft.base.locks import FileLock
from graft.base.records import Record, replace
from graft.fleet.client import Offer
from graft.fleet.host.lease import share_file
from graft.fleet.host.pace import Pace
from graft.fleet.host.pull import Pulled, Puller
from graft.fleet.host.root import HostNote, HostRoot, SetRoot, read_note, write_note
from graft.fleet.host.switch import current_hash, flip
from graft.fleet.host.tree import build_tree, read_tree_release, register, tree_fault
from graft.fleet.host.tree_gc import GRACE_MS, collect_trees, sweep_parts
from graft.fleet.host.tree_plan import Archive, TreePlan, plan_release
from graft.fleet.host.tree_store import fill_host_store
from graft.fleet.host.upstream import Upstream
from graft.fleet.platforms import platform_text
from graft.fleet.records import ERROR, IDLE, READY, HostReport
from graft.fleet.release import Release
from graft.model.integrity import Integrity
from graft.model.platform import Platform
from graft.store.hold import hold_shared
from graft.store.objects import has_object
from graft.store.paths import Store

Say = Callable[[str], None]
FULL_EVERY_MS = 24 * 60 * 60 * 1000
_MEANWHILE = ("fleet-not-found", "fleet-blob-missing")
_MOVES = 3


class Host(Record):
    """``name`` is what the host calls itself to the server. ``now`` has milliseconds since the
    epoch. ``grace`` is for how long a retired tree stays, and with ``keeps`` archives do, for
    others. ``say`` is told what takes time."""

    root: HostRoot
    name: str
    store: Store
    upstream: Upstream
    platform: Platform
    layout: str
    now: Callable[[], int]
    pace: Pace
    say: Say
    keeps: bool = False
    grace: int = GRACE_MS

    def puller(self) -> Puller:
        return Puller(self.root, self.store, self.upstream, self.pace, keeps=self.keeps)


class Reconciled(Record):
    """``report`` is what the server is told. ``flipped`` says that ``current`` was moved,
    ``healed`` what was wrong with a tree that should have been whole. ``gone`` are trees that went.
    ``error`` is what kept the host from the release that it should have."""

    report: HostReport
    flipped: bool = False
    healed: str = ""
    gone: tuple[str, ...] = ()
    error: GraftError | None = None


def reconcile(host: Host, set: str, *, full: bool = False) -> Reconciled:
    """Bring one package set to what it is to be. With ``full``, or where that was last done a day
    ago, every byte is looked at. Errors of the server, of archives and of the system are answered,
    not raised. One at a time works on a set; others wait."""
    at = host.root.set(set)
    at.make()
    with FileLock(at.mutex, exclusive=True, holder=f"graft fleet agent (process {os.getpid()})"):
        return _Reconcile(host, at, full).run()


class _Reconcile:
    """One attempt, with the set's mutex held."""

    def __init__(self, host: Host, at: SetRoot, full: bool) -> None:
        self._host = host
        self._at = at
        self._note = read_note(at)
        self._began = host.now()
        self._full = full or self._began - self._note.verified_at >= FULL_EVERY_MS
        self._pulled = Pulled()
        self._healed = ""
        self._flipped = False

    def run(self) -> Reconciled:
        error = None
        try:
            error = self._learn()
            self._follow()
        except GraftError as raised:
            error = raised
        except OSError as raised:
            error = _refused(raised)
        except Exception as raised:
            # One release that nobody thought of must not end the agents of a whole fleet.
            error = _unforeseen(raised)
        gone = self._collect()
        return self._said(error, gone)

    def _learn(self) -> GraftError | None:
        """What the host is to have. Where nobody can be asked, it stays what it was, and is looked
        at as ever."""
        try:
            desired = self._host.upstream.desired(self._at.name)
        except GraftError as error:
            if not (self._note.desired or current_hash(self._at)):
                raise
            self._note = replace(self._note, desired=self._note.desired or current_hash(self._at))
            return error
        self._note = replace(self._note, desired=desired.hash, epoch=desired.epoch)
        # Before anything is done about it: who runs scripts can say what is expected.
        write_note(self._at, self._note)
        return None

    def _follow(self) -> None:
        """The server may have gone on meanwhile, and keep no more what it wanted before."""
        for _ in range(_MOVES - 1):
            wanted = self._note.desired
            try:
                self._converge()
                return
            except GraftError as error:
                gone = error.diagnostic.code in _MEANWHILE and not self._learn()
                if not gone or self._note.desired == wanted:
                    raise
        self._converge()

    def _converge(self) -> None:
        wanted = self._note.desired
        if not wanted:
            return
        host, at = self._host, self._at
        plan = plan_release(self._release(wanted), host.platform, host.layout, host.store)
        with hold_shared(host.store, host.say):
            made = fill_host_store(
                host.store, plan, lambda a: self._fetch(plan, a), full=self._full
            )
            fault = self._fault(plan)
            if fault:
                build_tree(host.store, at, plan)
            else:
                register(host.store, at, plan)
            was_here = current_hash(at) == wanted
            if was_here and (fault or made):
                self._healed = fault or f"the store lacked {made} of what it leads to"
        os.close(share_file(os.path.join(at.leases, wanted)))  # for those who may not make it
        self._flipped = flip(at, wanted, host.now())
        if self._full or fault:
            self._note = replace(self._note, verified_at=self._began)

    def _release(self, hash: str) -> Release:
        found = read_tree_release(self._at, hash)
        return found or self._host.upstream.release(self._at.name, hash)

    def _fault(self, plan: TreePlan) -> str:
        tree = self._at.tree(plan.hash)
        if not os.path.lexists(tree):
            return f"{tree} is not there"
        return tree_fault(self._host.store, tree, plan, full=self._full)

    def _fetch(self, plan: TreePlan, archives: list[Archive]) -> None:
        host = self._host
        have = [key for key in plan.archives if has_object(host.store, key)]
        offered = host.upstream.missing(self._at.name, plan.hash, host.platform, have)
        offers: dict[Integrity, Offer] = {offer.integrity: offer for offer in offered}
        host.puller().pull(archives, offers, self._pulled)

    def _collect(self) -> tuple[str, ...]:
        """Also where nothing was flipped, and where something went wrong."""
        try:
            sweep_parts(self._host.root, self._host.store)
            now = self._host.now()
            return collect_trees(self._host.store, self._at, now, grace=self._host.grace).gone
        except OSError:
            return ()

    def _said(self, error: GraftError | None, gone: tuple[str, ...]) -> Reconciled:
        hash = current_hash(self._at)
        now = self._host.now()
        said = str(error) if error else ""
        converged = not error and hash == self._note.desired
        status = ERROR if error else READY if hash else IDLE
        before = self._note
        note = HostNote(
            desired=before.desired,
            epoch=before.epoch,
            hash=hash,
            status=status,
            error=said,
            at=now,
            verified_at=before.verified_at,
        )
        try:
            write_note(self._at, note)
        except OSError as raised:
            error = error or _refused(raised)
        report = HostReport(
            host=self._host.name,
            set=self._at.name,
            hash=hash,
            status=status,
            platform=platform_text(self._host.platform),
            error=said,
            pulled_bytes=self._pulled.bytes,
            pulled_blobs=self._pulled.blobs,
            milliseconds=now - self._began,
            version=__version__,
            reported_at=now,
            converged_at=now if converged else 0,
        )
        return Reconciled(
            report=report, flipped=self._flipped, healed=self._healed, gone=gone, error=error
        )


def _unforeseen(error: Exception) -> GraftError:
    return GraftError(
        "internal-error",
        f"the release could not be followed: {type(error).__name__}: {error}",
        fix="report it; the release before stays, and it is tried again",
    )


def _refused(error: OSError) -> GraftError:
    if error.errno in NO_ROOM:
        return GraftError(
            "disk-full",
            "there is no room left for the release",
            where=str(error.filename or ""),
            fix="make room; what came already is taken up from where it ended",
        )
    return GraftError(
        "system-refused",
        f"the system refused: {error.strerror or error}",
        where=str(error.filename or ""),
    )
