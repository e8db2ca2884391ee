"""The smallest part of a failure that is still one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from graft.base.records import Record
from graft.resolve.flat.causes import (
    Asks,
    Bound,
    Fact,
    Incompatibility,
    Kept,
    Root,
    TooMany,
    Unanticipated,
)
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.search import Search, UnsolvableError, any_answer

# What is left out first, if it can be: who reads an explanation knows best what the project asks.
_EXPENDABLE = (TooMany, Unanticipated, Kept, Asks, Bound, Root)


class Statement(Fact):
    """What is said in one breath: facts of one subject, all of which hold."""

    facts: tuple[Fact, ...]


class Core(Record):
    """``proof`` follows from ``statements``, and from no part of them: without any one of them
    there is an answer to the others. Each is an incompatibility whose cause is a Statement."""

    statements: tuple[Incompatibility, ...]
    proof: Incompatibility

    def facts(self) -> Iterator[Fact]:
        """All that is stated, in the order of the statements."""
        for said in self.statements:
            assert isinstance(said.cause, Statement)
            yield from said.cause.facts


def minimal(packages: Packages, proof: Incompatibility) -> Core:
    """The core of what a proof follows from."""
    said = _by_subject(packages, proof.leaves())
    said, proof = _without_needless(packages, said, proof)
    said = _together(said)
    refuted = refutation(packages, said)
    assert refuted is not None
    return Core(statements=tuple(said), proof=refuted)


def refutation(packages: Packages, stated: Iterable[Incompatibility]) -> Incompatibility | None:
    """The proof that incompatibilities alone leave no answer; None if they leave one."""
    search = Search(packages, lambda _: (), None)
    for each in stated:
        for number in each.terms:
            search.load(packages.all[number])
        search.add(each)
    try:
        any_answer(search)
    except UnsolvableError as unsolvable:
        return unsolvable.proof
    return None


def _by_subject(packages: Packages, leaves: Sequence[Incompatibility]) -> list[Incompatibility]:
    """One statement for each fact; and one for all that a package asks of another, whatever the
    constraints of its versions, where that is enough to see that nothing fits."""
    by_fact: dict[Fact, Incompatibility] = {}
    for leaf in leaves:
        fact = leaf.cause
        assert isinstance(fact, Fact)
        said = Incompatibility(leaf.terms, Statement(facts=(fact,)))
        had = by_fact.get(fact)
        by_fact[fact] = _either(packages, had, said) if had else said
    everything = list(by_fact.values())
    pairs: dict[tuple[str, str, bool], list[Incompatibility]] = {}
    for fact, each in by_fact.items():
        if isinstance(fact, Asks):
            pairs.setdefault((fact.owner, fact.name, fact.weak), []).append(each)
    for several in pairs.values():
        if len(several) > 1:
            one = several[0]
            for other in several[1:]:
                one = _either(packages, one, other)
            attempt = [each for each in everything if each not in several] + [one]
            if all(one.terms.values()) and refutation(packages, attempt) is not None:
                everything = attempt
    return everything


def _either(packages: Packages, one: Incompatibility, other: Incompatibility) -> Incompatibility:
    """What two statements of one owner about one target have in common, said of all its versions
    that either is about."""
    owner = next(iter(one.terms))
    terms = {owner: one.terms[owner] | other.terms[owner]}
    for number in {*one.terms, *other.terms} - {owner}:
        everything = packages.all[number].all
        terms[number] = one.terms.get(number, everything) & other.terms.get(number, everything)
    assert isinstance(one.cause, Statement)
    assert isinstance(other.cause, Statement)
    facts = dict.fromkeys((*one.cause.facts, *other.cause.facts))
    return Incompatibility(terms, Statement(facts=tuple(facts)))


def _without_needless(
    packages: Packages, said: list[Incompatibility], proof: Incompatibility
) -> tuple[list[Incompatibility], Incompatibility]:
    kept = sorted(said, key=expendable)
    for each in list(kept):
        if each not in kept:
            continue
        without = [other for other in kept if other is not each]
        found = refutation(packages, without)
        if found is not None:
            proof = found
            needed = {id(leaf) for leaf in proof.leaves()}
            kept = [other for other in without if id(other) in needed]
    return kept, proof


def expendable(said: Incompatibility) -> int:
    """The lower, the sooner it is left out."""
    assert isinstance(said.cause, Statement)
    return _EXPENDABLE.index(type(said.cause.facts[0]))


def _together(said: Sequence[Incompatibility]) -> list[Incompatibility]:
    """All that the project says of one package, as the one line that it usually is."""
    found: list[Incompatibility] = []
    of_project: dict[int, list[Incompatibility]] = {}
    for each in said:
        assert isinstance(each.cause, Statement)
        if isinstance(each.cause.facts[0], (Root, Bound)):
            (number,) = each.terms
            of_project.setdefault(number, []).append(each)
        else:
            found.append(each)
    for number, several in sorted(of_project.items()):
        mask = 0
        facts: list[Fact] = []
        for each in sorted(several, key=expendable, reverse=True):
            mask |= each.terms[number]
            facts += each.cause.facts  # type: ignore[union-attr]
        found.append(Incompatibility({number: mask}, Statement(facts=tuple(facts))))
    return found
