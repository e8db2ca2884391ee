"""The database that a text names."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

from graft.base.diagnostics import GraftError
from graft.fleet.state.database import Database
from graft.fleet.state.migrate import migrate, steps

DEFAULT_PATH = "graft-fleet.db"


def open_database(url_or_path: str) -> Database:
    """``postgresql://…``, or a path, also as ``sqlite:path``; empty is a file in the working
    folder. Its tables are brought up to date first."""
    database = _open(url_or_path)
    try:
        migrate(database, steps(), time.time_ns() // 1_000_000)
    except BaseException:
        database.close()
        raise
    return database


def shown(url_or_path: str) -> str:
    """As it may be said: without a password."""
    if "://" not in url_or_path:
        return url_or_path
    try:
        parts = urlsplit(url_or_path)
    except ValueError:
        return f"{url_or_path.partition(':')[0]}://…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _open(said: str) -> Database:
    if said.startswith(("postgresql://", "postgres://")):
        from graft.fleet.state.postgres import PostgresDatabase

        return PostgresDatabase(said, shown=shown(said))
    path = re.sub(r"^sqlite:(//(?=/))?", "", said)
    if "://" in path or path.startswith("//"):
        raise GraftError(
            "fleet-invalid",
            f"'{shown(said)}' names no database",
            fix="write the path of a file, or postgresql://user@host/database",
        )
    from graft.fleet.state.sqlite import SqliteDatabase

    return SqliteDatabase(path or DEFAULT_PATH)
