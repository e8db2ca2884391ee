"""The blob stores of a server, by their ids: which one has an archive, and is it that?"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.blobs.failures import blob_damaged, blob_missing
from graft.fleet.blobs.store import BlobStore
from graft.model.integrity import Integrity

# How many archives are remembered as looked through, to read parts of them.
_REMEMBERED = 10_000


class Served(Record, unshown=("data",)):
    """An archive, and the store that it came from."""

    data: bytes
    store: str


class BlobStores:
    """``stores`` in the order in which they were declared; the first is written to where nobody
    has chosen another. An id that is declared twice is that of the last.

    Whatever is read here is compared with its integrity first. May be used from several threads.
    """

    def __init__(self, stores: Iterable[BlobStore]) -> None:
        self._stores = {store.id: store for store in stores}
        self._whole: OrderedDict[tuple[str, Integrity], None] = OrderedDict()
        self._turn = threading.Lock()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._stores)

    def store(self, id: str = "") -> BlobStore:
        """Empty is the first. Raises ``fleet-invalid`` with the ids that there are."""
        chosen = id or next(iter(self._stores), "")
        if chosen in self._stores:
            return self._stores[chosen]
        raise GraftError(
            "fleet-invalid",
            f"there is no blob store '{id}' here",
            why=[f"this server has: {', '.join(self._stores) or 'none'}"],
            fix="name one of these, or start the server with that one too",
        )

    def put(self, id: str, integrity: Integrity, data: bytes) -> str:
        """Into one store; its id. Raises ``fleet-blob-damaged`` rather than write other bytes."""
        if not integrity.matches(data):
            raise blob_damaged(str(integrity), [])
        store = self.store(id)
        store.put(integrity, data)
        return store.id

    def read(
        self, integrity: Integrity, *, active: str = "", indexed: str = "", subject: str = ""
    ) -> Served:
        """From the active store, or the one that the index names, or any other that has it whole.

        ``subject`` is the package with its version, for diagnostics. A store that fails is passed
        over, as one that lacks it. Where none is left, raises ``blob-store-failed`` if one may have
        it, else ``fleet-blob-damaged`` if one has other bytes, else ``fleet-blob-missing``.
        """
        subject = subject or str(integrity)
        failure: GraftError | None = None
        damaged: list[str] = []
        for store in self._in_order(active, indexed):
            try:
                data = store.get(integrity)
            except GraftError as error:
                failure = failure or error
                continue
            if data is None:
                continue
            if integrity.matches(data):
                self._remember(store.id, integrity)
                return Served(data=data, store=store.id)
            damaged.append(store.id)
        if failure:
            raise failure
        raise blob_damaged(subject, damaged) if damaged else blob_missing(subject)

    def part(
        self, integrity: Integrity, start: int, end: int, *, active: str = "", indexed: str = ""
    ) -> bytes:
        """Bytes ``start`` to ``end``, without that one. A part proves nothing, so the whole is
        looked through before the first one; who puts parts together compares again. Raises as
        ``read`` does."""
        for store in self._in_order(active, indexed):
            if self._is_whole(store.id, integrity):
                try:
                    data = store.part(integrity, start, end)
                except GraftError:
                    continue
                if data is not None:
                    return data
        return self.read(integrity, active=active, indexed=indexed).data[start:end]

    def _in_order(self, active: str, indexed: str) -> Iterator[BlobStore]:
        first = [id for id in (active, indexed) if id in self._stores]
        for id in dict.fromkeys([*first, *self._stores]):
            yield self._stores[id]

    def _remember(self, id: str, integrity: Integrity) -> None:
        with self._turn:
            self._whole[id, integrity] = None
            self._whole.move_to_end((id, integrity))
            if len(self._whole) > _REMEMBERED:
                self._whole.popitem(last=False)

    def _is_whole(self, id: str, integrity: Integrity) -> bool:
        with self._turn:
            return (id, integrity) in self._whole


def absent(store: BlobStore, wanted: Sequence[Integrity], *, threads: int = 8) -> list[Integrity]:
    """Those that a store does not have, in their order, each once: asked, as an index may be wrong.

    Of what it has nothing more is looked at.
    """
    from concurrent.futures import ThreadPoolExecutor

    each = list(dict.fromkeys(wanted))
    with ThreadPoolExecutor(threads) as pool:
        sizes = pool.map(store.size, each)
        return [integrity for integrity, size in zip(each, sizes, strict=True) if size is None]
