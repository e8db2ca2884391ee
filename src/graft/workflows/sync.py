"""``sync``: clones that are worked in, brought up to date with where they came from.

Nothing is overwritten: where branches have gone different ways they are merged, and a merge with
conflicts is taken back. What leads into another workspace is that one's to bring up to date.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from graft.base.diagnostics import GraftError
from graft.base.http import missing_offline, redact
from graft.base.records import Record
from graft.donors.lent import entries_in, with_lent
from graft.git.working_tree import Look, WorkingTree
from graft.link.importers import owned
from graft.model.graph import Graph
from graft.model.provenance import LINK
from graft.project.checkout import Checkout
from graft.project.editables import Editable, editables
from graft.workflows.editables import clone, working_tree
from graft.workflows.install import install
from graft.workflows.names import not_a_dependency
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, InstallReport

CLONED, SYNCED, UP_TO_DATE, AHEAD = "cloned", "synced", "up-to-date", "ahead"
DIRTY, CONFLICT, SKIPPED, ERROR = "dirty", "conflict", "skipped", "error"
_CHANGED = (CLONED, SYNCED)
_FAILED = (DIRTY, CONFLICT, ERROR)


class Outcome(Record):
    """``before`` and ``after`` are commits. ``next_step`` is what somebody can do where nothing was
    done. What ``--dry-run`` says would be so."""

    name: str
    path: str
    outcome: str
    said: str = ""
    next_step: str = ""
    before: str = ""
    after: str = ""

    @property
    def is_good(self) -> bool:
        return self.outcome not in _FAILED


class Synced(Record):
    """``report`` is that of the install that followed, if anything had changed."""

    outcomes: tuple[Outcome, ...]
    report: InstallReport | None


def sync(context: Context, names: Sequence[str], options: InstallOptions) -> Synced:
    """Of the named packages, or of all. One that fails does not keep the others from it. Raises
    ``not-a-dependency``."""
    with at_work(context) as work:
        checkout = context.checkout()
        own = {each.name: each for each in editables(checkout.manifests)}
        mirrors = mirrored(work, context.graph(checkout.links))
        for name in names:
            if name not in own and name not in mirrors:
                raise _not_editable(name, own, checkout)
        wanted = list(names) or [*own, *mirrors]
        outcomes = [
            _sync(work, checkout, own[name], dry_run=options.dry_run)
            if name in own
            else _skipped(name, mirrors[name])
            for name in dict.fromkeys(wanted)
        ]
        report = None
        if not options.dry_run and any(each.outcome in _CHANGED for each in outcomes):
            report = install(work, context.checkout(), options)
    return Synced(outcomes=tuple(outcomes), report=report)


def mirrored(work: Work, graph: Graph | None) -> dict[str, str]:
    """The packages that links into other workspaces are for, with those."""
    if graph is None:
        return {}
    folder = work.context.folder
    nodes = with_lent(graph, folder, entries_in(folder), work.store.root).nodes.values()
    return {
        node.manifest.name: node.provenance.path
        for node in nodes
        if node.provenance is not None and node.provenance.mode == LINK
    }


def _skipped(name: str, parent: str) -> Outcome:
    return Outcome(
        name=name,
        path=parent,
        outcome=SKIPPED,
        said=f"it is taken from {parent}, which is not this project's to change",
        next_step=f"run 'graft sync' in {parent}, or 'graft detach {name}' for an own copy",
    )


def _not_editable(name: str, own: dict[str, Editable], checkout: Checkout) -> GraftError:
    asked = {line.local for lines in checkout.asked.values() for line in lines}
    if name not in asked:
        return not_a_dependency(name, own or asked, checkout.root.path)
    return GraftError(
        "usage",
        f"{name} is not editable, so there is nothing to bring up to date",
        where=checkout.root.path,
        fix=f"'graft update {name}' takes a newer version",
    )


def _sync(work: Work, checkout: Checkout, editable: Editable, *, dry_run: bool) -> Outcome:
    tree = working_tree(work.context, editable)
    try:
        if not os.path.lexists(tree.folder):
            if not dry_run:
                clone(work, editable, checkout.modules)
            return _outcome(editable, CLONED, after=tree.text(["rev-parse", "HEAD"]))
        return _bring(work.context, editable, tree, dry_run=dry_run)
    except GraftError as error:
        said = error.diagnostic
        return _outcome(editable, ERROR, said.message, said.fix)


def _bring(context: Context, editable: Editable, tree: WorkingTree, *, dry_run: bool) -> Outcome:
    if not owned(context.folder, editable.path) or not tree.is_there:
        what = "it is no clone of this project's own"
        return _outcome(editable, SKIPPED, what, f"see what {tree.folder} is")
    if editable.pinned:
        what = f"it is asked for at {editable.pinned}"
        return _outcome(editable, SKIPPED, what, f"name a branch in {editable.where}")
    origin = tree.origin()
    if origin not in (*editable.source.transports, editable.source.url):
        what = f"it was cloned from {redact(origin) or 'nowhere'}"
        fix = f"git -C {editable.path} remote set-url origin {redact(editable.source.url)}"
        return _outcome(editable, SKIPPED, what, fix)
    seen = tree.look()
    if seen is None:
        return _outcome(editable, ERROR, "git cannot read it", f"git -C {editable.path} status")
    if not seen.branch or (editable.branch and seen.branch != editable.branch):
        what = f"it is on {seen.branch or 'no branch'}"
        there = editable.branch or "a branch"
        return _outcome(editable, SKIPPED, what, f"git -C {editable.path} checkout {there}")
    if context.settings.offline:
        raise missing_offline(f"what is new in {editable.name}", editable.source.url)
    fetched = tree.run(["fetch", "--quiet", "--", "origin", seen.branch])
    if not fetched.is_good:
        said = "; ".join(fetched.said)
        return _outcome(editable, ERROR, said, f"check its address in {editable.where}")
    return _merge(editable, tree, seen, dry_run=dry_run)


def _merge(editable: Editable, tree: WorkingTree, seen: Look, *, dry_run: bool) -> Outcome:
    there = tree.text(["rev-parse", "--verify", "FETCH_HEAD^{commit}"])
    counts = tree.text(["rev-list", "--left-right", "--count", f"HEAD...{there}"]).split()
    if len(counts) != 2:
        return _outcome(editable, ERROR, "git cannot compare the branches")
    ahead, behind = map(int, counts)
    if not behind:
        what = f"{ahead} commits to push" if ahead else ""
        return _outcome(editable, AHEAD if ahead else UP_TO_DATE, what, before=seen.commit)
    news = f"{behind} new commits"
    if not seen.is_clean:
        fix = f"commit or stash what was changed in {editable.path}"
        return _outcome(editable, DIRTY, f"{news}, and files that were changed", fix)
    conflict = f"git -C {editable.path} merge origin/{seen.branch}"
    if dry_run:
        merged = tree.run(["merge-tree", "--write-tree", "--name-only", "HEAD", there])
        if not merged.is_good:
            return _outcome(editable, CONFLICT, f"{news} that do not fit", conflict)
        return _outcome(editable, SYNCED, news, before=seen.commit, after=there)
    how = ["--no-edit"] if ahead else ["--ff-only"]
    merged = tree.run(["merge", "--quiet", *how, there])
    if merged.is_good:
        after = tree.text(["rev-parse", "HEAD"])
        return _outcome(editable, SYNCED, news, before=seen.commit, after=after)
    if tree.run(["rev-parse", "--verify", "--quiet", "MERGE_HEAD"]).is_good:
        tree.run(["merge", "--abort"])
        what = f"{news} that do not fit; all is as it was"
        return _outcome(editable, CONFLICT, what, conflict, before=seen.commit)
    return _outcome(editable, ERROR, "; ".join(merged.said), conflict, before=seen.commit)


def _outcome(
    editable: Editable,
    outcome: str,
    said: str = "",
    next_step: str = "",
    before: str = "",
    after: str = "",
) -> Outcome:
    return Outcome(
        name=editable.name,
        path=editable.path,
        outcome=outcome,
        said=said,
        next_step=next_step,
        before=before,
        after=after,
    )
