"""Who may call a fleet's server. What is kept of a secret proves it, and nothing more.

A secret is 256 random bits, so a plain sha256 of it is as good as a slow hash: there is nothing to
guess. Its first part is the token's id, by which it is found; digests are compared in constant
time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from graft.base.diagnostics import GraftError
from graft.fleet.records import HOST, ROLES, Token
from graft.fleet.state.database import Row, Transaction

USE_NOTED_EVERY = 60 * 60 * 1000
"""Milliseconds. To the hour is all that an admin wants to know of when a token was used, and a
write for each request would be most of what a server writes."""

_PREFIX = "graft"


def make_token(t: Transaction, role: str, label: str, host: str, now: int) -> tuple[Token, str]:
    """The token and its secret, which nobody can say a second time."""
    if role not in ROLES:
        raise GraftError(
            "fleet-invalid", f"'{role}' is not a role", fix=f"one of {', '.join(ROLES)}"
        )
    if bool(host) != (role == HOST):
        raise GraftError(
            "fleet-invalid",
            "a token of the role 'host' speaks for one host, and no other token for any",
            fix="name the host of a host's token, and of no other",
        )
    id = secrets.token_hex(6)
    secret = f"{_PREFIX}_{id}_{secrets.token_urlsafe(32)}"
    t.run(
        "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
        (id, _digest(secret), role, label, host, now),
    )
    return Token(id=id, role=role, label=label, host=host, created_at=now), secret


def find_token(t: Transaction, secret: str) -> Token | None:
    """Whose secret it is. None for what is none, and for one that was revoked."""
    prefix, _, rest = secret.partition("_")
    id, _, _ = rest.partition("_")
    if prefix != _PREFIX or not secret.isascii():
        return None
    for row in t.rows("SELECT * FROM tokens WHERE id = ? AND revoked_at = 0", (id,)):
        if hmac.compare_digest(row["digest"], _digest(secret)):
            return _token(row)
    return None


def authenticate(t: Transaction, secret: str, now: int) -> Token | None:
    """The same, and notes that it was used. A server that is asked often looks with ``find_token``,
    which waits for nobody, and comes here where the note is older than ``USE_NOTED_EVERY``."""
    token = find_token(t, secret)
    if token and now - token.used_at >= USE_NOTED_EVERY:
        t.run("UPDATE tokens SET used_at = ? WHERE id = ?", (now, token.id))
    return token


def list_tokens(t: Transaction) -> list[Token]:
    """Oldest first, the revoked ones too."""
    found = map(_token, t.rows("SELECT * FROM tokens"))
    return sorted(found, key=lambda token: (token.created_at, token.id))


def revoke(t: Transaction, id: str, now: int) -> Token:
    """Twice is no mistake, and the first time counts. Raises ``fleet-not-found``."""
    t.run("UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at = 0", (now, id))
    for row in t.rows("SELECT * FROM tokens WHERE id = ?", (id,)):
        return _token(row)
    raise GraftError(
        "fleet-not-found",
        f"there is no token '{id}'",
        fix="the list of tokens has their ids; a secret is not one",
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Row) -> Token:
    return Token(
        id=row["id"],
        role=row["role"],
        label=row["label"],
        host=row["host"],
        created_at=row["created_at"],
        used_at=row["used_at"],
        revoked_at=row["revoked_at"],
    )
