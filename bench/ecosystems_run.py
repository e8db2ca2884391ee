"""One fixture in one way: install, install again, run the real thing, look at what was loaded."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ecosystems_fixture import Fixture
from ecosystems_loaded import (
    WrongError,
    assert_loaded,
    assert_same,
    layout_of,
    probing,
    snapshot,
)
from ecosystems_place import Ended, Place

DEFAULT, NPM = "default", "npm"
VIRTUAL, ISOLATED, HOISTED = LAYOUTS = ("virtual", "isolated", "hoisted")  # strictest last
_INSTALL_SECONDS = 900
_TELLING = re.compile("error|cannot|can't|not found|denied|outside", re.IGNORECASE)
_WIDTH = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``way`` is a layout, or ``NPM``; ``chosen`` says that graft chose the layout by itself.
    ``reason`` is empty for a pass. Seconds of the install and of the check."""

    fixture: str
    way: str
    chosen: bool = False
    reason: str = ""
    packages: int = 0
    install: float = 0.0
    check: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.reason

    @property
    def headline(self) -> str:
        """The line of the reason that says most."""
        lines = self.reason.splitlines()
        telling = (line.strip() for line in lines if _TELLING.search(line))
        return next(telling, lines[-1] if lines else "")[:_WIDTH]


def is_stricter(layout: str, other: str) -> bool:
    """Whether a tool that works in ``other`` works in ``layout`` too, as far as layouts go."""
    return LAYOUTS.index(layout) > LAYOUTS.index(other)


def attempt(place: Place, fixture: Fixture, way: str, tool: str) -> Outcome:
    """``tool`` is the program of graft, or of npm. With the way ``DEFAULT``, the outcome has the
    layout that graft chose."""
    place.put(fixture)
    trial = _Trial(place, fixture, way, tool)
    reason = ""
    try:
        trial.go()
    except WrongError as error:
        reason = place.shown(str(error))
    return Outcome(
        fixture=fixture.name,
        way=trial.way,
        chosen=way == DEFAULT,
        reason=reason,
        packages=trial.packages,
        install=trial.install_seconds,
        check=trial.check_seconds,
    )


class _Trial:
    def __init__(self, place: Place, fixture: Fixture, way: str, tool: str) -> None:
        self._place = place
        self._fixture = fixture
        self._tool = tool
        self.way = way
        self.packages = 0
        self.install_seconds = 0.0
        self.check_seconds = 0.0

    def go(self) -> None:
        fixture, place = self._fixture, self._place
        if fixture.before:
            self._succeed(["sh", "-ec", fixture.before], 60)
        started = time.monotonic()
        self._install()
        self.install_seconds = time.monotonic() - started
        layout = layout_of(place, fixture.loads)
        if self.way == DEFAULT:
            self.way = layout
        if layout != (HOISTED if self.way == NPM else self.way):
            raise WrongError(f"packages lie as in the layout {layout}")
        before, env = snapshot(place), probing(place)
        started = time.monotonic()
        done = place.run(["sh", "-ec", fixture.check], timeout=fixture.seconds, env=self._env(env))
        self.check_seconds = time.monotonic() - started
        expected = fixture.fails.get(self.way)
        if expected is None:
            self._assert_done(done)
        elif done.code == 0 or expected not in done.words:
            raise WrongError(f"it should fail and say {expected!r}\n{done.reason()}")
        assert_loaded(place, env, stored=self.way == VIRTUAL)
        assert_same(before, snapshot(place))

    def _install(self) -> None:
        if self.way == NPM:
            self._succeed([self._tool, "install", "--no-audit", "--no-fund"], _INSTALL_SECONDS)
            return
        flags = () if self.way == DEFAULT else ("--layout", self.way)
        command = [self._tool, "install", "--json", *flags]
        self.packages = json.loads(self._succeed(command, _INSTALL_SECONDS).out)["packages"]
        if self._fixture.scripts:
            approve = [self._tool, "approve-builds", *self._fixture.scripts]
            self._succeed(approve, _INSTALL_SECONDS)
            self._succeed(command, _INSTALL_SECONDS)  # approving knows nothing of our flags
        again = json.loads(self._succeed(command, _INSTALL_SECONDS).out)
        if not again["upToDate"]:
            raise WrongError("a second install is not up to date")

    def _succeed(self, command: Sequence[str], seconds: float) -> Ended:
        done = self._place.run(command, timeout=seconds)
        if done.code != 0:
            raise WrongError(f"{os.path.basename(command[0])} {command[1]}: {done.reason()}")
        return done

    def _assert_done(self, done: Ended) -> None:
        if done.code != 0:
            raise WrongError(done.reason())
        if self._fixture.prints not in done.words:
            raise WrongError(f"did not print {self._fixture.prints!r}\n{done.reason()}")
        for name, text in self._fixture.writes.items():
            files = sorted(self._place.project.glob(name))
            if not files:
                raise WrongError(f"did not write {name}\n{done.reason()}")
            if not any(text in file.read_text(errors="replace") for file in files):
                raise WrongError(f"there is no {text!r} in {name}\n{done.reason()}")

    def _env(self, env: dict[str, str]) -> dict[str, str]:
        programs = self._place.project / "node_modules" / ".bin"
        return {**env, **self._fixture.env, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
