"""Names that users type, and what they may have meant."""

from __future__ import annotations

from graft.base.diagnostics import GraftError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def not_a_dependency(name: str, known: Iterable[str], where: str) -> GraftError:
    from graft.base.suggestions import did_you_mean

    return GraftError(
        "not-a-dependency",
        f"'{name}' is not a dependency here",
        where=where,
        fix=did_you_mean(name, known) or "'graft ls --all' shows what is",
    )
