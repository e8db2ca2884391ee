"""Archives on their way into the store: downloads and unpacking overlap.

The network is advanced by whoever waits; unpacking runs on a few threads, which spend their time
inflating, hashing and writing, all without the interpreter's lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue

from graft.base.diagnostics import GraftError
from graft.base.http import Transfer
from graft.base.http_client import HttpClient
from graft.base.machine import workers
from graft.base.progress import Progress
from graft.model.integrity import Integrity
from graft.model.manifest import Manifest
from graft.sources.registry import RegistrySource
from graft.store.admission import required_integrity
from graft.store.objects import StoredObject, admit, find_object, has_object
from graft.store.paths import Store

_PUMP_SECONDS = 0.05
# Archives in memory at once, on their way or waiting to be unpacked: enough to keep the network and
# the threads at work, and few enough that memory does not grow with the graph.
_WINDOW = 128


class Archives:
    """Fetches each archive once, however often it is wanted. Close it to stop its threads."""

    def __init__(
        self, store: Store, source: RegistrySource, client: HttpClient, progress: Progress
    ) -> None:
        self._store = store
        self._source = source
        self._client = client
        self._progress = progress
        self._threads = ThreadPoolExecutor(max_workers=workers())
        self._waiting: deque[tuple[Manifest, Integrity]] = deque()
        self._open: set[str] = set()  # wanted, and neither stored nor failed yet
        self._held = 0
        self._unpacked: SimpleQueue[str] = SimpleQueue()
        self._stored: dict[str, Future[StoredObject]] = {}
        self._failed: dict[str, GraftError] = {}

    def want(self, manifest: Manifest, *, again: bool = False) -> None:
        """Start fetching, unless the store has it, or ``again`` asks for it regardless."""
        id = manifest.id
        if id in self._open or id in self._stored or id in self._failed:
            return
        try:
            integrity = required_integrity(manifest)
        except GraftError as error:
            self._failed[id] = error
            return
        if again or not has_object(self._store, integrity):
            self._open.add(id)
            self._progress.to_fetch += 1
            self._waiting.append((manifest, integrity))
            self._advance()

    def finish(self, manifests: Iterable[Manifest]) -> dict[str, StoredObject]:
        """Wait until the objects of ``manifests`` are stored; they are returned by manifest id.

        Raises the first failure among them, by id.
        """
        needed = {manifest.id: manifest for manifest in manifests}
        for manifest in needed.values():
            self.want(manifest)
        while not self._open.isdisjoint(needed):
            if not self._client.pump(_PUMP_SECONDS):
                self._settle(self._unpacked.get())
            self._advance()
        failed = sorted(needed.keys() & self._failed.keys())
        if failed:
            raise self._failed[failed[0]]
        return {id: self._object(manifest) for id, manifest in sorted(needed.items())}

    def _advance(self) -> None:
        """Note what has been unpacked, and start what there is room for."""
        while not self._unpacked.empty():
            self._settle(self._unpacked.get())
        while self._waiting and self._held < _WINDOW:
            manifest, integrity = self._waiting.popleft()
            self._held += 1
            done = partial(self._arrived, manifest.id, integrity)
            self._source.archive(manifest).on_done(done)
        self._progress.changed()

    def _arrived(self, id: str, integrity: Integrity, transfer: Transfer) -> None:
        try:
            body = transfer.result().body
        except GraftError as error:
            self._failed[id] = error
            self._unpacked.put(id)
            return
        self._progress.fetched_bytes += len(body)
        job = self._threads.submit(admit, self._store, body, integrity, subject=id)
        self._stored[id] = job
        job.add_done_callback(lambda _: self._report(id))

    def _report(self, id: str) -> None:
        """Runs in the thread that unpacked."""
        self._unpacked.put(id)
        self._client.wake()

    def _settle(self, id: str) -> None:
        self._open.discard(id)
        self._held -= 1
        self._progress.fetched += 1

    def _object(self, manifest: Manifest) -> StoredObject:
        unpacked = self._stored.get(manifest.id)
        if unpacked:
            return unpacked.result()
        stored = find_object(self._store, required_integrity(manifest))
        if stored is None:
            # The manifest of the object is there and cannot be read: fetch the package anew.
            self.want(manifest, again=True)
            return self.finish([manifest])[manifest.id]
        return stored

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
