"""Names that users type, and what they may have meant."""

from __future__ import annotations

from graft.base.diagnostics import GraftError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """What somebody who typed ``name`` may have meant; empty if nothing is near."""
    import difflib

    return next(iter(difflib.get_close_matches(name, sorted(known), n=1)), "")


def not_a_dependency(name: str, known: Iterable[str], where: str) -> GraftError:
    near = nearest(name, known)
    return GraftError(
        "not-a-dependency",
        f"'{name}' is not a dependency here",
        where=where,
        fix=f"did you mean '{near}'?" if near else "'graft ls --all' shows what is",
    )
