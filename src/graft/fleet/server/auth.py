"""Who calls, and what that one may do. Every route but four says what it needs; none is trusted for
where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from graft.base.diagnostics import GraftError
from graft.fleet.records import HOST, MANAGE, READ, Token
from graft.fleet.server.refusals import RefusedError
from graft.fleet.server.services import Served, Services
from graft.fleet.state.tokens import USE_NOTED_EVERY, authenticate, find_token

_bearer = HTTPBearer(auto_error=False, description="a token of 'graft fleet token create'")
# Who manages may read; whoever reads may see what hosts see.
_ENOUGH = {READ: (READ, MANAGE), MANAGE: (MANAGE,), HOST: (HOST, READ, MANAGE)}


def needs(role: str) -> Callable[..., Token]:
    """A dependency: the caller's token, if it is one that reaches."""

    def caller(
        request: Request,
        served: Served,
        said: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Token:
        return need_caller(served, request.url.path, said.credentials if said else "", role)

    caller.role = role  # type: ignore[attr-defined]
    return caller


def need_caller(served: Services, path: str, secret: str, role: str) -> Token:
    """Whose secret it is, if that one may do what takes ``role``."""
    token = _token(served, path, secret)
    if token.role not in _ENOUGH[role]:
        raise _forbidden(f"a token of the role '{token.role}' may not do this")
    return token


def need_own(token: Token, host: str) -> None:
    """A host speaks for itself, and whoever manages for any."""
    if token.role == MANAGE or (token.role == HOST and token.host == host):
        return
    raise _forbidden(f"this token may not report for the host '{host}'")


def _token(served: Services, path: str, secret: str) -> Token:
    if secret:
        now = served.now()
        with served.database.reading() as t:
            token = find_token(t, secret)
        if token and now - token.used_at >= USE_NOTED_EVERY:
            with served.database.transaction() as t:
                token = authenticate(t, secret, now)
        if token:
            return token
    raise GraftError(
        "fleet-unauthorized",
        "the server does not know this token" if secret else "the server wants a token",
        where=path,
        fix="make one with 'graft fleet token create' on the server, and put it into "
        "GRAFT_FLEET_TOKEN",
    )


def _forbidden(message: str) -> RefusedError:
    return RefusedError(
        403,
        "fleet-unauthorized",
        message,
        fix="use one whose role reaches: 'graft fleet token create --role manage' makes one",
    )


Reads = Annotated[Token, Depends(needs(READ))]
Manages = Annotated[Token, Depends(needs(MANAGE))]
Hosted = Annotated[Token, Depends(needs(HOST))]
