"""Package sets: how each is resolved, and what scripts may import of it."""

from __future__ import annotations

import json

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.platforms import platforms_document, read_platforms
from graft.fleet.records import IDLE, Pin, SetSettings, is_set_name
from graft.fleet.state.database import Row, Transaction


def create_set(t: Transaction, name: str, settings: SetSettings, now: int) -> None:
    """Raises ``fleet-invalid`` for what can be no name, and for one that is taken."""
    if not is_set_name(name):
        raise GraftError(
            "fleet-invalid",
            f"'{name}' cannot be the name of a package set",
            fix="use lower-case letters, digits and . _ - (64 at most, a letter or digit first)",
        )
    if read_set(t, name) is not None:
        raise GraftError("fleet-invalid", f"there is a package set '{name}' already", where=name)
    t.run(
        "INSERT INTO package_sets VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (name, *_written(settings), now, now),
    )
    t.run(
        "INSERT INTO set_states VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (name, IDLE, "", 0, "", "", 0, 0)
    )


def read_set(t: Transaction, name: str) -> SetSettings | None:
    for row in t.rows("SELECT * FROM package_sets WHERE name = ?", (name,)):
        return SetSettings(
            registry=row["registry"],
            scopes=json.loads(row["scopes"]),
            platforms=read_platforms(json.loads(row["platforms"])),
            warn_bytes=row["warn_bytes"],
            block_bytes=row["block_bytes"],
        )
    return None


def need_set(t: Transaction, name: str) -> SetSettings:
    """Raises ``fleet-not-found``: a set that is not there is not an empty one."""
    settings = read_set(t, name)
    if settings is None:
        raise GraftError(
            "fleet-not-found", f"there is no package set '{name}'", where=name, why=_others(t)
        )
    return settings


def list_sets(t: Transaction) -> list[str]:
    # Sorted here and not in SQL: databases sort texts as the language of their machine does.
    return sorted(row["name"] for row in t.rows("SELECT name FROM package_sets"))


def write_settings(t: Transaction, name: str, settings: SetSettings, now: int) -> None:
    """All of them."""
    need_set(t, name)
    t.run(
        "UPDATE package_sets SET registry = ?, scopes = ?, platforms = ?, warn_bytes = ?,"
        " block_bytes = ?, updated_at = ? WHERE name = ?",
        (*_written(settings), now, name),
    )


def change_settings(t: Transaction, name: str, now: int, **changes: object) -> SetSettings:
    """Those that are named; all others stay what they were."""
    settings = replace(need_set(t, name), **changes)
    write_settings(t, name, settings, now)
    return settings


def delete_set(t: Transaction, name: str) -> bool:
    """With all that is known of it. Blobs stay until they are collected; False if there is none."""
    deleted = t.run("DELETE FROM package_sets WHERE name = ?", (name,))
    drop_unpublished(t)
    return deleted > 0


def drop_unpublished(t: Transaction) -> None:
    """Releases that no set's history has any more."""
    t.run("DELETE FROM releases WHERE hash NOT IN (SELECT hash FROM published_releases)")


def put_pin(t: Transaction, set: str, local: str, specifier: str, by: str, now: int) -> Pin:
    """One that is there gets the new specifier, and stays enabled or not, and whose it was."""
    need_set(t, set)
    t.run(
        "INSERT INTO pins VALUES (?, ?, ?, 1, ?, ?, ?) ON CONFLICT (set_name, local_name)"
        " DO UPDATE SET specifier = excluded.specifier, updated_at = excluded.updated_at",
        (set, local, specifier, by, now, now),
    )
    return _need_pin(t, set, local)


def enable_pin(t: Transaction, set: str, local: str, enabled: bool, now: int) -> Pin:
    t.run(
        "UPDATE pins SET enabled = ?, updated_at = ? WHERE set_name = ? AND local_name = ?",
        (int(enabled), now, set, local),
    )
    return _need_pin(t, set, local)


def remove_pin(t: Transaction, set: str, local: str) -> bool:
    """False if there is none, which is no mistake."""
    need_set(t, set)
    return t.run("DELETE FROM pins WHERE set_name = ? AND local_name = ?", (set, local)) > 0


def pins(t: Transaction, set: str) -> list[Pin]:
    """By name."""
    need_set(t, set)
    found = [_pin(row) for row in t.rows("SELECT * FROM pins WHERE set_name = ?", (set,))]
    return sorted(found, key=lambda pin: pin.local)


def _need_pin(t: Transaction, set: str, local: str) -> Pin:
    need_set(t, set)
    for row in t.rows("SELECT * FROM pins WHERE set_name = ? AND local_name = ?", (set, local)):
        return _pin(row)
    raise GraftError("fleet-not-found", f"'{local}' is not in the package set '{set}'", where=set)


def _pin(row: Row) -> Pin:
    return Pin(
        local=row["local_name"],
        specifier=row["specifier"],
        enabled=bool(row["enabled"]),
        added_by=row["added_by"],
        added_at=row["added_at"],
        updated_at=row["updated_at"],
    )


def _written(settings: SetSettings) -> tuple[object, ...]:
    return (
        settings.registry,
        json.dumps(dict(settings.scopes), sort_keys=True),
        json.dumps(platforms_document(settings.platforms)),
        settings.warn_bytes,
        settings.block_bytes,
    )


def _others(t: Transaction) -> list[str]:
    there = list_sets(t)
    return [f"there are {', '.join(there)}"] if there else ["there is none yet"]
