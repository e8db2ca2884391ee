"""What a fleet's server keeps: package sets, releases, blobs, hosts and tokens.

Times are milliseconds since the epoch, sizes bytes. Whatever may be absent is empty or 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from graft.base.records import Record
from graft.model.platform import Platform

WARN_BYTES = 150 * 1024**2
BLOCK_BYTES = 300 * 1024**2

IDLE = "idle"
INSTALLING = "installing"
READY = "ready"
ERROR = "error"

READ = "read"
MANAGE = "manage"
HOST = "host"
ROLES = (READ, MANAGE, HOST)

_SET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def is_set_name(text: str) -> bool:
    """Whether a text may name a package set, and a folder."""
    return _SET_NAME.fullmatch(text) is not None


class Pin(Record):
    """What scripts may import: ``local`` is the name that they import it by, ``specifier`` an exact
    version, or ``npm:name@version`` where they call it otherwise."""

    local: str
    specifier: str
    enabled: bool = True
    added_by: str = ""
    added_at: int = 0
    updated_at: int = 0


class SetSettings(Record):
    """How a package set is resolved. ``registry`` is empty where the server's own settings name it;
    ``scopes`` maps ``@acme`` to the URL of its registry. Tokens are not here: they are written, and
    read by nothing but installs. ``platforms`` are those of the hosts. Sizes that are larger than
    ``warn_bytes`` are said, and than ``block_bytes`` refused."""

    registry: str = ""
    scopes: Mapping[str, str] = {}
    platforms: tuple[Platform, ...] = ()
    warn_bytes: int = WARN_BYTES
    block_bytes: int = BLOCK_BYTES


class SetState(Record):
    """What a package set is to be: ``hash`` is the release that hosts are to have, and ``status``
    what became of the last attempt to change that, which says nothing of the release. ``epoch`` is
    that of the operation that decided it."""

    status: str = IDLE
    hash: str = ""
    epoch: int = 0
    error: str = ""
    operation: str = ""
    changed_at: int = 0
    attempted_at: int = 0


class PublishedRelease(Record):
    """A line of a set's history. ``retained`` says that every blob of it is kept: the current one,
    the newest before it, and those that are ``pinned``."""

    hash: str
    published_at: int
    by: str
    packages: int
    size: int
    unpacked: int
    pinned: bool = False
    retained: bool = True
    current: bool = False


class Blob(Record):
    """An archive in a blob store. ``unreferenced_at`` is since when no retained release names it,
    0 while one does."""

    integrity: str
    name: str
    version: str
    store: str
    size: int
    unpacked: int
    created_at: int
    unreferenced_at: int = 0


class HostReport(Record):
    """What a host says of itself for one package set."""

    host: str
    set: str
    hash: str
    status: str
    platform: str = ""
    error: str = ""
    pulled_bytes: int = 0
    pulled_blobs: int = 0
    milliseconds: int = 0
    version: str = ""
    reported_at: int = 0
    converged_at: int = 0


class Token(Record):
    """Who may call the server. ``id`` is public; of the secret only a hash is kept. ``host`` is the
    one host that a token of the role ``host`` speaks for."""

    id: str
    role: str
    label: str
    host: str = ""
    created_at: int = 0
    used_at: int = 0
    revoked_at: int = 0


class Operation(Record):
    """Who holds the lock that installs, migrations, collections and scrubs share."""

    kind: str
    subject: str
    holder: str
    epoch: int
    since: int


class Event(Record):
    """What happened, for whoever waits. Events hurry; they never decide."""

    id: int
    kind: str
    set: str
    data: Mapping[str, str]
    at: int


class Storage(Record):
    """Which blob store is written to, and what became of the last migration to another one:
    ``status`` is idle, migrating, completed, cancelled or error."""

    active: str
    status: str = IDLE
    target: str = ""
    moved: int = 0
    total: int = 0
    error: str = ""
    updated_at: int = 0
