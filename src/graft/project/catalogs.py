"""Catalogs: ranges that a workspace names once, for the lines of its members that say ``catalog:``.

pnpm has them in pnpm-workspace.yaml, bun in the root's package.json or in its ``workspaces``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.project.pnpm_settings import PnpmSettings

PREFIX = "catalog:"
DEFAULT = "default"


class Catalogs:
    """Entries by catalog and package; the one without a name is ``default``."""

    def __init__(self, entries: Mapping[str, Mapping[str, str]], where: str) -> None:
        self._entries = entries
        self._where = where

    def meaning(self, package: str, text: str, *, asker: str) -> str:
        """What ``catalog:`` or ``catalog:<name>`` stands for behind a package's name; any other
        text is itself. ``asker`` is the file that says so. Raises ``catalog-unknown``."""
        if not text.startswith(PREFIX):
            return text
        name = text.removeprefix(PREFIX).strip() or DEFAULT
        entry = self._entries.get(name, {}).get(package)
        if entry is not None and not entry.startswith(PREFIX):
            return entry
        raise self._unknown(package, name, text, asker)

    def _unknown(self, package: str, name: str, text: str, asker: str) -> GraftError:
        from graft.base.suggestions import did_you_mean

        own = self._entries.get(name, {})
        called = "the default catalog" if name == DEFAULT else f"the catalog '{name}'"
        if package in own:
            message = f"{called} says '{own[package]}' of '{package}', which is no range"
        elif name in self._entries:
            message = f"{called} has no entry '{package}'"
        else:
            message = f"there is no {called.removeprefix('the ')}"
        known = own if name in self._entries else self._entries
        near = did_you_mean(package if own else name, known)
        return GraftError(
            "catalog-unknown",
            message,
            where=self._where,
            why=[f"{asker} asks for {package}@{text}"],
            fix=f"add {package} to {called}" + (f"; {near}" if near else ""),
        )


def read_catalogs(data: Mapping[str, Any], pnpm: PnpmSettings, *, where: str) -> Catalogs:
    """From a root's manifest and pnpm's file beside it. Raises ``override-conflict`` where two
    places say different things of one entry."""
    entries: dict[str, dict[str, str]] = {}
    places: dict[tuple[str, str], str] = {}
    workspaces = data.get("workspaces")
    for place, said in (
        (pnpm.path, pnpm.data),
        (f"workspaces of {where}", workspaces if isinstance(workspaces, dict) else {}),
        (where, data),
    ):
        for name, catalog in {**_table(said.get("catalogs")), DEFAULT: said.get("catalog")}.items():
            if name == DEFAULT:
                catalog = _table(_table(said.get("catalogs")).get(DEFAULT)) | _table(catalog)
            for package, range in _table(catalog).items():
                if not isinstance(range, str):
                    continue
                other = entries.setdefault(name, {}).setdefault(package, range)
                first = places.setdefault((name, package), place)
                if other != range:
                    raise GraftError(
                        "override-conflict",
                        f"two catalogs differ about '{package}'",
                        where=place,
                        why=[f"{first} says '{other}'", f"{place} says '{range}'"],
                        fix="say it in one of the two places, or the same in both",
                    )
    return Catalogs(entries, pnpm.path if pnpm.raw else where)


def _table(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}
