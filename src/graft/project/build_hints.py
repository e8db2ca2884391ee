"""What other tools' settings in a project say of packages' scripts.

They name packages, not bytes or scripts, so they approve nothing here: they are shown to whoever
decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graft.project.defaults import PNPM_SETTINGS
from graft.project.pnpm_settings import read_pnpm_settings

_LISTS = {
    "onlyBuiltDependencies": "allows",
    "neverBuiltDependencies": "forbids",
    "ignoredBuiltDependencies": "ignores",
}


def build_hints(data: Mapping[str, Any], folder: str) -> dict[str, str]:
    """Package name -> what is said of it. Raises ``manifest-unreadable`` for pnpm's own file."""
    hints: dict[str, str] = {}
    yaml = read_pnpm_settings(folder).data
    pnpm = data.get("pnpm")
    for said, where in ((pnpm, "pnpm in package.json"), (yaml, PNPM_SETTINGS)):
        if isinstance(said, dict):
            for name, what in _said(said):
                hints.setdefault(name, f"{where} {what} it")
    trusted = data.get("trustedDependencies")
    for name in trusted if isinstance(trusted, list) else ():
        if isinstance(name, str):
            hints.setdefault(name, "trustedDependencies names it, for bun")
    return hints


def _said(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for field, what in _LISTS.items():
        named = said.get(field)
        yield from ((name, what) for name in _texts(named))
    allowed = said.get("allowBuilds")
    for name, value in allowed.items() if isinstance(allowed, dict) else ():
        # YAML is read as texts.
        yield str(name), "allows" if value in (True, "true") else "forbids"


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
