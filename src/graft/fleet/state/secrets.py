"""Registries' tokens: written by admins, read by nothing but installs.

They lie in the state sealed, and the key does not: who gets hold of the rows has none of them. A
token is sealed together with the set and the host that it is for, so that somebody who can write
rows, but has no key, cannot send it to a host of their own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from graft.base.diagnostics import GraftError
from graft.fleet.extra import needed_for
from graft.fleet.state.database import Transaction
from graft.fleet.state.sets import need_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.fernet import Fernet

_MAKE_KEY = "export GRAFT_FLEET_KEY=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"


def seal(key: str, set: str, host: str, token: str) -> str:
    """As it may be kept. Raises ``fleet-invalid`` where there is no key, or none of 32 bytes in
    URL-safe base64."""
    return _box(key).encrypt(json.dumps([set, host, token]).encode()).decode()


def unseal(key: str, set: str, host: str, sealed: str) -> str:
    """Raises ``fleet-invalid``, which says nothing of the token, if it was sealed by another key
    or for another set or host."""
    with needed_for("A registry's token"):
        from cryptography.fernet import InvalidToken
    try:
        said = json.loads(_box(key).decrypt(sealed))
    except InvalidToken:
        said = None
    if not said or said[:2] != [set, host]:
        raise GraftError(
            "fleet-invalid",
            f"the token for {host} cannot be read",
            where=set,
            why=["it was sealed by another key, or is not the one that was put there"],
            fix="start the server with the GRAFT_FLEET_KEY of that time, or set the token again",
        )
    return str(said[2])


def put_token(t: Transaction, set: str, host: str, sealed: str) -> None:
    need_set(t, set)
    t.run(
        "INSERT INTO registry_tokens VALUES (?, ?, ?) ON CONFLICT (set_name, host)"
        " DO UPDATE SET sealed = excluded.sealed",
        (set, host, sealed),
    )


def remove_token(t: Transaction, set: str, host: str) -> bool:
    need_set(t, set)
    return t.run("DELETE FROM registry_tokens WHERE set_name = ? AND host = ?", (set, host)) > 0


def token_hosts(t: Transaction, set: str) -> list[str]:
    """For which hosts there is one: all that may be said of them."""
    return sorted(_sealed(t, set))


def registry_tokens(t: Transaction, set: str, key: str) -> dict[str, str]:
    """By host, as registries want them. No key is needed where there are none."""
    return {host: unseal(key, set, host, sealed) for host, sealed in _sealed(t, set).items()}


def _sealed(t: Transaction, set: str) -> Mapping[str, str]:
    need_set(t, set)
    rows = t.rows("SELECT host, sealed FROM registry_tokens WHERE set_name = ?", (set,))
    return {row["host"]: row["sealed"] for row in rows}


def _box(key: str) -> Fernet:
    try:
        usable = len(base64.urlsafe_b64decode(key.encode())) == 32
    except ValueError:
        usable = False
    if not usable:
        raise GraftError(
            "fleet-invalid",
            "registries' tokens are kept sealed, and GRAFT_FLEET_KEY, which seals them, is "
            + ("not 32 bytes in URL-safe base64" if key else "not set"),
            fix=f"{_MAKE_KEY}, keep it apart from the state, and start the server with it",
        )
    with needed_for("A registry's token"):
        from cryptography.fernet import Fernet
    return Fernet(key)
