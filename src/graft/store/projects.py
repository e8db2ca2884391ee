"""The register of projects: who uses the store, and which slots each links to.

Collection keeps whatever a registered project names, so a project is registered before its links
are put in place and keeps what it last named until it is registered again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from graft.base.files import read_file, write_atomic
from graft.store.paths import Store

_RECORD_VERSION = 1


def claim_slots(store: Store, project: str, slots: Iterable[str], lock_digest: str) -> None:
    """Before links change: ``project`` names what it links to now and what it is about to."""
    record = _read(store, project)
    _write(store, project, {*record.get("slots", ()), *slots}, lock_digest)


def settle_slots(store: Store, project: str, slots: Iterable[str], lock_digest: str) -> None:
    """After links have changed: ``project`` names just what it links to."""
    _write(store, project, set(slots), lock_digest)


def claimed_slots(store: Store, project: str) -> frozenset[str] | None:
    """What ``project`` named last; None where the store does not know it, as after it was moved."""
    slots = _read(store, project).get("slots")
    return frozenset(slots) if isinstance(slots, list) else None


def _write(store: Store, project: str, slots: set[str], lock_digest: str) -> None:
    record = {
        "project": _RECORD_VERSION,
        "path": os.path.realpath(project),
        "lock": lock_digest,
        "slots": sorted(slots),
    }
    data = json.dumps(record, indent=0).encode()
    path = store.project_record(project)
    if read_file(path) != data:
        write_atomic(path, data)


def _read(store: Store, project: str) -> dict[str, Any]:
    try:
        record = json.loads(read_file(store.project_record(project)) or b"{}")
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
