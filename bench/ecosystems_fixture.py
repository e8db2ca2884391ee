"""What a fixture says of itself: ``fixture.json`` beside its package.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from install_tools import UnusableError

FIXTURES = Path(__file__).with_name("ecosystems")
DATA = "fixture.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """``check`` is a line for the shell, run in the project with ``node_modules/.bin`` on PATH; it
    must exit with 0 and print ``prints``, and every file of ``writes`` must be there then, with
    that text in it. ``loads`` are chains of packages: ``a > b`` is b as a finds it, and one that
    starts with ``./`` starts in that folder. ``before`` is a line for the shell before the install.
    ``scripts`` are packages whose scripts may run. ``fails`` names the layouts in which the check
    must fail, with what it must print then: for what is wrong in the fixture on purpose, and for
    what a layout cannot do. ``npm`` says why npm cannot install it, where it cannot."""

    name: str
    what: str
    check: str
    loads: Sequence[str]
    prints: str = ""
    writes: Mapping[str, str] = field(default_factory=dict)
    before: str = ""
    scripts: Sequence[str] = ()
    seconds: float = 120
    env: Mapping[str, str] = field(default_factory=dict)
    fails: Mapping[str, str] = field(default_factory=dict)
    npm: str = ""

    @property
    def folder(self) -> Path:
        return FIXTURES / self.name


def read_fixtures() -> list[Fixture]:
    """All of them, by name."""
    return [_read(path) for path in sorted(FIXTURES.glob(f"*/{DATA}"))]


def _read(path: Path) -> Fixture:
    try:
        return Fixture(name=path.parent.name, **json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise UnusableError(f"{path.parent.name}/{DATA}: {error}") from None
