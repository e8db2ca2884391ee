"""Files of an index, written as one change and, where that is asked for, committed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import write_atomic
from graft.base.records import Record
from graft.git.program import GitProgram
from graft.indices.paths import INFO
from graft.indices.tree import IndexTree


class Kept(Record):
    """``files`` are paths in the index. ``commands`` are what is left to do with git, as typed in a
    shell."""

    files: tuple[str, ...]
    commands: tuple[str, ...]
    committed: bool


def open_index(folder: str) -> IndexTree:
    """Raises ``index-missing``, ``index-invalid`` and ``index-too-new``."""
    if not os.path.isfile(os.path.join(folder, INFO)):
        raise GraftError(
            "index-missing",
            f"there is no {INFO}: this folder is no index",
            where=folder,
            fix="name one with --index, or begin one with 'graft index init --namespace NS PATH'",
        )
    tree = IndexTree(folder)
    _ = tree.info
    return tree


def keep(
    folder: str,
    files: Mapping[str, bytes],
    message: str,
    environ: Mapping[str, str],
    *,
    dry_run: bool,
    commit: bool,
) -> Kept:
    """Write ``files``, by path, the last of them last; ``message`` is the commit's.

    Raises ``index-invalid`` for a path behind a link, and ``index-uncommitted``.
    """
    tree = IndexTree(folder)
    targets = {tree.file_at(path): data for path, data in files.items()}
    if not dry_run:
        for target, data in targets.items():
            os.makedirs(os.path.dirname(target), exist_ok=True)
            write_atomic(target, data)
    steps = [["add", "--", *files], ["commit", "-m", message, "--", *files]]
    if commit and not dry_run:
        git = GitProgram(environ)
        for step in steps:
            done = git.run_within(folder, step)
            if not done.is_good:
                raise GraftError(
                    "index-uncommitted",
                    "the files are written, but git did not commit them",
                    where=folder,
                    why=done.said,
                    fix="mend that, and commit what 'git status' shows",
                )
        steps = []
    commands = [shlex.join(["git", "-C", folder, *step]) for step in (*steps, ["push"])]
    return Kept(files=tuple(files), commands=tuple(commands), committed=commit and not dry_run)
