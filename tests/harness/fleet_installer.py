"""A fleet's server without the server: state, blobs and installer of a machine, in this process."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from graft.base.records import replace
from graft.fleet.blobs.folder import FolderBlobs
from graft.fleet.blobs.stores import BlobStores
from graft.fleet.publishing.attempt import Fleet
from graft.fleet.records import PublishedRelease, SetSettings, SetState
from graft.fleet.release import Release
from graft.fleet.state.database import Database
from graft.fleet.state.opening import open_database
from graft.fleet.state.releases import history, read_release, state
from graft.fleet.state.sets import (
    create_set,
    enable_pin,
    put_pin,
    read_set,
    remove_pin,
    write_settings,
)
from graft.lockfile.format import read_lock
from graft.model.graph import Graph
from graft.model.platform import Platform
from graft.project.settings import read_settings
from graft.workflows.fleet_install import install, publish
from graft.workflows.fleet_release import Installer
from harness.closing import Closing
from harness.machine import Machine

LINUX = Platform(os="linux", cpu="x64", libc="glibc")
MUSL = Platform(os="linux", cpu="x64", libc="musl")
MAC = Platform(os="darwin", cpu="arm64")


class FleetInstaller(Closing):
    """``tokens`` and ``settings`` of its one set, ``scripts``, may be changed at any time. Its
    state is at ``url``, by default a file; one that is given a ``database`` is another server of
    what is there."""

    def __init__(self, machine: Machine, url: str = "", database: Database | None = None) -> None:
        self.folder = machine.root / "fleet"
        self.database = database or open_database(url or str(self.folder / "state.db"))
        self.blobs = FolderBlobs("folder", str(self.folder / "blobs"))
        self.tokens: dict[str, str] = {}
        clock = itertools.count(1_000)
        self.fleet = Fleet(
            database=self.database,
            stores=BlobStores([self.blobs]),
            holder="a test",
            now=lambda: next(clock),
        )
        self.installer = Installer(
            fleet=self.fleet,
            settings=read_settings(str(self.folder), machine.env, str(machine.home), {}),
            tokens=lambda _: self.tokens,
        )
        with self.database.transaction() if database is None else nullcontext() as t:
            if t is not None and read_set(t, "scripts") is None:
                create_set(t, "scripts", SetSettings(), 1)

    def close(self) -> None:
        self.database.close()

    def settings(self, **changes: Any) -> None:
        with self.database.transaction() as t:
            write_settings(t, "scripts", replace(SetSettings(), **changes), 1)

    def pin(self, **pins: str) -> None:
        for local, specifier in pins.items():
            self.pin_as(local, specifier)

    def pin_as(self, local: str, specifier: str) -> None:
        with self.database.transaction() as t:
            put_pin(t, "scripts", local, specifier, "admin", 1)

    def unpin(self, local: str) -> None:
        with self.database.transaction() as t:
            remove_pin(t, "scripts", local)

    def enable(self, local: str, enabled: bool) -> None:
        with self.database.transaction() as t:
            enable_pin(t, "scripts", local, enabled, 1)

    def install(self, **options: Any) -> Release:
        return install(self.installer, "scripts", "admin", **options).release

    def publish(self, lock: bytes, **options: Any) -> Release:
        return publish(self.installer, "scripts", lock, "admin", **options).release

    @property
    def state(self) -> SetState:
        with self.database.reading() as t:
            return state(t, "scripts")

    @property
    def history(self) -> list[PublishedRelease]:
        with self.database.reading() as t:
            return history(t, "scripts")

    @property
    def current(self) -> Release | None:
        with self.database.reading() as t:
            return read_release(t, "scripts", state(t, "scripts").hash)

    @property
    def stored(self) -> set[str]:
        """The integrities of all archives in the blob store."""
        return {str(integrity) for integrity, _, _ in self.blobs.list()}

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath(*parts)


def graph_of(release: Release) -> Graph:
    return read_lock(release.lock, where="a release")


def top_level(release: Release) -> dict[str, str]:
    """What may be imported, by local name: ``name@version`` of each."""
    graph = graph_of(release)
    assert set(graph.importers) == {"."}
    edges = graph.importers["."].edges
    return {local: graph.nodes[id].manifest.id for local, id in edges.items()}


def packages(release: Release) -> list[str]:
    return [f"{entry.name}@{entry.version}" for entry in release.entries]
