"""Three forms of overrides, each read into rules: npm's ``overrides``, yarn's ``resolutions`` and
pnpm's ``overrides``. What cannot be kept is refused by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from graft.base.diagnostics import GraftError
from graft.model.names import is_sound, split_spec
from graft.project.catalogs import Catalogs
from graft.project.override_rules import Parent, Rule
from graft.project.overrides import REMOVED
from graft.versions.specifier import parse_specifier

# pnpm's own: a > that no range could begin with.
_PNPM_CHILD = re.compile(r"(?<=[^ |@])>")


class Reader:
    """``own`` is what the project asks for, by local name, and ``catalogs`` what a replacement
    may refer to; ``place`` is where the rules were written, and ``where`` the file."""

    def __init__(
        self, own: Mapping[str, str], catalogs: Catalogs, *, place: str, where: str
    ) -> None:
        self._own = own
        self._catalogs = catalogs
        self._place = place
        self._where = where

    def npm(self, said: Mapping[str, Any]) -> Iterator[Rule]:
        """Nested at will: rules inside a key count anywhere below that package, and ``.`` is the
        package itself."""
        yield from self._npm_below(said, ())

    def _npm_below(self, said: Mapping[str, Any], parents: tuple[Parent, ...]) -> Iterator[Rule]:
        for key, value in said.items():
            name, asked = self._split(key)
            inside = dict(value) if isinstance(value, dict) else {".": value}
            replacement = ""
            if "." in inside:
                replacement = self._replacement(key, name, inside.pop("."))
                if replacement == REMOVED:
                    raise self._refused(key, f"is '{REMOVED}', which npm does not know")
                yield Rule(
                    name=name,
                    asked=asked,
                    replacement=replacement,
                    place=self._place,
                    parents=parents,
                )
            if inside:
                range = self._parent_range(key, name, asked)
                # A package that the rule itself put there counts as well, as for npm.
                if range and replacement and parse_specifier(name, replacement).range:
                    range = f"{range} || {replacement}"
                yield from self._npm_below(inside, (*parents, Parent(name=name, range=range)))

    def yarn(self, said: Mapping[str, Any]) -> Iterator[Rule]:
        """``a``, ``**/a``, ``parent/a``, ``parent/**/a``, ``a@npm:^1``."""
        for key, value in said.items():
            steps = self._steps(key)
            parents: list[Parent] = []
            for step, follower in pairwise(steps):
                if step == "**":
                    continue
                name, range = self._split(key, step)
                range = self._parent_range(key, name, range.removeprefix("npm:"))
                parents.append(Parent(name=name, range=range, direct=follower != "**"))
            name, asked = self._split(key, steps[-1])
            yield self._rule(key, name, asked, value, tuple(parents))

    def pnpm(self, said: Mapping[str, Any]) -> Iterator[Rule]:
        """``a``, ``a@^1``, ``parent>a``, ``parent@1>a@^1``; ``-`` takes the requirement away."""
        for key, value in said.items():
            steps = _PNPM_CHILD.split(key)
            if len(steps) > 2:
                raise self._refused(key, "names more than one parent")
            parents: tuple[Parent, ...] = ()
            if len(steps) == 2:
                name, range = self._split(key, steps[0])
                range = self._parent_range(key, name, range)
                parents = (Parent(name=name, range=range, direct=True),)
            name, asked = self._split(key, steps[-1])
            yield self._rule(key, name, asked, value, parents)

    def _rule(
        self, key: str, name: str, asked: str, value: Any, parents: tuple[Parent, ...]
    ) -> Rule:
        replacement = self._replacement(key, name, value)
        return Rule(
            name=name,
            asked=asked,
            replacement=replacement,
            place=self._place,
            parents=parents,
            own=not parents,
        )

    def _steps(self, key: str) -> list[str]:
        """A path of names, in which a scope's slash parts nothing."""
        steps: list[str] = []
        for part in key.split("/"):
            if steps and steps[-1].startswith("@") and "/" not in steps[-1]:
                steps[-1] += f"/{part}"
            else:
                steps.append(part)
        while steps[0] == "**" and len(steps) > 1:
            del steps[0]
        if any("*" in step and step != "**" and "@" not in step[1:] for step in steps):
            raise self._refused(key, "has a pattern other than '**'")
        if steps[-1] == "**":
            raise self._refused(key, "names no package")
        return steps

    def _split(self, key: str, step: str = "") -> tuple[str, str]:
        """``b@^1`` -> (``b``, ``^1``)."""
        step = step or key
        name, range = split_spec(step)
        if not is_sound(name):
            raise self._refused(key, f"does not begin with a package name: '{name}'")
        return name, range.strip()

    def _parent_range(self, key: str, name: str, range: str) -> str:
        if range in ("", "*"):
            return ""
        if parse_specifier(name, range).range is None:
            raise self._refused(key, f"limits {name} to '{range}', which is not a range")
        return range

    def _replacement(self, key: str, name: str, value: Any) -> str:
        if not isinstance(value, str):
            raise GraftError(
                "override-unsupported",
                f"the override of '{key}' is not a single replacement",
                where=self._where,
                why=[f"it stands in {self._place}"],
                fix=f'write "{key}": "<version or range>"',
            )
        if value.startswith("patch:"):
            raise self._refused(key, "is a patch, and graft applies none")
        if not value.startswith("$"):
            asker = f"{self._place} ({self._where})"
            return self._catalogs.meaning(name, value, asker=asker)
        if value[1:] not in self._own:
            raise GraftError(
                "override-unsupported",
                f"the override of '{key}' refers to '{value}', which is not a dependency",
                where=self._where,
                why=[f"it stands in {self._place}"],
                fix=f"add {value[1:]} to dependencies, or write its range in place of {value}",
            )
        return self._own[value[1:]]

    def _refused(self, key: str, reason: str) -> GraftError:
        return GraftError(
            "override-unsupported",
            f"the override of '{key}' {reason}",
            where=self._where,
            why=[f"it stands in {self._place}"],
            fix="write a name, a name with a range, or either below a parent, and one replacement",
        )
