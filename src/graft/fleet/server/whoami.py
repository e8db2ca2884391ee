"""Whose token it is."""

from __future__ import annotations

from fastapi import APIRouter

from graft.fleet.server.answers import Whoami
from graft.fleet.server.auth import Hosted

router = APIRouter(prefix="/v1/whoami", tags=["tokens"])


@router.get("")
def whoami(caller: Hosted) -> Whoami:
    return Whoami.model_validate(caller)
