"""Incompatibilities in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from graft.resolve.flat.causes import Asks, Bound, Fact, Incompatibility, Kept, Root, Unanticipated
from graft.resolve.flat.core import Statement
from graft.resolve.flat.packages import ABSENT, Package, Packages
from graft.versions.constraint import Constraint
from graft.versions.version import Key

_MOST = 3  # ranges, or constraints, that are listed


def versions(package: Package, mask: int) -> str:
    """Candidates as ranges of those that there are: ``1.2.0``, ``1.2.0 to 1.4.1``."""
    runs: list[list[int]] = []
    for number in package.numbers(mask):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    newest = len(package.candidates) - 1

    def shown(run: Sequence[int]) -> str:
        first, last = package.candidates[run[0]].text, package.candidates[run[-1]].text
        if len(run) == 1:
            return first
        return f"{first} and later" if run[-1] == newest else f"{first} to {last}"

    if len(runs) > _MOST:
        between = f"{shown([runs[0][0], runs[-1][-1]])}"
        return f"{between} ({sum(map(len, runs))} of these)"
    return _listed([shown(run) for run in runs], "and")


def subject(package: Package, mask: int, every: str = "every version of ") -> str:
    """A package and which versions of it."""
    if mask | ABSENT != package.all:
        return f"{package.name} {versions(package, mask)}"
    if len(package.candidates) == 1:
        version = package.candidates[0].text
        # Packages that are here for what they ask are known by both.
        known = package.name.endswith(f"@{version}")
        return package.name if known else f"{package.name} {version}"
    return f"{every}{package.name}"


def fact(packages: Packages, said: Incompatibility) -> str:
    """What somebody stated: ``b 2.0.0 asks for a@^1``."""
    assert isinstance(said.cause, Statement)
    facts = said.cause.facts
    first = facts[0]
    if isinstance(first, Asks):
        return _asks(packages, said, [each for each in facts if isinstance(each, Asks)])
    if isinstance(first, Kept):
        return _kept(packages.named(first.name), said, first)
    if isinstance(first, Unanticipated):
        return f"neither the project nor its lock names a prerelease of {first.name}"
    if isinstance(first, Root | Bound):
        (mask,) = said.terms.values()
        return _project(packages, first.name, facts, mask)
    return "no more prereleases are taken than are needed"


def _kept(package: Package, said: Incompatibility, kept: Kept) -> str:
    was = f"{kept.name} was {kept.previous}"
    if said.terms[package.number] | ABSENT == package.all:
        return f"{was}, with which no version is compatible"
    return f"{was} and may not change incompatibly"


def _project(packages: Packages, name: str, facts: Iterable[Fact], mask: int) -> str:
    bounds = [each.constraint for each in facts if isinstance(each, Bound)]
    texts = [f"{name}@{bound.text}" if bound.text else name for bound in bounds]
    is_root = any(isinstance(each, Root) for each in facts)
    package = packages.named(name)
    if not is_root:
        return f"the project wants {_listed(texts, 'and')}"
    wanted = f"the project asks for {_listed(texts, 'and') or name}"
    if not package.is_known:
        return f"{wanted} (no such package)"
    if mask == package.all and len(texts) > 1:
        return f"{wanted} (no version is in all of these)"
    if mask == package.all:
        newest = package.candidates[-1].text if package.candidates else "none"
        return f"{wanted} (no such version; the newest is {newest})"
    return wanted


def _asks(packages: Packages, said: Incompatibility, facts: Sequence[Asks]) -> str:
    first = facts[0]
    owner, target = packages.named(first.owner), packages.named(first.name)
    mask = said.terms[owner.number]
    who = subject(owner, mask)
    facts = sorted(
        facts, key=lambda each: (each.constraint.range.every.bounds, each.constraint.text)
    )
    texts = list(dict.fromkeys(_constrained(first.name, each.constraint) for each in facts))
    if len(texts) > _MOST:
        texts = [*texts[: _MOST - 1], f"{len(texts) - _MOST + 1} others"]
    those = _listed(texts, "or")
    if first.weak:
        return f"{who} goes only with {those}"
    if not target.is_known:
        return f"{who} asks for {those} (no such package)"
    if target.number not in said.terms:
        return f"{who} asks for {those} (no such version)"
    return f"{who} asks for {those}"


def _from_where(constraint: Constraint) -> tuple[tuple[Key, ...], str]:
    return constraint.range.every.bounds, constraint.text


def _constrained(name: str, constraint: Constraint) -> str:
    return f"{name}@{constraint.text}" if constraint.text else name


def conclusion(packages: Packages, inferred: Incompatibility) -> str:
    """What follows: ``b 2.0.0 cannot be chosen``."""
    chosen: list[tuple[Package, int]] = []
    needed: list[str] = []
    for number, mask in sorted(inferred.terms.items(), key=lambda term: packages.all[term[0]].name):
        package = packages.all[number]
        if mask == package.all:
            continue
        if not mask & ABSENT:
            chosen.append((package, mask))
        elif mask == ABSENT:
            needed.append(package.name)
        else:
            needed.append(f"{package.name} {versions(package, package.all & ~mask)}")
    if not needed:
        return _impossible(chosen)
    those = _listed(needed, "or")
    if not chosen:
        return f"{those} is needed"
    if len(chosen) == 1:
        return f"{subject(*chosen[0])} needs {those}"
    return f"{_listed([subject(*each, '') for each in chosen], 'and')} together need {those}"


def _impossible(chosen: Sequence[tuple[Package, int]]) -> str:
    if not chosen:
        return "there is no answer"
    if len(chosen) > 1:
        both = _listed([subject(*each, "") for each in chosen], "and")
        return f"{both} cannot be chosen together"
    package, mask = chosen[0]
    if mask | ABSENT == package.all and len(package.candidates) > 1:
        return f"no version of {package.name} can be chosen"
    return f"{subject(package, mask)} cannot be chosen"


def _listed(texts: Sequence[str], last: str) -> str:
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {last} {texts[-1]}"
