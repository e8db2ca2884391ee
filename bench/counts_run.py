"""graft's scenarios, run once each under strace against a registry that counts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from counts_graph import publish_graph
from counts_kinds import Counts, counted
from counts_trace import trace
from install_command import Runner
from install_place import Place
from install_scenarios import ADDED_SPEC, SCENARIOS
from install_tools import GRAFT_STORE, environment, graft_tool
from traffic import CountingRegistry

_TIMEOUT = 300.0

# What is counted is graft; deleting its links is another program's work.
COUNTED = {scenario.key: scenario for scenario in SCENARIOS if not scenario.deletes}


class Counter:
    """A home and projects with a graph of generated packages, in ``folder``."""

    def __init__(self, folder: Path, packages: int, graft: str, registry: CountingRegistry) -> None:
        asked = publish_graph(registry, packages)
        registry.publish(ADDED_SPEC)
        fixture = json.dumps({"name": "counted", "version": "1.0.0", "dependencies": asked})
        tool = graft_tool(graft, {".npmrc": f"registry={registry.url}\n"})
        self.place = Place(folder, tool, fixture.encode())
        self.store = self.place.home / GRAFT_STORE
        self._registry = registry
        self._traces = folder / "traces"

    def fill(self) -> None:
        """A first install, not counted."""
        Runner(timeout=_TIMEOUT).fill(self.place)

    def run(self, key: str) -> Counts:
        """Scenarios build upon those before them, in the order of ``COUNTED``."""
        scenario, place = COUNTED[key], self.place
        scenario.prepare(place)
        self._registry.tally.take()
        calls = trace(
            scenario.command(place),
            cwd=place.project,
            env=environment(place.home),
            folder=self._traces,
        )
        shutil.rmtree(self._traces)
        missing = place.missing(*scenario.adds)
        if missing:
            raise AssertionError(f"{key}: node_modules lacks {', '.join(missing)}")
        if key == "cold":
            place.keep_lock()
        return counted(
            calls,
            places=[place.project, place.home],
            store=self.store,
            traffic=self._registry.tally.take(),
        )


@contextmanager
def counter(folder: Path, packages: int, graft: str) -> Iterator[Counter]:
    with CountingRegistry() as registry:
        yield Counter(folder, packages, graft, registry)
