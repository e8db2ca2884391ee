"""Releases as they are named on a command line: by as much of their hash as is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from graft.base.diagnostics import GraftError

if TYPE_CHECKING:
    from graft.fleet.client import FleetClient

_WHOLE = 64
_LEAST = 4


def whole_hash(client: FleetClient, set: str, said: str) -> str:
    """Raises ``fleet-not-found`` for what none, or more than one, of the set's history begins
    with."""
    said = said.rstrip("…")
    if not said or len(said) == _WHOLE:
        return said
    history = client.ask("GET", f"/v1/sets/{quote(set, safe='')}/history")
    found = [each["hash"] for each in history["releases"] if each["hash"].startswith(said)]
    if len(found) == 1 and len(said) >= _LEAST:
        return str(found[0])
    raise GraftError(
        "fleet-not-found",
        f"'{said}' is the beginning of {len(found) or 'no'} release{'s' * (len(found) != 1)}",
        where=set,
        fix=f"'graft fleet history {set}' shows them; four digits are the least",
    )
