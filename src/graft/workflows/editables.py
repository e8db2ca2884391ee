"""Clones that a project's people work in: made once, never thrown away with work in them."""

from __future__ import annotations

import os
from collections.abc import Iterable

from graft.base.diagnostics import GraftError
from graft.base.files import remove_tree, temporary_sibling, write_file
from graft.base.http import missing_offline, redact
from graft.git.program import GitProgram
from graft.git.working_tree import WorkingTree
from graft.link.importers import refuse_strange
from graft.project.checkout import Checkout
from graft.project.editables import Editable, editables
from graft.project.toml_entry import EDITABLES
from graft.workflows.project import Context, Work

_JUNK = ".tmp-"


def working_tree(context: Context, editable: Editable) -> WorkingTree:
    return WorkingTree(GitProgram(os.environ), os.path.join(context.folder, editable.path))


def bring_clones(work: Work, checkout: Checkout) -> Checkout:
    """The project with a clone of each editable package that had none. Raises ``link-refused``,
    ``offline-missing`` and ``git-unreachable``."""
    lacking = [
        editable
        for editable in editables(checkout.manifests)
        if not os.path.lexists(os.path.join(checkout.folder, editable.path))
    ]
    for editable in lacking:
        clone(work, editable, checkout.modules)
    return work.context.checkout(checkout.edited) if lacking else checkout


def clone(work: Work, editable: Editable, modules: str) -> None:
    """Complete or not there at all; what others made in it as ``modules`` is no change of it."""
    context = work.context
    refuse_strange(context.folder, editable.path)
    final = os.path.join(context.folder, editable.path)
    if context.settings.offline:
        raise missing_offline(f"the repository of {editable.name}", editable.source.url)
    above = os.path.dirname(final)
    os.makedirs(above, exist_ok=True)
    _remove_junk(above)
    staged = temporary_sibling(final)
    try:
        _clone_into(context, editable, staged)
        info = os.path.join(staged, ".git", "info")
        os.makedirs(info, exist_ok=True)
        write_file(os.path.join(info, "exclude"), f"/{modules}/\n".encode())
        os.rename(staged, final)
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)


def refuse_losing_work(context: Context, chosen: Iterable[Editable]) -> None:
    """Raises ``editable-has-work`` where something is in a clone that is nowhere else."""
    for editable in chosen:
        tree = working_tree(context, editable)
        why = tree.own_work() if os.path.lexists(tree.folder) else []
        if why:
            raise GraftError(
                "editable-has-work",
                f"{editable.name} has work in it that would be lost",
                where=tree.folder,
                why=why,
                fix="push it, or say --force to throw it away",
            )


def remove_clones(context: Context, chosen: Iterable[Editable]) -> None:
    """What is behind a link stays: the link goes."""
    for editable in chosen:
        final = os.path.join(context.folder, editable.path)
        above = os.path.dirname(editable.path)
        refuse_strange(context.folder, above)
        if os.path.lexists(final):
            aside = temporary_sibling(final)
            os.rename(final, aside)
            remove_tree(aside)
        _remove_bare(context.folder, above)


def _clone_into(context: Context, editable: Editable, staged: str) -> None:
    git = GitProgram(os.environ)
    branch = ["--branch", editable.branch] if editable.branch else []
    said: list[str] = []
    for url in editable.source.transports:
        command = ["clone", "--quiet", "--template=", *branch, "--", url, staged]
        context.progress.say(f"cloning {redact(url)} into {editable.path}")
        answer = git.run_within(os.path.dirname(staged), command, uses_network=True)
        if answer.is_good:
            break
        said += answer.said
    else:
        raise _unreachable(editable, said)
    if editable.pinned:
        tree = WorkingTree(git, staged)
        commit = tree.text(["rev-parse", "--verify", f"{editable.pinned}^{{commit}}"])
        answer = tree.run(["checkout", "--quiet", "--detach", commit or editable.pinned, "--"])
        if not answer.is_good:
            raise _unreachable(editable, answer.said)


def _unreachable(editable: Editable, said: Iterable[str]) -> GraftError:
    return GraftError(
        "git-unreachable",
        f"the repository of {editable.name} could not be cloned",
        where=redact(editable.source.url),
        why=dict.fromkeys(said),
        fix=f"check its address, and what of it is asked for, in {editable.where}",
    )


def _remove_junk(above: str) -> None:
    """What a clone left that was killed: whoever calls holds the project."""
    for name in os.listdir(above):
        if name.startswith(_JUNK):
            remove_tree(os.path.join(above, name))


def _remove_bare(project: str, folder: str) -> None:
    """The folders of clones, once nothing is in them."""
    while EDITABLES in folder.split("/") and not os.listdir(os.path.join(project, folder)):
        os.rmdir(os.path.join(project, folder))
        folder = os.path.dirname(folder)
