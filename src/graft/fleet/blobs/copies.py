"""An archive that comes to lie in another store: it is there once it was read back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from graft.base.diagnostics import GraftError
from graft.fleet.blobs.failures import store_failed
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.records import Blob
from graft.model.integrity import Integrity, parse_integrity

T = TypeVar("T")
R = TypeVar("R")

THREADS = 8
_BATCH = 4 * THREADS


def called(blob: Blob) -> str:
    """As a diagnostic names it; what was found without an index has no other name."""
    return f"{blob.name}@{blob.version}" if blob.name else blob.integrity


def integrity_of(blob: Blob) -> Integrity:
    """Raises ``fleet-state`` where the index says something else."""
    try:
        return parse_integrity(blob.integrity)
    except ValueError as error:
        raise GraftError(
            "fleet-state", "an archive in the index has no integrity", why=[str(error)]
        ) from None


def bring(stores: BlobStores, blob: Blob, target: BlobStore) -> int:
    """Have a good copy of ``blob`` in ``target``; how many bytes were written.

    One that is there already is compared too, and replaced if it has other bytes. Raises as
    ``BlobStores.read`` does, and ``blob-store-failed`` where the target gives other bytes back than
    it was given: that copy is removed, so that nobody takes it for one later.
    """
    integrity = integrity_of(blob)
    if _is_good(target, integrity):
        return 0
    data = stores.read(integrity, indexed=blob.store, subject=called(blob)).data
    target.put(integrity, data)
    if not _is_good(target, integrity):
        discard(target, integrity)
        why = f"of {called(blob)} it gave back other bytes than were put"
        raise store_failed(target.id, "relied on", why)
    return len(data)


def in_batches(
    work: Callable[[T], R], items: Iterable[T]
) -> Iterator[tuple[tuple[T, ...], list[R]]]:
    """What ``work`` says of so many items at a time, in threads: between batches is the moment to
    say how far it is, and to stop."""
    from concurrent.futures import ThreadPoolExecutor

    left = iter(items)
    with ThreadPoolExecutor(THREADS) as pool:
        while batch := tuple(islice(left, _BATCH)):
            yield batch, [*pool.map(work, batch)]


def _is_good(store: BlobStore, integrity: Integrity) -> bool:
    data = store.get(integrity)
    return data is not None and integrity.matches(data)


def discard(store: BlobStore, integrity: Integrity) -> None:
    """Remove a copy that is no good, if that can be done."""
    try:
        store.delete(integrity)
    except GraftError:
        pass  # whoever reads it or brings it compares it anyway
