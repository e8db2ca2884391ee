"""All that a fleet is killed in, and the databases that it is tried with; none where there is no
server."""

from __future__ import annotations

from harness import fleet_kills_host as host
from harness import fleet_kills_install as install
from harness import fleet_kills_serving as serving
from harness import fleet_kills_storage as storage
from harness.fleet_kills import Scenario

SCENARIOS: dict[str, Scenario] = {
    **install.SCENARIOS,
    **storage.SCENARIOS,
    **host.SCENARIOS,
    **serving.SCENARIOS,
}
_BOTH = ("SQLite", "PostgreSQL")
ENGINES = dict.fromkeys((*install.SCENARIOS, *storage.SCENARIOS), _BOTH) | {
    "server, amid an install": _BOTH,
    "server, amid the pulls of three agents": _BOTH,
}
