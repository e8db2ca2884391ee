"""What scripts may import: the pins of a package set."""

from __future__ import annotations

from fastapi import APIRouter

from graft.base.diagnostics import GraftError
from graft.fleet.publishing.allowlist import check_pin
from graft.fleet.server.answers import Packages, PinAnswer, PinAsked, Removed
from graft.fleet.server.auth import Manages, Reads
from graft.fleet.server.names import Local, SetName, checked_package
from graft.fleet.server.services import Served
from graft.fleet.state.sets import enable_pin, pins, put_pin, remove_pin

router = APIRouter(prefix="/v1/sets/{set}/packages", tags=["packages"])


@router.get("")
def list_packages(served: Served, _: Reads, set: SetName) -> Packages:
    with served.database.reading() as t:
        return Packages(packages=[PinAnswer.model_validate(pin) for pin in pins(t, set)])


@router.put("/{local:path}")
def put_package(
    served: Served, caller: Manages, set: SetName, local: Local, asked: PinAsked
) -> PinAnswer:
    checked_package(local)
    if asked.specifier:
        check_pin(local, asked.specifier)
    elif asked.enabled is None:
        raise GraftError(
            "fleet-invalid", "nothing is said of the package", fix="say specifier or enabled"
        )
    by, now = caller.label or caller.id, served.now()
    with served.database.transaction() as t:
        if asked.specifier:
            pin = put_pin(t, set, local, asked.specifier, by, now)
        if asked.enabled is not None:
            pin = enable_pin(t, set, local, asked.enabled, now)
    return PinAnswer.model_validate(pin)


@router.delete("/{local:path}")
def remove_package(served: Served, _: Manages, set: SetName, local: Local) -> Removed:
    with served.database.transaction() as t:
        return Removed(removed=remove_pin(t, set, local))
