"""What an answer costs by the reference's account: its 26 steps, each a sum over packages.

graft decides by levels and names and adds nothing up; this is for comparing two answers in the
reference's own terms. A package that the project's constraints leave a single version costs
nothing there, but for roots that are to be upgraded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from graft.resolve.flat.prices import Price, ages, distances, newness
from graft.resolve.flat.problem import Candidate, Catalogue, Problem
from graft.versions.version import Key, Version

_LEVELS = ("major", "minor", "patch", "rest")

Pricing = Callable[[str, Sequence[Key]], list[Price]]


def steps_of(
    answer: Mapping[str, str], problem: Problem, catalogue: Catalogue
) -> list[tuple[str, int]]:
    """The names of the steps and their sums, in order. ``answer`` satisfies everything, and has
    versions as the catalogue spells them."""
    found = reachable(problem, catalogue)
    roots, had, upgrade = set(problem.roots), set(problem.previous), set(problem.upgrade)

    def newest(_: str, keys: Sequence[Key]) -> list[Price]:
        return ages(keys)

    def oldest(_: str, keys: Sequence[Key]) -> list[Price]:
        return newness(keys, patched=True)

    def nearest(name: str, keys: Sequence[Key]) -> list[Price]:
        patched = problem.patches and name not in roots
        return distances(keys, problem.previous[name].key, patched=patched)

    def sums(step: str, levels: Sequence[str], names: Iterable[str], price: Pricing) -> None:
        rows = [_price(answer[name], found[name], name, price) for name in names if name in answer]
        steps.extend(
            (f"{step}_{level}", sum(row[at] for row in rows if row))
            for at, level in enumerate(levels)
        )

    steps: list[tuple[str, int]] = [("unknown_packages", 0), ("conflicts", 0)]
    steps.append(("unanticipated_prereleases", len(_unanticipated(answer, problem, found))))
    changed = [
        name
        for name in roots & had
        if (name in upgrade or len(found[name]) > 1)
        and is_incompatible(_chosen(answer[name], found[name]), problem.previous[name])
    ]
    incompatible = ("previous_root_incompat", len(changed))
    if not problem.incompatible:
        steps.append(incompatible)
    sums("update", _LEVELS, upgrade & found.keys(), newest)
    if problem.incompatible:
        steps.append(incompatible)

    def beyond(name: str, keys: Sequence[Key]) -> list[Price]:
        return [row[1:] for row in nearest(name, keys)]

    sums("previous_root", _LEVELS, (roots & had) - upgrade, beyond)
    indirect = had & found.keys() - roots
    sums("previous_indirect", ("incompat", *_LEVELS), indirect, nearest)
    sums("new_root", _LEVELS, roots - had, newest)
    sums("new_indirect", _LEVELS, found.keys() - roots - had - upgrade, oldest)
    steps.append(("total_packages", len(found.keys() & answer.keys())))
    return steps


def allowed(problem: Problem, catalogue: Catalogue, name: str) -> list[Candidate]:
    """What the project's constraints leave of a package, oldest first. Overrides weaken none of
    these."""
    found = list(catalogue.candidates(name) or ())
    for about, constraint in problem.constraints:
        if about == name:
            found = [each for each in found if constraint.range.contains(each.version)]
    return sorted(found, key=lambda each: (each.version.key, each.text))


def reachable(problem: Problem, catalogue: Catalogue) -> dict[str, list[Candidate]]:
    """All that allowed versions can bring in, each with what is allowed of it."""
    found: dict[str, list[Candidate]] = {}
    todo = list(problem.roots)
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found[name] = allowed(problem, catalogue, name)
        for candidate in found[name]:
            asked = catalogue.dependencies(name, candidate)
            todo += [each.name for each in asked if not each.weak]
    return found


def is_incompatible(version: Version, previous: Version) -> bool:
    return version < previous or version.major != previous.major


def _chosen(text: str, candidates: Iterable[Candidate]) -> Version:
    return next(each.version for each in candidates if each.text == text)


def _price(text: str, candidates: Sequence[Candidate], name: str, price: Pricing) -> Price:
    """None at all where there is no choice."""
    if len(candidates) < 2:
        return ()
    rows = price(name, [each.version.key for each in candidates])
    return next(row for row, each in zip(rows, candidates, strict=True) if each.text == text)


def _unanticipated(
    answer: Mapping[str, str], problem: Problem, found: Mapping[str, Sequence[Candidate]]
) -> list[str]:
    names = []
    for name, text in answer.items():
        anticipated = problem.anticipated.get(name)
        if name in found and "-" in text:
            version = _chosen(text, found[name])
            if anticipated is None or not anticipated.contains(version):
                names.append(name)
    return names
