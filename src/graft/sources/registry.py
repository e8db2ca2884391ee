"""Packages of an npm registry."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from graft.base.http import Transfer
from graft.base.http_client import HttpClient
from graft.model.manifest import Manifest
from graft.project.registries import Registries
from graft.sources.packument import Packument
from graft.sources.packument_cache import PackumentCache


class Mode(StrEnum):
    ONLINE = "online"
    PREFER_OFFLINE = "prefer-offline"
    OFFLINE = "offline"


class RegistrySource:
    def __init__(
        self,
        client: HttpClient,
        registries: Registries,
        cache: PackumentCache,
        *,
        mode: Mode,
        clock: Callable[[], float],
        fresh: frozenset[str] | None = frozenset(),
    ) -> None:
        """``fresh`` names packages whose cached packument is asked after again; None is all."""

    def prefetch(self, name: str, *, full: bool = False) -> None:
        raise NotImplementedError

    def packument(self, name: str, *, full: bool = False) -> Packument:
        raise NotImplementedError

    def on_packument(self, callback: Callable[[Packument], None]) -> None:
        raise NotImplementedError

    def archive(self, manifest: Manifest) -> Transfer:
        raise NotImplementedError
