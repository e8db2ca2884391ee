"""Which packages of a release have known weaknesses: of the release as it is locked, not of what
its pins would be resolved to now."""

from __future__ import annotations

from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.fleet.publishing.publish import graph_of
from graft.fleet.state.releases import read_release, state
from graft.fleet.state.sets import need_set
from graft.workflows.audit import look_up
from graft.workflows.fleet_release import Installer, context_of
from graft.workflows.project import asking


def audit(installer: Installer, set: str, hash: str = "") -> dict[str, Any]:
    """Of the release ``hash``, or of the current one, as JSON has it. The set's registries are
    asked, each about its own packages. Raises ``fleet-not-found``, and what went wrong where none
    of them told anything."""
    with installer.fleet.database.reading() as t:
        settings = need_set(t, set)
        hash = hash or state(t, set).hash
        release = read_release(t, set, hash) if hash else None
    graph = graph_of(release)
    if graph is None:
        raise GraftError(
            "fleet-not-found",
            f"the package set '{set}' has no release{f' {hash}' if hash else ''}",
            where=set,
            fix=f"'graft fleet history {set}' says which ones there are",
        )
    with asking(context_of(installer, set, settings)) as asks:
        try:
            found = look_up(asks, graph)
        except GraftError as error:
            raise _advised(error) from None
    unaudited = tuple(replace(each, error=_advised(each.error)) for each in found.unaudited)
    return {"set": set, "hash": hash, **replace(found, unaudited=unaudited).as_json()}


def _advised(error: GraftError) -> GraftError:
    """Which registry is asked is the set's to say, and no flag's."""
    said = error.diagnostic
    if said.code != "registry-lacks":
        return error
    fix = "a project with these packages can ask another one: graft audit --registry <URL>"
    return GraftError(said.code, said.message, where=said.where, why=said.why, fix=fix)
