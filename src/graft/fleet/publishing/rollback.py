"""Back to a release that hosts had before, and keeping one for that. No registry is asked."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.fleet.blobs.stores import absent
from graft.fleet.publishing.attempt import Fleet, attempt
from graft.fleet.publishing.publish import Published, announce, changes_between, current
from graft.fleet.release import Release
from graft.fleet.state.blob_index import find
from graft.fleet.state.operations import hold
from graft.fleet.state.releases import history, pin_release, read_release, unpin_release
from graft.model.integrity import parse_integrity

_NAMED = 5


def rollback(
    fleet: Fleet,
    set: str,
    by: str,
    hash: str = "",
    *,
    dry_run: bool = False,
    wait_seconds: float = 0,
) -> Published:
    """To the release ``hash``; empty is the one that was current before this one. It becomes the
    newest of the history, so that to go back once more leads to where one came from.

    Raises ``fleet-not-found`` where there is none, and ``fleet-blob-missing`` where archives of it
    were collected.
    """
    if dry_run:
        release = _whole(fleet, set, hash or _before(fleet, set))
        now, before = current(fleet, set)
        changes = changes_between(before, release)
        return Published(
            state=now, release=release, previous=now.hash, changes=changes, dry_run=True
        )
    with attempt(fleet, "rollback", set, by, wait_seconds=wait_seconds) as trying:
        release = _whole(fleet, set, hash or _before(fleet, set))
        now, before = current(fleet, set)
        changes = changes_between(before, release)
        after = announce(trying, release)
    return Published(state=after, release=release, previous=now.hash, changes=changes)


def pin(fleet: Fleet, set: str, hash: str, *, wait_seconds: float = 0) -> None:
    """Keep a release whatever comes after it, if all of it is still there: raises as ``rollback``
    does. Nothing is collected meanwhile."""
    with hold(fleet.database, "pin", set, fleet.holder, fleet.now, wait_seconds=wait_seconds):
        _whole(fleet, set, hash)
        with fleet.database.transaction() as t:
            pin_release(t, set, hash)


def unpin(fleet: Fleet, set: str, hash: str) -> None:
    with fleet.database.transaction() as t:
        unpin_release(t, set, hash)


def _before(fleet: Fleet, set: str) -> str:
    with fleet.database.reading() as t:
        others = [past.hash for past in history(t, set) if not past.current]
    if not others:
        raise GraftError(
            "fleet-not-found",
            f"the package set '{set}' has no release to go back to",
            where=set,
            fix="publish another one",
        )
    return others[0]


def _whole(fleet: Fleet, set: str, hash: str) -> Release:
    """A release of which every archive is there: the index says where, and that store is asked."""
    with fleet.database.reading() as t:
        release = read_release(t, set, hash)
        if release is None:
            raise GraftError(
                "fleet-not-found",
                f"the package set '{set}' has no release {hash}",
                where=set,
                why=["it was never published there, or was forgotten when newer ones came"],
                fix=f"'graft fleet history {set}' says which ones are retained",
            )
        rows = find(t, [entry.integrity for entry in release.entries])
    gone = {entry.integrity for entry in release.entries} - rows.keys()
    for store in {row.store for row in rows.values()}:
        there = [i for i, row in rows.items() if row.store == store]
        if store in fleet.stores.ids:
            lacking = absent(fleet.stores.store(store), list(map(parse_integrity, there)))
            gone.update(map(str, lacking))
        else:
            gone.update(there)
    if gone:
        names = [f"{e.name}@{e.version}" for e in release.entries if e.integrity in gone]
        raise GraftError(
            "fleet-blob-missing",
            f"{len(names)} archives of the release are not there any more",
            where=hash,
            why=[", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")],
            fix="install the set again, which fetches what is missing",
        )
    return release
