"""What a fleet's server does on behalf of those who ask it: installs, moves, collects, searches."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from graft.base.progress import Progress
from graft.base.records import Record
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.publishing.attempt import Fleet
from graft.fleet.publishing.publish import Published
from graft.fleet.state.database import Database
from graft.fleet.state.operations import Held, hold
from graft.fleet.state.secrets import registry_tokens
from graft.project.settings import Settings
from graft.workflows.fleet_release import Installer

Report = Mapping[str, Any]
Began = Callable[[], None]


def holder() -> str:
    """This process, as admins find it."""
    return f"{os.uname().nodename}, process {os.getpid()}"


class FleetWork(Record, unshown=("key",)):
    """``settings`` are the server's own. ``key`` unseals the tokens of registries, in memory."""

    database: Database
    stores: BlobStores
    settings: Settings
    now: Callable[[], int]
    key: str = ""

    def install(
        self,
        set: str,
        by: str,
        began: Began,
        *,
        dry_run: bool,
        update: bool,
        wait_seconds: float = 0,
    ) -> Report:
        from graft.workflows.fleet_install import install

        installer = self._installer(began)
        return _published(
            install(installer, set, by, dry_run=dry_run, update=update, wait_seconds=wait_seconds)
        )

    def publish(
        self,
        set: str,
        lock: bytes,
        by: str,
        began: Began,
        *,
        dry_run: bool,
        wait_seconds: float = 0,
    ) -> Report:
        from graft.workflows.fleet_install import publish

        installer = self._installer(began)
        return _published(
            publish(installer, set, lock, by, dry_run=dry_run, wait_seconds=wait_seconds)
        )

    def rollback(
        self, set: str, hash: str, by: str, *, dry_run: bool, wait_seconds: float = 0
    ) -> Report:
        from graft.fleet.publishing.rollback import rollback

        return _published(
            rollback(self.fleet, set, by, hash, dry_run=dry_run, wait_seconds=wait_seconds)
        )

    def pin(self, set: str, hash: str) -> None:
        from graft.fleet.publishing.rollback import pin

        pin(self.fleet, set, hash)

    def migrate(self, target: str, began: Began) -> Report:
        from graft.fleet.blobs.migration import KIND, migrate

        with self._hold(KIND, target) as held:
            told = _told(began)
            return migrate(self.database, self.stores, target, held, self.now, told).as_json()

    def resume(self, began: Began) -> Report:
        """Go on with a migration that died; nothing where there is none, or somebody is at it."""
        from graft.fleet.blobs.migration import resume

        done = resume(self.database, self.stores, holder(), self.now, _told(began))
        return done.as_json() if done else {}

    def scrub(self, began: Began) -> Report:
        from graft.fleet.blobs.scrub import KIND, scrub

        with self._hold(KIND, "") as held:
            return scrub(self.database, self.stores, held, _told(began)).as_json()

    def collect(self, began: Began, grace: int, dry_run: bool, wait_seconds: float = 0) -> Report:
        from graft.fleet.blobs.collect import KIND, collect

        with self._hold(KIND, "", wait_seconds) as held:
            began()
            done = collect(self.database, self.stores, held, self.now, grace=grace, dry_run=dry_run)
            return done.as_json()

    def search(self, set: str, text: str, limit: int) -> Report:
        from graft.workflows.fleet_registry import search

        return search(self._installer(lambda: None), set, text, limit)

    def versions(self, set: str, name: str) -> Report:
        from graft.workflows.fleet_registry import versions

        return versions(self._installer(lambda: None), set, name)

    def audit(self, set: str, hash: str) -> Report:
        from graft.workflows.fleet_audit import audit

        return audit(self._installer(lambda: None), set, hash)

    @property
    def fleet(self) -> Fleet:
        return Fleet(database=self.database, stores=self.stores, holder=holder(), now=self.now)

    def _hold(
        self, kind: str, subject: str, wait_seconds: float = 0
    ) -> AbstractContextManager[Held]:
        return hold(self.database, kind, subject, holder(), self.now, wait_seconds=wait_seconds)

    def _installer(self, began: Began) -> Installer:
        def progress() -> Progress:
            # Made once the lock is held: whoever asked need not wait any longer.
            began()
            return Progress()

        return Installer(
            fleet=self.fleet, settings=self.settings, tokens=self._tokens, progress=progress
        )

    def _tokens(self, set: str) -> Mapping[str, str]:
        with self.database.reading() as t:
            return registry_tokens(t, set, self.key)


def _told(began: Began) -> Callable[[int, int], None]:
    """Progress, of which nothing is wanted but that there is some."""
    return lambda *_: began()


def _published(done: Published) -> Report:
    release = done.release
    return {
        "hash": release.hash,
        "previous": done.previous,
        "packages": len(release.entries),
        "size": release.size,
        "unpacked": release.unpacked,
        "changes": [each.as_json() for each in done.changes],
        "put": done.put,
        "put_bytes": done.put_bytes,
        "put_unpacked": done.put_unpacked,
        "put_unknown": done.put_unknown,
        "dry_run": done.dry_run,
        "notes": [note.as_json() for note in done.notes],
    }
