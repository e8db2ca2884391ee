"""What to change where there is no answer: each change was tried, and there is one with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum

from graft.base.records import Record, replace
from graft.resolve.flat.causes import Asks, Bound, Fact, Kept, Root
from graft.resolve.flat.core import Core, minimal
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Candidate, Problem
from graft.resolve.flat.solve import NoSolutionError, Solution, solve
from graft.versions.constraint import Constraint
from graft.versions.ranges import ANY, Range

_MOST = 3  # edits that are offered, one of which is enough
_MOST_TOGETHER = 40  # edits that are tried together where none is enough


class Change(StrEnum):
    """The mildest first."""

    ASK = "ask"  # the project asks for other versions of a package
    PIN = "pin"  # it asks for just one, and so allows an incompatible change
    OVERRIDE = "override"  # it has its way with those who ask for others
    DROP = "drop"  # it does without the package


class Edit(Record):
    """One change of what the project says. ``constraint`` is the new one, None for none any more;
    ``instead`` are the texts that it replaces. ``version`` is what the package then becomes, empty
    if it is not there any more."""

    change: Change
    name: str
    constraint: Constraint | None
    instead: tuple[str, ...]
    version: str


# How the project writes that it asks for this version, in one of the first three ways.
Spell = Callable[[Change, str, Candidate], Constraint]


def remedies(
    problem: Problem, packages: Packages, core: Core, spell: Spell
) -> list[tuple[Edit, ...]]:
    """Edits of which each is enough, one in each tuple; where there are none, several that are
    enough together, in one."""
    # To do without something that was asked for is the last that anybody wants.
    mild = [each for each in _changes(core) if each[0] is not Change.DROP]
    hard = [each for each in _changes(core) if each[0] is Change.DROP]
    asked = _asked(core, {})
    return (
        _each(problem, packages, mild, asked, spell)
        or _together(problem, packages, core, spell, drops=False)
        or _each(problem, packages, hard, asked, spell)
        or _together(problem, packages, core, spell, drops=True)
    )


def alone(
    problem: Problem, packages: Packages, core: Core, spell: Spell, ways: Collection[Change]
) -> list[tuple[Edit, ...]]:
    """The same for edits of these kinds, of which each is enough."""
    changes = [each for each in _changes(core) if each[0] in ways]
    return _each(problem, packages, changes, _asked(core, {}), spell)


def _each(
    problem: Problem,
    packages: Packages,
    changes: Sequence[tuple[Change, str]],
    asked: Mapping[str, Range],
    spell: Spell,
) -> list[tuple[Edit, ...]]:
    found: list[tuple[Edit, ...]] = []
    reached: set[tuple[str, str]] = set()
    for change, name in changes:
        if len(found) == _MOST:
            break
        try:
            answer = solve(_changed(problem, change, name, asked), packages)
        except NoSolutionError:
            continue
        edit = _edit(problem, answer, spell, change, name)
        # A milder edit leads to the same.
        if (name, edit.version) not in reached:
            reached.add((name, edit.version))
            found.append((edit,))
    return found


def _together(
    problem: Problem, packages: Packages, core: Core, spell: Spell, *, drops: bool
) -> list[tuple[Edit, ...]]:
    """Edits found one after the other, each for what is in the way of the ones before."""
    made: list[tuple[Change, str]] = []
    asked: dict[str, Range] = {}
    while len(made) < _MOST_TOGETHER:
        before = asked
        asked = _asked(core, before)
        order = sorted(_changes(core), key=lambda each: each[0] is not Change.OVERRIDE)
        following = next(
            (each for each in order if each not in made and (drops or each[0] is not Change.DROP)),
            None,
        )
        if following is not None:
            made.append(following)
        elif asked == before:
            break
        now = problem
        for each in made:
            now = _changed(now, *each, asked)
        try:
            answer = solve(now, packages)
        except NoSolutionError as error:
            core = minimal(packages, error.proof)
        else:
            return [_edits(problem, answer, spell, made)]
    return []


def _edits(
    problem: Problem, answer: Solution, spell: Spell, made: Sequence[tuple[Change, str]]
) -> tuple[Edit, ...]:
    """One for each package: the strongest that was needed. None for what is overridden and then
    not there."""
    order = list(Change)
    strongest: dict[str, Change] = {}
    for change, name in made:
        strongest[name] = max(change, strongest.get(name, change), key=order.index)
    said = {name for name, _ in problem.constraints}
    return tuple(
        _edit(problem, answer, spell, change, name)
        for name, change in sorted(strongest.items())
        if change is not Change.OVERRIDE or name in answer.chosen or name in said
    )


def _changes(core: Core) -> list[tuple[Change, str]]:
    """What could be changed so that the core is none any more."""
    found = {change for fact in core.facts() for change in _changes_of(fact)}
    order = list(Change)
    return sorted(found, key=lambda each: (order.index(each[0]), each[1]))


def _changes_of(fact: Fact) -> Iterator[tuple[Change, str]]:
    if isinstance(fact, Bound):
        yield Change.ASK, fact.name
    elif isinstance(fact, Kept):
        yield Change.PIN, fact.name
    elif isinstance(fact, Asks):
        yield Change.OVERRIDE, fact.name
    elif isinstance(fact, Root):
        yield Change.DROP, fact.name


def _asked(core: Core, before: Mapping[str, Range]) -> dict[str, Range]:
    """What anybody asks for of a package: an override that goes beyond that helps nobody."""
    found = dict(before)
    for fact in core.facts():
        if isinstance(fact, Asks):
            had, range = found.get(fact.name), fact.constraint.range
            found[fact.name] = had.union(range) if had else range
    return found


def _changed(problem: Problem, change: Change, name: str, asked: Mapping[str, Range]) -> Problem:
    """The problem as it would be if the edit left everything open that it can."""
    said = problem.constraints
    others = tuple(each for each in said if each[0] != name)
    previous = {other: was for other, was in problem.previous.items() if other != name}
    if change is Change.ASK:
        kept = previous if problem.frees else problem.previous
        return replace(problem, constraints=others, previous=kept)
    if change is Change.PIN:
        return replace(problem, previous=previous)
    if change is Change.DROP:
        roots = tuple(root for root in problem.roots if root != name)
        return replace(problem, roots=roots, constraints=others, previous=previous)
    own = tuple((n, replace(each, override=True)) for n, each in said if n == name)
    range = asked.get(name, ANY)
    free = Constraint(text="", range=range, at_least=range, override=True)
    return replace(problem, constraints=(*others, *(own or ((name, free),))))


def _edit(problem: Problem, answer: Solution, spell: Spell, change: Change, name: str) -> Edit:
    candidate = answer.chosen.get(name)
    own = [each for other, each in problem.constraints if other == name]
    # What beats others now has to do so afterwards.
    beats = change is Change.PIN and any(each.override for each in own)
    way = Change.OVERRIDE if beats else change
    return Edit(
        change=change,
        name=name,
        constraint=spell(way, name, candidate) if candidate and way is not Change.DROP else None,
        instead=tuple(each.text for each in own if each.text),
        version=candidate.text if candidate else "",
    )


def edit_lines(edits: Sequence[Edit]) -> list[str]:
    """Each edit as a line, in the words of the solver: who knows the file has better ones."""
    return [_line(edit) for edit in edits]


def _line(edit: Edit) -> str:
    before = " and ".join(f"{edit.name}@{text}" for text in edit.instead) or edit.name
    if edit.change is Change.DROP:
        return f"do without {edit.name}"
    if edit.constraint is None:
        return f"do not ask for {before}"
    after = f"{edit.name}@{edit.constraint.text}"
    if edit.instead and before != after:
        return f"ask for {after} instead of {before}"
    return f"ask for {after}"
