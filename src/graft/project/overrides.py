"""What a project says about the requirements of packages: which rule counts for which of them.

The rules themselves, and the forms in which projects write them, are in override_rules.py and
override_sources.py, which are loaded where a project has any.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graft.base.records import Record
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement
from graft.versions.specifier import beats_packages, parse_specifier
from graft.versions.version import version_in_graph

if TYPE_CHECKING:
    from graft.project.catalogs import Catalogs
    from graft.project.extensions import Extensions
    from graft.project.override_rules import Parent, Rule
    from graft.project.pnpm_settings import PnpmSettings

REMOVED = "-"

# How far each rule has come on the path to a package: its index, and how many of its parents lie on
# that path. Finished rules for one name stand in the order in which they count.
State = tuple[tuple[int, int], ...]


class Overrides:
    """Rules for the requirements of packages.

    What the project itself asks for is already its own word, so its own lines stay as they are,
    except for rules that say otherwise (``own``). A rule for packages below another goes before one
    for all, the innermost first; then one for a range goes before one for every range. The order of
    lines in a manifest says nothing.
    """

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        """No two of ``rules`` have the same key."""
        ordered = sorted(rules, key=lambda rule: rule.key)
        self.rules: dict[str, str] = {rule.key: rule.replacement for rule in ordered}
        self._below = [rule for rule in ordered if rule.parents]
        self._by_name: dict[str, list[Rule]] = {}
        for rule in ordered:
            if not rule.parents:
                self._by_name.setdefault(rule.name, []).append(rule)
        for rules_of_name in self._by_name.values():
            rules_of_name.sort(key=lambda rule: not rule.asked)

    @property
    def is_flat(self) -> bool:
        """Whether the path to a package has no say in what its requirements become."""
        return not self._below

    def apply(self, requirement: Requirement, state: State = ()) -> str | None:
        """The specifier that counts for a requirement of a package that was reached in ``state``;
        None if the requirement is taken away."""
        for at, matched in state:
            rule = self._below[at]
            if matched == len(rule.parents) and _is_for(rule, requirement):
                return _said(rule)
        for rule in self._by_name.get(requirement.local, ()):
            if _is_for(rule, requirement):
                return _said(rule)
        return requirement.specifier

    def of_project(self, requirement: Requirement) -> str | None:
        """The same for a line of the project's own."""
        for rule in self._by_name.get(requirement.local, ()):
            if rule.own and _is_for(rule, requirement):
                return _said(rule)
        return requirement.specifier

    def of_importer(self, who: Manifest | None, requirement: Requirement) -> str | None:
        """The same for a line of any importer: the root, which is None, or a folder of the
        project, which rules count for as for any package."""
        if who is None:
            return self.of_project(requirement)
        return self.apply(requirement, self.state_of(who))

    def state_of(self, who: Manifest | None) -> State:
        """The state in which an importer's lines are read."""
        return self.step((), who.name, who) if who else ()

    def replacements(self) -> Iterator[tuple[str, str]]:
        """Each rule's name and what it puts there."""
        for rule in (*self._below, *(rule for rules in self._by_name.values() for rule in rules)):
            yield rule.name, rule.replacement

    def step(self, state: State, local: str, manifest: Manifest) -> State:
        """The state in which the requirements of a package are read that is known as ``local`` and
        was asked for in ``state``; the project's own lines are asked for in the empty one."""
        if not self._below:
            return ()
        carried: list[tuple[int, int]] = []
        fresh: list[tuple[int, int]] = []
        for at, matched in state:
            parents = self._below[at].parents
            if not parents[matched - 1].direct:
                carried.append((at, matched))
            if matched < len(parents) and _matches(parents[matched], local, manifest):
                fresh.append((at, matched + 1))
        for at, rule in enumerate(self._below):
            if _matches(rule.parents[0], local, manifest):
                fresh.append((at, 1))
        fresh.sort(key=self._rank)
        return self._in_order([*fresh, *carried])

    def label(self, state: State) -> str:
        """The packages above that a state stands for, as in ``a>b, c``."""
        return ", ".join(
            sorted({">".join(p.name for p in self._below[at].parents[:n]) for at, n in state})
        )

    def _rank(self, place: tuple[int, int]) -> tuple[object, ...]:
        """Of rules that one package brings into force: those that name more of the path first."""
        at, matched = place
        rule = self._below[at]
        return (-matched, not rule.parents[matched - 1].range, not rule.asked, at)

    def _in_order(self, places: list[tuple[int, int]]) -> State:
        """Without what has no say: rules that can never count because an inner one for the same
        name always does, and the order of rules for different names. Else the states of a graph in
        which many rules meet would be too many."""
        kept: dict[tuple[int, int], str] = {}
        decided = set()
        for place in places:
            rule = self._below[place[0]]
            finished = place[1] == len(rule.parents)
            if place in kept or (finished and rule.name in decided):
                continue
            kept[place] = rule.name if finished else ""
            if finished and not rule.asked and not rule.parents[-1].direct:
                decided.add(rule.name)
        return tuple(sorted(kept, key=lambda at: (kept[at], (0, 0) if kept[at] else at)))


class Rules(Record):
    """All that a project says of packages' requirements: what replaces them, what adds to them."""

    overrides: Overrides
    extensions: Extensions | None = None

    @property
    def extension_texts(self) -> Mapping[str, str]:
        """What is added, by key, as compact JSON."""
        return self.extensions.texts if self.extensions else {}


NO_OVERRIDES = Overrides()
NO_RULES = Rules(overrides=NO_OVERRIDES)
RULE_FIELDS = ("overrides", "resolutions", "pnpm", "packageExtensions")


def read_rules(
    data: Mapping[str, Any],
    own: Mapping[str, str],
    *,
    where: str,
    pnpm: PnpmSettings,
    catalogs: Catalogs,
) -> Rules:
    """Rules from a manifest, and from pnpm's file beside it; ``own`` is what the project asks for,
    by local name.

    Raises ``override-unsupported``, ``override-conflict``, ``extension-unsupported`` and
    ``catalog-unknown``.
    """
    is_plain = not pnpm.data and not any(field in data for field in RULE_FIELDS)
    if is_plain and not any(map(beats_packages, own.values())):
        return NO_RULES
    from graft.project.override_sources import gather

    return gather(data, own, where=where, pnpm=pnpm, catalogs=catalogs)


def _said(rule: Rule) -> str | None:
    return None if rule.replacement == REMOVED else rule.replacement


def _is_for(rule: Rule, requirement: Requirement) -> bool:
    return rule.name == requirement.local and (not rule.asked or _meets(requirement, rule.asked))


def _meets(requirement: Requirement, asked: str) -> bool:
    """Whether some version satisfies both what is asked for and the rule's range."""
    if asked.startswith("npm:"):  # yarn's form, which means this very text
        return requirement.specifier in (asked, asked[4:])
    theirs = parse_specifier(requirement.local, requirement.specifier).range
    ours = parse_specifier(requirement.local, asked).range
    if theirs is None or ours is None:
        return requirement.specifier == asked
    return not theirs.intersection(ours).is_empty


def _matches(parent: Parent, local: str, manifest: Manifest) -> bool:
    if parent.name not in (local, manifest.name):
        return False
    if not parent.range:
        return True
    range = parse_specifier(parent.name, parent.range).range
    return range is not None and range.contains(version_in_graph(manifest.version))
