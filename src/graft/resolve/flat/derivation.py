"""A proof as steps that people can follow: because of this and that, so this."""

from __future__ import annotations

from graft.base.records import Record
from graft.resolve.flat.causes import Incompatibility
from graft.resolve.flat.core import Core, expendable, minimal
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.phrases import conclusion, fact


class Step(Record):
    """``because`` are facts, and ``builds_on`` the numbers of the steps, from 1, that it needs
    as well; ``so`` is what follows."""

    because: tuple[str, ...]
    builds_on: tuple[int, ...]
    so: str


class Explanation(Record):
    """``requirements`` are what cannot hold together: all of them are needed for that. ``core`` has
    the same for whoever looks for what to change."""

    requirements: tuple[str, ...]
    steps: tuple[Step, ...]
    core: Core

    def lines(self) -> list[str]:
        """One a step. A step that is not built on the one before it says on which it is."""
        cited = {
            number
            for at, step in enumerate(self.steps, 1)
            for number in step.builds_on
            if number != at - 1
        }
        lines = []
        for at, step in enumerate(self.steps, 1):
            because = [*(f"of ({n})" for n in step.builds_on if n != at - 1), *step.because]
            word = "And because" if at - 1 in step.builds_on else "Because"
            start = f"{word} {', and '.join(because)}, " if because else "So "
            mark = f"({at}) " if at in cited else ""
            lines.append(f"{mark}{start}{step.so}.")
        return lines


def explained(packages: Packages, proof: Incompatibility) -> Explanation:
    core = minimal(packages, proof)
    steps: list[Step] = []
    numbers: dict[int, int] = {}

    def number_of(inferred: Incompatibility) -> int:
        known = numbers.get(id(inferred))
        if known is not None:
            return known
        stated, built = _gathered(inferred)
        # The longer part first, so that the other is at hand when it is needed.
        for each in sorted(built, key=_size, reverse=True):
            number_of(each)
        steps.append(
            Step(
                because=tuple(fact(packages, each) for each in stated),
                builds_on=tuple(sorted(numbers[id(each)] for each in built)),
                so=conclusion(packages, inferred),
            )
        )
        return numbers.setdefault(id(inferred), len(steps))

    number_of(core.proof)
    return Explanation(
        requirements=tuple(sorted(fact(packages, each) for each in core.statements)),
        steps=tuple(steps),
        core=core,
    )


def _gathered(
    inferred: Incompatibility,
) -> tuple[list[Incompatibility], list[Incompatibility]]:
    """What a step rests on: facts, what the project says first, and steps."""
    stated: list[Incompatibility] = []
    built: list[Incompatibility] = []
    causes = inferred.cause if isinstance(inferred.cause, tuple) else (inferred,)
    for cause in causes:
        (built if isinstance(cause.cause, tuple) else stated).append(cause)
    return sorted(stated, key=expendable, reverse=True), built


def _size(inferred: Incompatibility) -> int:
    return len(inferred.leaves())
