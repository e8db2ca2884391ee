"""The rounds: every scenario once a round for every tool, by turns, and the proofs before them."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from install_measure import Footprint, Sample, TimedOutError, footprint, measure, tail
from install_place import Place, empty_trash
from install_scenarios import ADDED, Scenario, cold, warm
from install_tools import Tool, environment, registry_words

_LEAST_FREE = 12 << 30


class FailedError(Exception):
    """A tool did not do what it was asked to; what was measured is worth nothing."""


@dataclass(slots=True, kw_only=True)
class Results:
    """``samples`` by scenario and tool, one a round; ``proofs`` by tool, in words."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    footprints: dict[str, Footprint] = field(default_factory=dict)
    proofs: dict[str, list[str]] = field(default_factory=dict)
    packages: int = 0


class Bench:
    """One fixture, timed in a folder of its own."""

    def __init__(
        self,
        folder: Path,
        tools: Sequence[Tool],
        scenarios: Sequence[Scenario],
        fixture: bytes,
        *,
        timeout: float,
        say: Callable[[str], None],
    ) -> None:
        self.results = Results()
        self._folder = folder
        self._places = [Place(folder, tool, fixture) for tool in tools]
        self._scenarios = scenarios
        self._timeout = timeout
        self._say = say

    def prove(self) -> None:
        """Cold is cold: offline nothing can be installed. Warm is warm: offline everything can."""
        for place in self._places:
            proofs = self.results.proofs.setdefault(place.tool.key, [])
            cold(place)
            if self._run(place, place.tool.install("--offline")).code == 0:
                raise FailedError(f"{place.tool.key}: an offline install succeeds where nothing is")
            proofs.append("cold: offline fails")
            self._fill(place)
            warm(place)
            reports = place.tool.key == "graft"
            flags = ("--json",) if reports else ("--offline",)
            self._succeed(place, place.tool.install(*flags))
            if reports:
                self._look(json.loads(self._log(place).read_bytes()), proofs)
            else:
                proofs.append("warm: offline succeeds")
            self._say(f"{place.tool.key}: {'; '.join(proofs)}")

    def _look(self, report: dict[str, int], proofs: list[str]) -> None:
        self.results.packages = report["packages"]
        if report["fetched"]:
            raise FailedError(f"graft: fetched {report['fetched']} archives where all were stored")
        proofs.append("warm: --json says fetched 0")

    def round(self, number: int) -> None:
        if self._scenarios[0].prepare is not cold:
            for place in self._places:
                self._fill(place)
        for turn, scenario in enumerate(self._scenarios):
            first = (number + turn) % len(self._places)
            said = []
            for place in self._places[first:] + self._places[:first]:
                sample = self._timed(place, scenario)
                said.append(f"{place.tool.key} {sample.wall:.3f}")
            self._say(f"round {number + 1}, {scenario.key}: {', '.join(said)}")
        if shutil.disk_usage(self._folder).free < _LEAST_FREE:
            self._say("the disk is nearly full: deleting now, which may make the next round slower")
            empty_trash(self._folder)
            os.sync()
            time.sleep(10)

    def _timed(self, place: Place, scenario: Scenario) -> Sample:
        scenario.prepare(place)
        os.sync()  # what was written before is not written at this run's expense
        sample = self._succeed(place, scenario.command(place), *([ADDED] if scenario.adds else []))
        by_tool = self.results.samples.setdefault(scenario.key, {})
        by_tool.setdefault(place.tool.key, []).append(sample)
        if scenario.prepare is cold:
            place.keep_lock()
        if scenario.key == "second-folder":
            self.results.footprints[place.tool.key] = footprint(place.project)
        return sample

    def _fill(self, place: Place) -> None:
        cold(place)
        self._succeed(place, place.tool.install())
        place.keep_lock()

    def _succeed(self, place: Place, command: Sequence[str], *also: str) -> Sample:
        sample = self._run(place, command)
        missing = place.missing(*also)
        if sample.code != 0 or missing:
            lacks = f", node_modules lacks {', '.join(missing[:5])}" if missing else ""
            raise FailedError(
                f"{place.tool.key}: exit code {sample.code}{lacks}\n{self._words(place)}"
            )
        return sample

    def _run(self, place: Place, command: Sequence[str]) -> Sample:
        try:
            return measure(
                command,
                cwd=place.project,
                env=environment(place.home),
                log=self._log(place),
                timeout=self._timeout,
            )
        except TimedOutError as error:
            raise FailedError(f"{place.tool.key}: {error}\n{self._words(place)}") from error

    def _log(self, place: Place) -> Path:
        return place.logs / f"{place.tool.key}.log"

    def _words(self, place: Place) -> str:
        """The end of what the tool printed, without the registry's name."""
        words = tail(self._log(place))
        for word in registry_words(place.tool.home.get(".npmrc", "")):
            words = words.replace(word, "<registry>")
        return words
