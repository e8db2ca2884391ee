"""Archives on their way into the store: downloads and unpacking overlap.

The network is advanced by whoever waits; unpacking runs on a few threads, which spend their time
inflating, hashing and writing, all without the interpreter's lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from graft.base.diagnostics import GraftError
from graft.base.http import Transfer
from graft.base.http_client import HttpClient
from graft.base.progress import Progress
from graft.model.integrity import Integrity
from graft.model.manifest import Manifest
from graft.sources.registry import RegistrySource
from graft.store.admission import required_integrity
from graft.store.objects import StoredObject, admit, find_object, has_object
from graft.store.paths import Store

_PUMP_SECONDS = 0.05
_THREADS = max(2, min(4, os.cpu_count() or 2))


class Archives:
    """Fetches each archive once, however often it is wanted. Close it to stop its threads."""

    def __init__(
        self, store: Store, source: RegistrySource, client: HttpClient, progress: Progress
    ) -> None:
        self._store = store
        self._source = source
        self._client = client
        self._progress = progress
        self._threads = ThreadPoolExecutor(max_workers=_THREADS)
        self._unpacking: dict[str, Future[StoredObject]] = {}
        self._downloading: dict[str, Transfer] = {}
        self._failed: dict[str, GraftError] = {}
        self.fetched: set[str] = set()

    def want(self, manifest: Manifest, *, again: bool = False) -> None:
        """Start fetching, unless the store has it, or ``again`` asks for it regardless."""
        id = manifest.id
        if id in self._downloading or id in self._unpacking or id in self._failed:
            return
        try:
            integrity = required_integrity(manifest)
            if not again and has_object(self._store, integrity):
                return
            transfer = self._source.archive(manifest)
        except GraftError as error:
            self._failed[id] = error
            return
        self._downloading[id] = transfer
        self._progress.to_fetch += 1
        transfer.on_done(lambda done: self._arrived(manifest, integrity, done))

    def _arrived(self, manifest: Manifest, integrity: Integrity, transfer: Transfer) -> None:
        id = manifest.id
        try:
            body = transfer.result().body
        except GraftError as error:
            self._failed[id] = error
            return
        finally:
            self._downloading.pop(id, None)
        self.fetched.add(id)
        self._progress.fetched_bytes += len(body)
        self._unpacking[id] = self._threads.submit(admit, self._store, body, integrity, subject=id)

    def finish(self, manifests: Iterable[Manifest]) -> dict[str, StoredObject]:
        """Wait until the objects of ``manifests`` are stored; they are returned by manifest id.

        Raises the first failure among them, by id.
        """
        needed = {manifest.id: manifest for manifest in manifests}
        for manifest in needed.values():
            self.want(manifest)
        while any(id in self._downloading for id in needed):
            self._client.pump(_PUMP_SECONDS)
            self._count()
        pending = {self._unpacking[id] for id in needed if id in self._unpacking}
        while pending:
            _, pending = wait(pending, timeout=_PUMP_SECONDS)
            self._count()
        failed = sorted(needed.keys() & self._failed.keys())
        if failed:
            raise self._failed[failed[0]]
        return {id: self._stored(manifest) for id, manifest in sorted(needed.items())}

    def _count(self) -> None:
        self._progress.fetched = sum(done.done() for done in self._unpacking.values())
        self._progress.changed()

    def _stored(self, manifest: Manifest) -> StoredObject:
        unpacked = self._unpacking.get(manifest.id)
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
