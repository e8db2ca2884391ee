"""Which commit of each index counts: what the lock pins, and for what it does not, the newest."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from graft.base.diagnostics import GraftError
from graft.indices.snapshots import Snapshots
from graft.lockfile.check import Unmet
from graft.model.graph import IndexPin
from graft.model.indices import short, shown_ref
from graft.project.defaults import GRAFT_TOML
from graft.project.indices_settings import IndexSource, Indices


def open_pins(indices: Indices, used: Iterable[str], pins: Mapping[str, IndexPin]) -> list[Unmet]:
    """What of the indices that serve the namespaces ``used`` (empty: the default one) the lock does
    not answer, or answers for what was asked before. Where this says anything, the lock is stale.
    """
    found = {}
    for namespace in used:
        source = indices.route(namespace)
        if source is None:
            asks = f"declares no index for {namespace or 'the default namespace'}"
            found[namespace] = Unmet(GRAFT_TOML, asks, "has packages of one")
        elif reason := _open(source, pins.get(source.namespace)):
            asks = f"takes packages of {source.namespace} from {shown(source)}"
            found[source.namespace] = Unmet(GRAFT_TOML, asks, reason)
    return [found[namespace] for namespace in sorted(found)]


def shown(source: IndexSource) -> str:
    return source.place + (f" ({shown_ref(source.ref)})" if source.ref else "")


class PinnedIndices:
    """The indices of a project at work. ``pins`` is what the lock says; ``used`` grows with the
    pins of those that were asked for, and is what the next lock says. Pins that are there stay."""

    def __init__(
        self, indices: Indices, pins: Mapping[str, IndexPin], snapshots: Snapshots
    ) -> None:
        self.used: dict[str, IndexPin] = {}
        self._indices = indices
        self._pins = pins
        self._snapshots = snapshots
        self._folders: dict[str, str] = {}

    def folder(self, namespace: str) -> str | None:
        """The descriptors of the index that serves a namespace; None if a registry does. Raises
        what ``Snapshots`` raises, and ``source-missing`` for a folder that is not there."""
        source = self._indices.route(namespace)
        if source is None:
            return None
        key = source.namespace
        if key not in self._folders:
            self._folders[key] = self._of(source)
        return self._folders[key]

    def _of(self, source: IndexSource) -> str:
        key = source.namespace
        pin = self.pin(key)
        return self._snapshots.folder(key, pin) if source.url else local_folder(source)

    def pin(self, key: str) -> IndexPin:
        """That of the index that is declared for exactly this namespace. Raises what finding its
        commit raises."""
        if key not in self.used:
            source, pin = self._indices.sources[key], self._pins.get(key)
            if not source.url:
                pin = source.pin()
            elif pin is None or not source.is_asked_by(pin):
                pin = source.pin(self._snapshots.resolve(source))
            self.used[key] = pin
        return self.used[key]


def local_folder(source: IndexSource) -> str:
    """Raises ``source-missing``."""
    if not os.path.isdir(source.folder):
        raise GraftError(
            "source-missing",
            f"the index of '{source.namespace}' is a folder that is not there",
            where=source.folder,
            why=[f"{source.where} names it"],
            fix="correct the path, which is relative to the file that names it",
        )
    return source.folder


def _open(source: IndexSource, pin: IndexPin | None) -> str:
    if pin is None:
        return "pins no such index"
    if source.is_asked_by(pin):
        return ""
    if not pin.url:
        return f"was made with {f'the folder {pin.path}' if pin.path else 'another folder'}"
    asked = f" ({shown_ref(pin.ref)})" if pin.ref else ""
    return f"was made with {pin.url}{asked} at {short(pin.commit)}"
