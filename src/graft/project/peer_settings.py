"""What is done about peers that nobody provides, or that are out of range."""

from __future__ import annotations

from graft.base.records import Record
from graft.project.npmrc import Layer, Npmrc
from graft.project.values import boolean


class PeerSettings(Record):
    """``strict`` makes every conflict an error. ``legacy`` adds no peers and says nothing of them;
    None where no setting says anything, and then a lock is kept in the way it was made. ``at_once``
    says that ``legacy`` was asked of this very command, not of all: so it counts even where a lock
    that was made the other way answers everything."""

    strict: bool
    legacy: bool | None
    at_once: bool


def read_peer_settings(npmrc: Npmrc) -> PeerSettings:
    said = npmrc.settings.get("legacy-peer-deps")
    return PeerSettings(
        strict=boolean(npmrc, "strict-peer-deps"),
        legacy=boolean(npmrc, "legacy-peer-deps") if said else None,
        at_once=said is not None and said.layer >= Layer.ENVIRONMENT,
    )
