"""Everything a project says of packages' requirements, from all places that tools have for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.project.defaults import PNPM_SETTINGS
from graft.project.override_forms import Reader
from graft.project.override_rules import Rule
from graft.project.overrides import Overrides, Rules


def gather(
    data: Mapping[str, Any], own: Mapping[str, str], *, where: str, workspace: bytes | None
) -> Rules:
    """What ``overrides.read_rules`` describes."""
    beside = os.path.join(os.path.dirname(where), PNPM_SETTINGS)
    yaml = read_yaml(workspace, beside) if workspace is not None else {}
    pnpm = _table(data, "pnpm")

    def reader(place: str, path: str = where) -> Reader:
        return Reader(own, place=place, where=path)

    in_yaml = f"overrides of {PNPM_SETTINGS}"
    rules = [
        *reader("overrides").npm(_table(data, "overrides")),
        *reader("resolutions").yarn(_table(data, "resolutions")),
        *reader("pnpm.overrides").pnpm(_table(pnpm, "overrides")),
        *reader(in_yaml, beside).pnpm(_table(yaml, "overrides")),
    ]
    extended = {
        "packageExtensions": _table(data, "packageExtensions"),
        "pnpm.packageExtensions": _table(pnpm, "packageExtensions"),
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


def read_yaml(text: bytes, where: str) -> Mapping[str, Any]:
    """Every scalar stays the text that it is. Raises ``manifest-unreadable``."""
    import yaml  # takes longer to load than the file to read

    # libyaml's parser where PyYAML was built with it: ten times as fast.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        said = yaml.load(text, Loader=loader) or {}
    except (yaml.YAMLError, RecursionError) as error:
        reason = getattr(error, "problem", None) or "it is not YAML"
        raise _unreadable(where, reason) from None
    if not isinstance(said, dict):
        raise _unreadable(where, "it is not a table")
    for field in ("overrides", "packageExtensions"):
        if said.get(field) and not isinstance(said[field], dict):
            raise _unreadable(where, f"{field} is not a table")
    return said


def _unreadable(where: str, reason: str) -> GraftError:
    return GraftError(
        "manifest-unreadable",
        f"{PNPM_SETTINGS} cannot be read: {reason}",
        where=where,
        fix="correct the file; nothing was changed",
    )
