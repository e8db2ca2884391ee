"""Everything a project says of packages' requirements, from all places that tools have for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.project.catalogs import Catalogs
from graft.project.defaults import GRAFT_TOML, PNPM_SETTINGS
from graft.project.override_forms import Reader
from graft.project.override_rules import Rule
from graft.project.overrides import Overrides, Rules
from graft.project.pnpm_settings import PnpmSettings
from graft.versions.specifier import beats_packages


def gather(
    data: Mapping[str, Any],
    own: Mapping[str, str],
    *,
    where: str,
    pnpm: PnpmSettings,
    catalogs: Catalogs,
) -> Rules:
    """What ``overrides.read_rules`` describes."""
    inside, yaml = _table(data, "pnpm"), pnpm.data

    def reader(place: str, path: str = where) -> Reader:
        return Reader(own, catalogs, place=place, where=path)

    in_yaml = f"overrides of {PNPM_SETTINGS}"
    rules = [
        *reader("overrides").npm(_table(data, "overrides")),
        *reader("resolutions").yarn(_table(data, "resolutions")),
        *reader("pnpm.overrides").pnpm(_table(inside, "overrides")),
        *reader(in_yaml, pnpm.path).pnpm(_table(yaml, "overrides")),
        *(
            Rule(name=name, asked="", replacement=text, place=GRAFT_TOML)
            for name, text in own.items()
            if beats_packages(text)
        ),
    ]
    extended = {
        "packageExtensions": _table(data, "packageExtensions"),
        "pnpm.packageExtensions": _table(inside, "packageExtensions"),
        f"packageExtensions of {PNPM_SETTINGS}": _table(yaml, "packageExtensions"),
    }
    extensions = None
    if any(extended.values()):
        from graft.project.extensions import read_extensions

        extensions = read_extensions(extended, where=where)
    return Rules(overrides=Overrides(_agreed(rules, where)), extensions=extensions)


def _agreed(rules: Iterable[Rule], where: str) -> list[Rule]:
    """One of each. Raises ``override-conflict`` where two say different things of one package."""
    by_key: dict[str, Rule] = {}
    first: dict[tuple[object, ...], Rule] = {}
    for rule in rules:
        other = first.setdefault(rule.selector, rule)
        if other.replacement != rule.replacement:
            raise GraftError(
                "override-conflict",
                f"two overrides of '{rule.key}' differ",
                where=where,
                why=[
                    f"{other.place} says '{other.replacement}'",
                    f"{rule.place} says '{rule.replacement}'",
                ],
                fix="say it in one of the two places, or the same in both",
            )
        # What counts for the project's own lines in one place does so whatever the other says.
        if rule.key not in by_key or rule.own:
            by_key[rule.key] = rule
    return list(by_key.values())


def _table(data: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """package.json was checked; of the other file, an empty value is a field with nothing in it."""
    said = data.get(field)
    return said if isinstance(said, dict) else {}
