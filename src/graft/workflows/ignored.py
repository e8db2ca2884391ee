"""The note about scripts that did not run. Loads next to nothing: short roads say it too."""

from __future__ import annotations

from graft.base.diagnostics import Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def ignored_notes(ignored: Sequence[str]) -> tuple[Diagnostic, ...]:
    """One note, or none. ``ignored`` are packages by id."""
    if not ignored:
        return ()
    return (
        Diagnostic(
            code="builds-ignored",
            message=f"these packages have scripts that were not run: {', '.join(ignored)}",
            fix="run 'graft approve-builds' to look at them and decide",
        ),
    )
