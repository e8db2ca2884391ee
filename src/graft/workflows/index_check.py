"""``index check``: what a change of an index would break."""

from __future__ import annotations

from collections.abc import Mapping

from graft.git.program import GitProgram
from graft.indices.whole import Checked, check
from graft.workflows.index_sides import side


def check_index(folder: str, base: str, head: str, environ: Mapping[str, str]) -> Checked:
    """``base`` and ``head`` are as for ``index_sides.side``. Raises as that does."""
    git = GitProgram(environ)
    return check(side(git, folder, base), side(git, folder, head))
