"""The rounds: every scenario once a round for every tool, by turns, and the proofs before them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from install_command import FailedError, Runner
from install_counted import Done, count
from install_disk import Disk
from install_measure import Footprint, Sample, footprint
from install_place import Place
from install_scenarios import Scenario, cold, warm
from install_tools import Tool
from traffic import Tally


@dataclass(slots=True, kw_only=True)
class Results:
    """``samples`` by scenario and tool, one a round; ``done`` by scenario and tool; ``proofs`` by
    tool, in words."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    done: dict[str, dict[str, Done]] = field(default_factory=dict)
    footprints: dict[str, Footprint] = field(default_factory=dict)
    proofs: dict[str, list[str]] = field(default_factory=dict)
    packages: int = 0


class Bench:
    """One fixture, timed on a disk of its own."""

    def __init__(
        self,
        disk: Disk,
        tools: Sequence[Tool],
        scenarios: Sequence[Scenario],
        fixture: bytes,
        *,
        timeout: float,
        say: Callable[[str], None],
    ) -> None:
        self.results = Results()
        self._disk = disk
        self._tools = tools
        self._fixture = fixture
        self._places = self._places_for(tools)
        self._scenarios = scenarios
        self._runner = Runner(timeout=timeout)
        self._say = say

    def prove(self) -> None:
        """Cold is cold: offline nothing can be installed. Warm is warm: offline everything can."""
        self._disk.fresh()
        for place in self._places:
            self._disk.relieve()
            proofs = self.results.proofs.setdefault(place.tool.key, [])
            cold(place)
            if self._runner.attempt(place, place.tool.install("--offline")).code == 0:
                raise FailedError(f"{place.tool.key}: an offline install succeeds where nothing is")
            proofs.append("cold: offline fails")
            self._runner.fill(place)
            warm(place)
            reports = place.tool.key == "graft"
            flags = ("--json",) if reports else ("--offline",)
            self._runner.succeed(place, place.tool.install(*flags))
            if reports:
                self._look(json.loads(self._runner.log(place).read_bytes()), proofs)
            else:
                proofs.append("warm: offline succeeds")
            self._say(f"{place.tool.key}: {'; '.join(proofs)}")

    def _look(self, report: Mapping[str, int], proofs: list[str]) -> None:
        self.results.packages = report["packages"]
        if report["fetched"]:
            raise FailedError(f"graft: fetched {report['fetched']} archives where all were stored")
        proofs.append("warm: --json says fetched 0")

    def count(self, tally: Tally, mirrored: Callable[[Tool], Tool]) -> None:
        """One round that is not timed, through a registry that counts."""
        places = self._places_for([mirrored(tool) for tool in self._tools])
        for scenario, turn in self._turns(places, 0):
            by_tool = self.results.done.setdefault(scenario.key, {})
            for place in turn:
                self._disk.relieve()
                by_tool[place.tool.key] = count(self._runner, place, scenario, tally)
            said = ", ".join(f"{tool} {done}" for tool, done in by_tool.items())
            self._say(f"counted, {scenario.key}: {said}")

    def round(self, number: int, *, without: Collection[str] = ()) -> None:
        """``without`` are tools that do not take part in it."""
        places = [place for place in self._places if place.tool.key not in without]
        for scenario, turn in self._turns(places, number):
            said = []
            for place in turn:
                self._disk.relieve()
                sample = self._timed(place, scenario)
                said.append(f"{place.tool.key} {sample.wall:.3f}")
            self._say(f"round {number + 1}, {scenario.key}: {', '.join(said)}")

    def _turns(
        self, places: Sequence[Place], number: int
    ) -> Iterator[tuple[Scenario, Sequence[Place]]]:
        """Each scenario, with the places in the order in which it is their turn."""
        self._disk.fresh()
        if self._scenarios[0].prepare is not cold:
            for place in places:
                self._runner.fill(place)
        for turn, scenario in enumerate(self._scenarios):
            first = (number + turn) % len(places)
            yield scenario, [*places[first:], *places[:first]]

    def _timed(self, place: Place, scenario: Scenario) -> Sample:
        self._runner.prepare(place, scenario)
        sample = self._runner.run(place, scenario)
        by_tool = self.results.samples.setdefault(scenario.key, {})
        by_tool.setdefault(place.tool.key, []).append(sample)
        if scenario.key == "second-folder":
            self.results.footprints[place.tool.key] = footprint(place.project)
        return sample

    def _places_for(self, tools: Sequence[Tool]) -> list[Place]:
        return [Place(self._disk.folder, tool, self._fixture) for tool in tools]
