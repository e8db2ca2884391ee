"""A patch applied to a package's own copy of its files."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.git.program import GitProgram
from graft.project.patches import Patch

PATCH_FAILED = "patch-failed"
_APPLY = ("apply", "-p1", "--whitespace=nowarn")


def apply_patch(git: GitProgram, folder: str, patch: Patch) -> None:
    """Change the files in ``folder`` as the patch says: all of it, or ``patch-failed``. git follows
    no link and leaves no folder."""
    done = git.run_outside(folder, _APPLY, data=patch.data)
    if not done.is_good:
        raise GraftError(
            PATCH_FAILED,
            f"{patch.path} does not fit {patch.id}",
            where=patch.path,
            why=done.said,
            fix=f"'graft patch-remove {patch.id}', then 'graft patch {patch.id}' to make it anew",
        )
