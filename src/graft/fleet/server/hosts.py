"""What hosts say of themselves, and how far they are."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from graft.fleet.records import HostReport, SetState, Token
from graft.fleet.server.answers import Host, Hosts, Removed, ReportAsked, json_answer
from graft.fleet.server.auth import Hosted, Manages, Reads, need_own
from graft.fleet.server.names import SetName
from graft.fleet.server.services import Served, Services
from graft.fleet.state import hosts as reports
from graft.fleet.state.releases import state
from graft.fleet.state.sets import list_sets

router = APIRouter(prefix="/v1/hosts", tags=["hosts"])

HOST_NAME = "[A-Za-z0-9][A-Za-z0-9._:-]{0,252}"
HostName = Annotated[str, Path(pattern=f"^{HOST_NAME}$")]


@router.get("")
def list_hosts(served: Served, _: Reads, set: str = "") -> Hosts:
    with served.database.reading() as t:
        states = {name: state(t, name) for name in ([set] if set else list_sets(t))}
        found = reports.hosts(t, set)
    now = served.now()
    return Hosts(hosts=[_host(said, states[said.set], now) for said in found])


@router.put("/{host}/sets/{set}", response_model=Host)
def report(
    served: Served, caller: Hosted, host: HostName, set: SetName, asked: ReportAsked
) -> Response:
    return report_answer(served, caller, host, set, asked)


def report_answer(
    served: Services, caller: Token, host: str, set: str, asked: ReportAsked
) -> Response:
    need_own(caller, host)
    said = HostReport(host=host, set=set, reported_at=served.now(), **asked.model_dump())
    with served.database.transaction() as t:
        kept = reports.report(t, said)
        found = _host(kept, state(t, set), said.reported_at)
    return json_answer(found)


@router.delete("/{host}")
def forget_host(served: Served, _: Manages, host: HostName) -> Removed:
    """One that is no more."""
    with served.database.transaction() as t:
        return Removed(removed=reports.forget_host(t, host))


def lag(said: HostReport, desired: SetState, now: int) -> int:
    return max(0, now - desired.changed_at) if said.hash != desired.hash else 0


def _host(said: HostReport, desired: SetState, now: int) -> Host:
    fields = {name: getattr(said, name) for name in HostReport.fields}
    return Host(**fields, desired=desired.hash, lag=lag(said, desired, now))
