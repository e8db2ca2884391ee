"""``overrides``: what a project says about everybody's requirements for a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.model.requirement import Requirement
from graft.versions.specifier import parse_specifier


class Overrides:
    """Replacements by package name, or by name and the range that is asked for (``foo@^1``).

    They apply to the requirements of packages. What the project itself asks for is already its own
    word, so its own lines stay as they are; ``$foo`` repeats the project's own line for ``foo``.
    A rule for a range goes before the one for all: the order of lines in a manifest says nothing.
    """

    def __init__(self, rules: Mapping[str, str]) -> None:
        self.rules = dict(sorted(rules.items()))
        self._by_name: dict[str, list[tuple[str, str]]] = {}
        for key, replacement in self.rules.items():
            name, _, asked = key[1:].partition("@")
            self._by_name.setdefault(key[0] + name, []).append((asked, replacement))
        for rules_of_name in self._by_name.values():
            rules_of_name.sort(key=lambda rule: not rule[0])

    def apply(self, requirement: Requirement) -> str:
        """The specifier that counts for a package's requirement."""
        for asked, replacement in self._by_name.get(requirement.local, ()):
            if not asked or _meets(requirement, asked):
                return replacement
        return requirement.specifier


def _meets(requirement: Requirement, asked: str) -> bool:
    """Whether some version satisfies both what is asked for and the rule's range."""
    theirs = parse_specifier(requirement.local, requirement.specifier).range
    ours = parse_specifier(requirement.local, asked).range
    if theirs is None or ours is None:
        return requirement.specifier == asked
    return not theirs.intersection(ours).is_empty


def read_overrides(
    said: Mapping[str, Any], own: Mapping[str, str], *, where: str = "package.json"
) -> Overrides:
    """Rules from a manifest's ``overrides``; ``own`` is what the project asks for, by local name.

    npm's nested form, which limits a rule to what lies below a package, is refused by name rather
    than applied to everything.
    """
    rules: dict[str, str] = {}
    for key, value in said.items():
        if isinstance(value, dict) and set(value) == {"."}:
            value = value["."]
        if not isinstance(value, str) or not key:
            raise GraftError(
                "override-unsupported",
                f"the override of '{key}' is not a single replacement",
                where=where,
                fix=f'write "{key}": "<version or range>" in overrides',
            )
        if value.startswith("$"):
            if value[1:] not in own:
                raise GraftError(
                    "override-unsupported",
                    f"the override of '{key}' refers to '{value}', which is not a dependency",
                    where=where,
                    fix=f"add {value[1:]} to dependencies, or write its range in place of {value}",
                )
            value = own[value[1:]]
        rules[key] = value
    return Overrides(rules)


NO_OVERRIDES = Overrides({})
