"""Archives on their way into the store: downloads and unpacking overlap.

The network is advanced by whoever waits; unpacking runs on a few threads, which spend their time
inflating, hashing and writing, all without the interpreter's lock.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from graft.base.diagnostics import GraftError
from graft.base.http import Transfer
from graft.base.http_client import HttpClient
from graft.base.native import return_large_buffers
from graft.base.pool import Outcome, Pool
from graft.base.progress import Progress
from graft.model.integrity import Integrity
from graft.model.manifest import Manifest
from graft.model.origins import INDEX
from graft.store.admission import admit, required_integrity
from graft.store.claims import Claims
from graft.store.objects import StoredObject, find_object, has_object
from graft.store.paths import Store

_PUMP_SECONDS = 0.05
# Archives at once on their way or waiting to be unpacked, and bytes that wait: enough to keep the
# network and the threads at work, and few enough that memory does not grow with the graph.
_WINDOW = 128
_MAX_WAITING_BYTES = 24 * 1024**2
# How often to look for what other processes are fetching, and how long to rely on them while none
# of it comes: the other may be stopped, or have a slow network. To fetch it twice harms nothing.
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 20.0
_SILENT_SECONDS = 2.0

_Then = Callable[[StoredObject], None]


class Archives:
    """Fetches each archive once, however often it is wanted; and not at all if another process is
    doing so: that one's object serves as well."""

    def __init__(
        self,
        store: Store,
        download: Callable[[Manifest], Transfer],
        client: HttpClient,
        pool: Pool,
        progress: Progress,
        *,
        keep: Callable[[Integrity, bytes], None] | None = None,
        begin: Callable[[Manifest], None] = lambda _: None,
    ) -> None:
        """``download`` starts to get an archive, wherever its package comes from; ``begin`` is told
        of all that will be, for what cannot be started without being waited for. ``keep`` is for
        whoever wants the archives themselves, too: it is given the bytes of each that is needed,
        in a thread, once they are known to be the right ones; what the store has does not serve.
        """
        self._store = store
        self._download = download
        self._client = client
        self._pool = pool
        self._progress = progress
        self._keep = keep
        self._begin = begin
        self._to_start: deque[tuple[Manifest, Integrity]] = deque()
        self._claims = Claims(store)
        self._elsewhere: list[tuple[Manifest, Integrity]] = []  # other processes fetch these
        self._looked = self._last_news = 0.0
        self._said = False
        self._open: dict[str, Integrity] = {}  # wanted, and neither stored nor failed yet
        self._held = 0
        self._waiting_bytes = 0
        self._stored: dict[str, StoredObject] = {}
        self._failed: dict[str, GraftError] = {}
        self._needed: dict[str, _Then] = {}
        self._unreachable: set[str] = set()
        pool.on_finished = client.wake
        return_large_buffers()

    def want(self, manifest: Manifest) -> None:
        """Start fetching, unless the store has it."""
        try:
            if not has_object(self._store, required_integrity(manifest)):
                self._fetch(manifest)
        except GraftError as error:
            self._failed[manifest.id] = error
        self._advance()

    def need(self, manifest: Manifest, then: _Then) -> None:
        """Fetch what the store does not have; ``then`` is called once it does, from ``finish``
        unless it was fetched before."""
        self._needed[manifest.id] = then
        if manifest.id in self._stored:
            self._hand_over(manifest.id)
        else:
            self._fetch(manifest)

    def finish(self) -> None:
        """Wait until all that is needed is stored, and all that ``then`` submitted is done.

        Raises the first failure among what is needed, by id.
        """
        while not self._needed.keys().isdisjoint(self._open) or self._pool.pending:
            self._advance()
            if not self._client.pump(_PUMP_SECONDS):
                if self._elsewhere and not self._pool.pending:
                    time.sleep(_LOOK_SECONDS)
                self._pool.settle(wait=True)
        # What is still on its way is no longer needed here, and may not come for a long time.
        self._claims.close()
        failed = sorted(self._needed.keys() & self._failed.keys())
        self._needed.clear()
        if failed:
            raise self._failed[failed[0]]

    def knows(self, manifest: Manifest) -> bool:
        return any(manifest.id in ids for ids in (self._open, self._stored, self._failed))

    def _fetch(self, manifest: Manifest) -> None:
        id = manifest.id
        if self.knows(manifest):
            return
        self._open[id] = required_integrity(manifest)
        self._progress.to_fetch += 1
        self._to_start.append((manifest, self._open[id]))
        self._begin(manifest)

    def _advance(self) -> None:
        """Note what has been unpacked, and start what there is room for."""
        self._pool.settle()
        if not self._unreachable.isdisjoint(self._needed):
            self._give_up()
        if self._elsewhere:
            self._look_again()
        while self._to_start and self._held < _WINDOW and self._waiting_bytes < _MAX_WAITING_BYTES:
            manifest, integrity = self._to_start.popleft()
            if self._claims.take(integrity):
                self._start(manifest, integrity)
            else:
                self._last_news = time.monotonic()
                self._elsewhere.append((manifest, integrity))
        self._progress.changed()

    def _look_again(self) -> None:
        """Whatever others have let go of is there now, or is to be fetched after all."""
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        free = [one for one in self._elsewhere if self._claims.take(one[1])]
        idle = 0.0 if self._held else now - self._last_news
        if not free and idle > _PATIENCE_SECONDS:
            free = self._elsewhere
        elif idle > _SILENT_SECONDS and not self._said:
            self._said = True
            self._progress.say("waiting for archives that another graft is fetching")
        if free:
            self._last_news = now
            ids = {manifest.id for manifest, _ in free}
            self._elsewhere = [one for one in self._elsewhere if one[0].id not in ids]
            for manifest, integrity in free:
                self._start(manifest, integrity)

    def _start(self, manifest: Manifest, integrity: Integrity) -> None:
        """Fetch it, unless another process has just done so."""
        self._held += 1
        if self._keep is None and has_object(self._store, integrity):
            job = partial(find_object, self._store, integrity)
            self._pool.submit(job, partial(self._found, manifest, integrity))
        else:
            self._load(manifest, integrity)

    def _found(
        self, manifest: Manifest, integrity: Integrity, outcome: Outcome[StoredObject | None]
    ) -> None:
        stored = outcome.get()
        if stored is None:
            self._load(manifest, integrity)
        else:
            self._came(manifest.id, stored)
            self._progress.to_fetch -= 1  # it was fetched, but not here
            self._progress.fetched -= 1

    def _load(self, manifest: Manifest, integrity: Integrity) -> None:
        self._download(manifest).on_done(partial(self._arrived, manifest, integrity))

    def _give_up(self) -> None:
        """Start nothing more: where one that is needed cannot be reached, after all its tries, a
        thousand others would wait as long in vain."""
        for manifest, _ in (*self._to_start, *self._elsewhere):
            del self._open[manifest.id]
            self._progress.to_fetch -= 1
        self._to_start.clear()
        self._elsewhere = []

    def _arrived(self, manifest: Manifest, integrity: Integrity, transfer: Transfer) -> None:
        id = manifest.id
        try:
            body = transfer.result().body
        except GraftError as error:
            self._fail(id, error)
            return
        self._progress.fetched_bytes += len(body)
        self._waiting_bytes += len(body)
        job = partial(self._admit, manifest, integrity, body)
        self._pool.submit(job, partial(self._admitted, id, len(body)), weight=len(body))

    def _admit(self, manifest: Manifest, integrity: Integrity, body: bytes) -> StoredObject:
        bare = manifest.origin.startswith(INDEX)
        stored = admit(self._store, body, integrity, subject=manifest.id, bare=bare)
        if self._keep is not None:
            self._keep(integrity, body)
        return stored

    def _admitted(self, id: str, size: int, outcome: Outcome[StoredObject]) -> None:
        self._waiting_bytes -= size
        try:
            stored = outcome.get()
        except GraftError as error:
            self._fail(id, error)
            return
        self._came(id, stored)

    def _came(self, id: str, stored: StoredObject) -> None:
        self._stored[id] = stored
        self._settle(id)
        if id in self._needed:
            self._hand_over(id)

    def _fail(self, id: str, error: GraftError) -> None:
        self._failed[id] = error
        if error.diagnostic.code == "registry-unreachable":
            self._unreachable.add(id)
        self._settle(id)

    def _settle(self, id: str) -> None:
        self._claims.give_up(self._open.pop(id))
        self._held -= 1
        self._progress.fetched += 1

    def _hand_over(self, id: str) -> None:
        self._needed.pop(id)(self._stored.pop(id))
