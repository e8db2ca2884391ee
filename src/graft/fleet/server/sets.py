"""Package sets, and how each is resolved."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from graft.base.records import replace
from graft.fleet.publishing.allowlist import check_registry_token, check_settings
from graft.fleet.records import SetSettings
from graft.fleet.server.answers import (
    Deleted,
    Removed,
    SetAnswer,
    SetAsked,
    Sets,
    Settings,
    SettingsAsked,
    SettingsChange,
    State,
    TokenAsked,
)
from graft.fleet.server.auth import Manages, Reads
from graft.fleet.server.names import SetName, checked_set
from graft.fleet.server.services import Served
from graft.fleet.state import sets
from graft.fleet.state.database import Transaction
from graft.fleet.state.releases import history, state
from graft.fleet.state.secrets import put_token, remove_token, seal, token_hosts
from graft.model.platform import Platform

router = APIRouter(prefix="/v1/sets", tags=["sets"])


@router.get("")
def list_sets(served: Served, _: Reads) -> Sets:
    with served.database.reading() as t:
        return Sets(sets=[state_of(t, name) for name in sets.list_sets(t)])


@router.post("", status_code=201)
def create_set(served: Served, _: Manages, asked: SetAsked) -> SetAnswer:
    settings = _checked(SetSettings(), asked)
    with served.database.transaction() as t:
        sets.create_set(t, checked_set(asked.name), settings, served.now())
        return _answer(t, asked.name)


@router.get("/{set}")
def read_set(served: Served, _: Reads, set: SetName) -> SetAnswer:
    with served.database.reading() as t:
        return _answer(t, set)


@router.delete("/{set}")
def delete_set(served: Served, _: Manages, set: SetName, dry_run: bool = False) -> Deleted:
    """With its history. Archives stay as long as any that nobody needs any more."""
    with served.database.transaction() as t:
        there = sets.read_set(t, set) is not None
        releases = len(history(t, set)) if there else 0
        if not dry_run:
            sets.delete_set(t, set)
        return Deleted(removed=there, releases=releases, dry_run=dry_run)


@router.get("/{set}/settings")
def read_settings(served: Served, _: Manages, set: SetName) -> Settings:
    with served.database.reading() as t:
        return _settings(t, set)


@router.put("/{set}/settings")
def write_settings(served: Served, _: Manages, set: SetName, asked: SettingsChange) -> Settings:
    with served.database.transaction() as t:
        changed = _checked(sets.need_set(t, set), asked)
        if not asked.dry_run:
            sets.write_settings(t, set, changed, served.now())
        return _shown(t, set, changed)


@router.put("/{set}/registry-tokens/{host}")
def put_registry_token(
    served: Served, _: Manages, set: SetName, host: str, asked: TokenAsked
) -> Settings:
    """Kept sealed, and sent to that host alone. Nothing answers it again."""
    check_registry_token(host, asked.token)
    sealed = seal(served.key, set, host, asked.token)
    with served.database.transaction() as t:
        put_token(t, set, host, sealed)
        return _settings(t, set)


@router.delete("/{set}/registry-tokens/{host}")
def remove_registry_token(served: Served, _: Manages, set: SetName, host: str) -> Removed:
    with served.database.transaction() as t:
        return Removed(removed=remove_token(t, set, host))


def state_of(t: Transaction, name: str) -> State:
    said = state(t, name)
    return State(
        set=name,
        status=said.status,
        hash=said.hash,
        epoch=said.epoch,
        error=said.error,
        operation=said.operation,
        changed_at=said.changed_at,
        attempted_at=said.attempted_at,
    )


def _answer(t: Transaction, name: str) -> SetAnswer:
    settings = _settings(t, name)
    return SetAnswer(name=name, settings=settings, state=state_of(t, name))


def _settings(t: Transaction, name: str) -> Settings:
    return _shown(t, name, sets.need_set(t, name))


def _shown(t: Transaction, name: str, settings: SetSettings) -> Settings:
    said = Settings.model_validate(settings)
    return said.model_copy(update={"token_hosts": token_hosts(t, name)})


def _checked(before: SetSettings, asked: SettingsAsked) -> SetSettings:
    """What is not said stays what it was."""
    said: dict[str, Any] = {
        key: value for key in SetSettings.fields if (value := getattr(asked, key)) is not None
    }
    if "platforms" in said:
        said["platforms"] = tuple(
            Platform(os=each.os, cpu=each.cpu, libc=each.libc) for each in said["platforms"]
        )
    settings = replace(before, **said)
    check_settings(settings)
    return settings
