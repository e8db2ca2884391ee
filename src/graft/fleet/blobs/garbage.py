"""Which archives nobody needs, decided in one transaction over the index and what stores list."""

from __future__ import annotations

from collections.abc import Mapping

from graft.base.records import Record
from graft.fleet.records import Blob
from graft.fleet.state import blob_index, releases, storage
from graft.fleet.state.database import Transaction
from graft.fleet.state.sets import list_sets
from graft.model.integrity import Integrity, parse_integrity

Listing = Mapping[str, Mapping[Integrity, tuple[int, int]]]
"""By store, what lies there: its size, and when it was written."""


class Garbage(Record):
    """``due`` is to go, ``waiting`` is not needed but has time. ``found`` are how many of both no
    index had named, ``releases`` how many were forgotten. ``copies`` is where else than the index
    says an archive lies."""

    due: tuple[Blob, ...]
    waiting: tuple[Blob, ...]
    copies: tuple[tuple[Blob, str], ...]
    found: int
    releases: int


def decide(t: Transaction, listing: Listing, *, keep: int, now: int, before: int) -> Garbage:
    """Forget the releases that are not retained, and say since when which archive is not needed.

    Due is what was not at ``before`` and ever since. What no index names is named now, so it waits
    as long as any other. Whatever is written in a way that cannot be read is kept.
    """
    forgotten = sum(len(releases.prune(t, set, keep)) for set in list_sets(t))
    retained = releases.retained(t, keep)
    needed = {_parsed(text) for text in retained} | {None}
    found = _name_strays(t, listing, needed, now)
    blobs = blob_index.every(t)
    # A lock may say the same digest in other words, or several of them.
    named = {blob.integrity: _parsed(blob.integrity) for blob in blobs}
    blob_index.mark_references(t, {text for text, what in named.items() if what in needed}, now)
    due = {blob.integrity for blob in blob_index.collectable(t, before)}
    # Two names of the same bytes.
    spoken_for = {what for text, what in named.items() if text not in due}
    due = {text for text in due if named[text] not in spoken_for}
    unneeded = [blob for blob in blob_index.every(t) if blob.unreferenced_at]
    settled = storage.read_storage(t).updated_at <= before
    return Garbage(
        due=tuple(blob for blob in unneeded if blob.integrity in due),
        waiting=tuple(blob for blob in unneeded if blob.integrity not in due),
        copies=tuple(_copies(listing, blobs, due)) if settled else (),
        found=found,
        releases=forgotten,
    )


def _name_strays(t: Transaction, listing: Listing, needed: set[Integrity | None], now: int) -> int:
    """What a retained release needs and no index names is left alone: the next install names it."""
    known = needed | {_parsed(blob.integrity) for blob in blob_index.every(t)}
    found = 0
    for store, there in listing.items():
        for integrity, (size, written) in there.items():
            if integrity in known:
                continue
            known.add(integrity)
            found += 1
            stray = Blob(
                integrity=str(integrity),
                name="",
                version="",
                store=store,
                size=size,
                unpacked=-1,
                created_at=written,
                unreferenced_at=now,
            )
            blob_index.record(t, stray)
    return found


def _copies(listing: Listing, blobs: list[Blob], due: set[str]) -> list[tuple[Blob, str]]:
    """What is due goes wherever it lies."""
    index = {_parsed(blob.integrity): blob for blob in blobs if blob.integrity not in due}
    return [
        (index[integrity], store)
        for store, there in listing.items()
        for integrity in there
        if integrity in index and index[integrity].store != store
    ]


def _parsed(text: str) -> Integrity | None:
    try:
        return parse_integrity(text)
    except ValueError:
        return None
