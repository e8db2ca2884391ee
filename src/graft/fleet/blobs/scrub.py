"""Every archive is read and compared with its integrity, and what is not that is put right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import Record
from graft.fleet.blobs.copies import bring, called, discard, in_batches, integrity_of
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.records import Blob
from graft.fleet.state import blob_index
from graft.fleet.state.database import Database
from graft.fleet.state.epochs import need_newest
from graft.fleet.state.operations import Held

KIND = "scrub"
"""What ``operations.hold`` is to be told."""

GOOD = "good"
REPAIRED = "repaired"
LOST = "lost"
UNKNOWN = "unknown"


class Finding(Record):
    """``what`` is ``repaired``, ``lost`` or ``unknown``; ``why`` is what was wrong, of a store that
    could not be asked in its words."""

    package: str
    integrity: str
    store: str
    what: str
    why: Diagnostic | None = None

    def as_json(self) -> dict[str, Any]:
        said = {name: getattr(self, name) for name in type(self).fields}
        return said | {"why": self.why.as_json() if self.why else None}


class Scrub(Record):
    """What was looked at, and all that was not good.

    What is ``lost`` no store has: the index does not name it any more, so the next install of a set
    that has it fetches it again. What is ``unknown`` could not be asked, and stays as it is.
    """

    checked: int
    checked_bytes: int
    findings: tuple[Finding, ...] = ()

    @property
    def is_clean(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        return {
            "checked": self.checked,
            "checked_bytes": self.checked_bytes,
            "findings": [finding.as_json() for finding in self.findings],
        }


def scrub(
    database: Database,
    stores: BlobStores,
    held: Held,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Scrub:
    """Look through all that the index names, where it says that it lies. A copy that is missing or
    has other bytes is replaced from another store that has a good one."""
    with database.reading() as t:
        blobs = blob_index.every(t)
    checked = size = 0
    findings: list[Finding] = []
    progress(0, len(blobs))
    for batch, found in in_batches(lambda blob: _look(stores, blob), blobs):
        for blob, one in zip(batch, found, strict=True):
            if one and one.what == LOST:
                held.check()
                _give_up(database, stores, blob, held.epoch)
        findings += [one for one in found if one]
        checked += len(batch)
        size += sum(blob.size for blob in batch)
        progress(checked, len(blobs))
    return Scrub(checked=checked, checked_bytes=size, findings=tuple(findings))


def _look(stores: BlobStores, blob: Blob) -> Finding | None:
    """None where it is good."""
    why: Diagnostic | None = None
    try:
        store = stores.store(blob.store)
        what = REPAIRED if bring(stores, blob, store) else GOOD
    except GraftError as error:
        why = error.diagnostic
        what = LOST if why.code in ("fleet-blob-missing", "fleet-blob-damaged") else UNKNOWN
    if what == GOOD:
        return None
    return Finding(
        package=called(blob), integrity=blob.integrity, store=blob.store, what=what, why=why
    )


def _give_up(database: Database, stores: BlobStores, blob: Blob, epoch: int) -> None:
    """No store has it whole: neither the index nor a store says any more that it is there."""
    with database.transaction() as t:
        need_newest(t, epoch)
        blob_index.forget(t, blob.integrity)
    for id in stores.ids:
        discard(stores.store(id), integrity_of(blob))
