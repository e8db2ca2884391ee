"""From what a package set pins, or from a project's lock, to what its hosts are to have."""

from __future__ import annotations

from collections.abc import Callable

from graft.fleet.publishing.attempt import Attempt, Fleet, active_store, attempt
from graft.fleet.publishing.composition import measured
from graft.fleet.publishing.publish import (
    Published,
    announce,
    changes_between,
    current,
    elsewhere,
    graph_of,
    put_archives,
    sizes_of,
)
from graft.fleet.publishing.size_cap import check_size
from graft.fleet.publishing.spool import Spool
from graft.fleet.records import SetSettings
from graft.fleet.state.sets import need_set, pins
from graft.workflows.fleet_archives import fetch_archives, said_sizes
from graft.workflows.fleet_release import Asked, Installer, Made, made


def install(
    installer: Installer,
    set: str,
    by: str,
    *,
    update: bool = False,
    dry_run: bool = False,
    wait_seconds: float = 0,
) -> Published:
    """Resolve a set's pins, and publish what that gives. The versions of its release are preferred;
    with ``update`` those below the pins are chosen anew.

    Raises ``fleet-not-found``, ``fleet-busy``, ``fleet-invalid``, ``fleet-too-large``, and what
    resolving, fetching and putting raise. The set then says so, and its release is the one before.
    """

    def asked() -> Asked:
        with installer.fleet.database.reading() as t:
            settings, pinned = need_set(t, set), tuple(pins(t, set))
        _, before = current(installer.fleet, set)
        previous = None if update else graph_of(before)
        return Asked(set=set, settings=settings, pins=pinned, previous=previous)

    return _bring(installer, "install", set, by, asked, dry_run, wait_seconds)


def publish(
    installer: Installer,
    set: str,
    lock: bytes,
    by: str,
    *,
    dry_run: bool = False,
    wait_seconds: float = 0,
) -> Published:
    """The same for a project's lock, of which nothing is resolved: what its root asks for where it
    runs. Raises ``lock-unreadable``, too."""

    def asked() -> Asked:
        with installer.fleet.database.reading() as t:
            return Asked(set=set, settings=need_set(t, set), lock=lock)

    return _bring(installer, "publish", set, by, asked, dry_run, wait_seconds)


def _bring(
    installer: Installer,
    kind: str,
    set: str,
    by: str,
    asked: Callable[[], Asked],
    dry_run: bool,
    wait_seconds: float,
) -> Published:
    fleet = installer.fleet
    if dry_run:
        question = asked()
        with made(installer, question) as new:
            return _preview(fleet, set, new, question.settings)
    with attempt(fleet, kind, set, by, wait_seconds=wait_seconds) as trying:
        question = asked()  # as it is now that nobody else is at work
        with made(installer, question) as new:
            return _publish(trying, new, question.settings)


def _publish(trying: Attempt, new: Made, settings: SetSettings) -> Published:
    fleet, release = trying.fleet, new.release
    was, before = current(fleet, trying.set)
    put, put_bytes, put_unpacked, notes = 0, 0, 0, new.notes
    if new.work is not None:
        known = sizes_of(fleet, trying.active, new.archives)
        with Spool(new.work.context.settings.cache_root) as spool:
            sizes = fetch_archives(
                new.work,
                spool,
                release,
                new.archives,
                known,
                elsewhere=elsewhere(fleet, new.archives.keys() - known.keys()),
                settings=settings,
            )
            release = measured(release, sizes)
            notes += check_size(settings, release.entries)
            lacking = [entry for entry in release.entries if entry.integrity not in known]
            put_archives(trying, lacking, spool.read)
            put, put_bytes = len(lacking), spool.size
            put_unpacked = sum(entry.unpacked for entry in lacking)
    changes = changes_between(before, release)
    after = announce(trying, release)
    return Published(
        state=after,
        release=release,
        previous=was.hash,
        changes=changes,
        put=put,
        put_bytes=put_bytes,
        put_unpacked=put_unpacked,
        notes=notes,
    )


def _preview(fleet: Fleet, set: str, new: Made, settings: SetSettings) -> Published:
    was, before = current(fleet, set)
    known = sizes_of(fleet, active_store(fleet), new.archives)
    lacking = {i: manifest for i, manifest in new.archives.items() if i not in known}
    said = said_sizes(new.work, lacking) if new.work is not None else {}
    release = measured(new.release, {**known, **said})
    return Published(
        state=was,
        release=release,
        previous=was.hash,
        changes=changes_between(before, release),
        put=len(lacking),
        put_unpacked=sum(unpacked for _, unpacked in said.values()),
        put_unknown=len(lacking) - len(said),
        dry_run=True,
        notes=new.notes + check_size(settings, release.entries),
    )
