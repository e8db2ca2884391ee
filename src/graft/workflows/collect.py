"""``store gc``: what no project has needed for a while goes, while nobody else is in the store.

First it is looked, without holding anybody up. Only if something is to go is the store taken alone,
and then looked again, at what may have changed meanwhile. Deleting comes after that.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection

from graft.base.files import read_file, remove_file, write_atomic
from graft.base.lines import read_lines, write_lines
from graft.base.locks import FileLock, is_held
from graft.base.progress import Progress
from graft.base.records import Record, replace
from graft.link.used import moved_to, used_by
from graft.store.garbage import Survey, survey, write_notes
from graft.store.hold import hold_alone
from graft.store.paths import Store
from graft.store.projects import this_host
from graft.store.references import References
from graft.store.roots import find_roots
from graft.store.sizes import size_below, size_of
from graft.store.sweep import empty, leftovers, sweep

_FIRST_LINE = "graft-collected 1"
_MANY = 2000


class Wishes(Record):
    """``grace`` is in seconds; ``most`` is how many bytes the store may have, or None for any.
    ``forgotten`` are machines whose projects are taken for gone where they are not seen from here.
    ``seconds`` is how long it may take, and with ``waits`` it waits for others in the store."""

    grace: int
    most: int | None = None
    forgotten: Collection[str] = ()
    dry_run: bool = False
    waits: bool = True
    seconds: float = float("inf")


class Going(Record):
    """``path`` is in the store; ``since`` is when it was first seen that nobody needs it, in
    seconds since the epoch, or None for what an interrupted command left. ``bytes`` are known in a
    dry run alone."""

    path: str
    since: int | None
    bytes: int | None = None


class Collected(Record):
    """``gone`` is what went, or would go, ``freed`` the bytes of it. ``waiting`` counts what nobody
    needs either, and that stays for now. ``keeps`` says why nothing may go at all, ``busy`` who
    was in the way, ``over`` by how much the store is larger than was wished, and ``late`` that
    there was no time for all of it."""

    gone: tuple[Going, ...] = ()
    freed: int = 0
    waiting: int = 0
    keeps: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    busy: bool = False
    over: int = 0
    late: bool = False


def collect(
    store: Store, wishes: Wishes, progress: Progress, clock: Callable[[], float] = time.time
) -> Collected:
    """Collect the garbage of ``store``; ``clock`` has the time in seconds since the epoch."""
    end = time.monotonic() + wishes.seconds

    def late() -> bool:
        return time.monotonic() > end

    with FileLock(
        store.collector_lock,
        exclusive=True,
        holder=f"graft store gc (process {os.getpid()})",
        waiting=lambda who: progress.say(f"waiting for {who or 'another collection'}"),
        wait=wishes.waits,
    ) as only:
        if not only.held:
            return Collected(busy=True)
        return _Collection(store, wishes, progress, int(clock()), late).run()


class _Collection:
    """One collection, with the collector's lock held."""

    def __init__(
        self,
        store: Store,
        wishes: Wishes,
        progress: Progress,
        now: int,
        late: Callable[[], bool],
    ) -> None:
        self._store = store
        self._wishes = wishes
        self._progress = progress
        self._now = now
        self._late = late
        self._references = References(store)

    def run(self) -> Collected:
        seen = self._look()
        going, over = self._going(seen)
        if self._wishes.dry_run:
            return self._would(seen, going, over)
        if not going and not self._has_leftovers(seen):
            return self._done(seen, Collected(waiting=len(seen.notes), keeps=seen.keeps, over=over))
        waits, say = self._wishes.waits, self._progress.say
        with hold_alone(self._store, "graft store gc", say, wait=waits) as alone:
            if not alone.held:
                write_notes(self._store, seen.notes)
                return Collected(waiting=len(seen.notes), keeps=seen.keeps, busy=True)
            seen = self._look()
            going, over = self._going(seen)
            for path in seen.roots.idle:
                with FileLock(path, exclusive=True, wait=False) as lease:
                    if lease.held:
                        remove_file(path)
            swept = sweep(self._store, going, self._late)
        if len(swept.moved) > _MANY:
            self._progress.say(f"deleting {len(swept.moved)} entries")
        freed = empty(swept.trash, self._late)
        gone = [Going(path=p, since=seen.since[p]) for p in going if p in swept.moved]
        stays = {path: since for path, since in seen.notes.items() if path not in swept.moved}
        said = Collected(
            gone=tuple(gone),
            freed=freed,
            waiting=len(stays),
            keeps=seen.keeps,
            refused=swept.refused,
            over=over,
            late=self._late(),
        )
        return self._done(replace(seen, notes=stays), said)

    def _look(self) -> Survey:
        self._references.forget_graphs()
        roots = find_roots(
            self._store,
            self._references,
            used_by,
            moved_to,
            host=this_host(),
            forgotten=self._wishes.forgotten,
        )
        return survey(self._store, roots, self._references, self._now)

    def _going(self, seen: Survey) -> tuple[list[str], int]:
        """What is to go, and by how much the store will still be too large."""
        going = seen.older_than(self._now - self._wishes.grace)
        most = self._wishes.most
        if most is None or seen.keeps:
            return going, 0
        left = dict.fromkeys(seen.since)
        sizes = {path: size_of(self._store.root, path) for path in left}
        size = sum(sizes.values()) - sum(sizes[path] for path in going)
        for path in seen.older_than(self._now)[len(going) :]:
            if size <= most:
                break
            going.append(path)
            size -= sizes[path]
        return going, max(0, size - most)

    def _would(self, seen: Survey, going: list[str], over: int) -> Collected:
        root = self._store.root
        gone = [
            Going(path=path, since=seen.since[path], bytes=size_of(root, path)) for path in going
        ]
        if not is_held(self._store.shared_lock):  # else it may be somebody's who is at work
            gone += [
                Going(path=path, since=None, bytes=size_below(os.path.join(root, path)))
                for path in leftovers(self._store)
            ]
        return Collected(
            gone=tuple(gone),
            freed=sum(each.bytes or 0 for each in gone),
            waiting=len(seen.notes) - len(going),
            keeps=seen.keeps,
            over=over,
        )

    def _has_leftovers(self, seen: Survey) -> bool:
        return bool(seen.roots.idle or leftovers(self._store))

    def _done(self, seen: Survey, said: Collected) -> Collected:
        write_notes(self._store, seen.notes)
        write_atomic(self._store.collected, write_lines(_FIRST_LINE, [("at", str(self._now))]))
        return said


def last_collection(store: Store) -> int | None:
    """When it was, in seconds since the epoch."""
    said = dict(read_lines(read_file(store.collected), _FIRST_LINE) or ())
    return int(said["at"]) if said.get("at", "").isdigit() else None
