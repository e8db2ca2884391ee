"""Running a scenario's command in a place, and making sure that it did its work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from install_measure import Sample, TimedOutError, measure, tail
from install_place import Place
from install_scenarios import Scenario, cold
from install_tools import environment, registry_words


class FailedError(Exception):
    """A tool did not do what it was asked to; what was measured is worth nothing."""


class Runner:
    """``timeout`` is in seconds, for one command."""

    def __init__(self, *, timeout: float) -> None:
        self._timeout = timeout

    def prepare(self, place: Place, scenario: Scenario) -> None:
        scenario.prepare(place)
        os.sync()  # what was written before is not written at the run's expense

    def run(self, place: Place, scenario: Scenario) -> Sample:
        command = scenario.command(place)
        if scenario.deletes:
            return self._delete(place, command)
        sample = self.succeed(place, command, *scenario.adds)
        if scenario.prepare is cold:
            place.keep_lock()
        return sample

    def fill(self, place: Place) -> None:
        """A home and a project as after a first install, whose lock is kept."""
        cold(place)
        self.succeed(place, place.tool.install())
        place.keep_lock()

    def succeed(self, place: Place, command: Sequence[str], *also: str) -> Sample:
        """Every direct dependency, and ``also``, is in ``node_modules`` then: else it fails."""
        sample = self.attempt(place, command)
        missing = place.missing(*also)
        if sample.code != 0 or missing:
            lacks = f", node_modules lacks {', '.join(missing[:5])}" if missing else ""
            raise FailedError(
                f"{place.tool.key}: exit code {sample.code}{lacks}\n{self._words(place)}"
            )
        return sample

    def attempt(self, place: Place, command: Sequence[str]) -> Sample:
        try:
            return measure(
                command,
                cwd=place.project,
                env=environment(place.home),
                log=self.log(place),
                timeout=self._timeout,
            )
        except TimedOutError as error:
            raise FailedError(f"{place.tool.key}: {error}\n{self._words(place)}") from error

    def log(self, place: Place) -> Path:
        """What the tool printed last."""
        return place.logs / f"{place.tool.key}.log"

    def _delete(self, place: Place, command: Sequence[str]) -> Sample:
        if not (place.project / "node_modules").is_dir():
            raise FailedError(f"{place.tool.key}: there is no node_modules to delete")
        sample = self.attempt(place, command)
        if os.path.lexists(place.project / "node_modules"):
            raise FailedError(f"{place.tool.key}: node_modules is still there")
        return sample

    def _words(self, place: Place) -> str:
        """The end of what the tool printed, without the registry's name."""
        words = tail(self.log(place))
        for word in registry_words(place.tool.home.get(".npmrc", "")):
            words = words.replace(word, "<registry>")
        return words
