"""The graph that answers a manifest: the lock's, if it answers everything, else a new one."""

from __future__ import annotations

import os
from collections.abc import Callable

from graft.base.diagnostics import Diagnostic, GraftError
from graft.lockfile.check import Unmet, unmet
from graft.lockfile.format import LOCK_NAME
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.project.manifest import ProjectManifest
from graft.project.overrides import Overrides, read_overrides
from graft.resolve.prune import reachable
from graft.workflows.change import ROOT
from graft.workflows.host import this_platform
from graft.workflows.project import Context, Work
from graft.workflows.report import InstallOptions


def answer(
    work: Work, manifest: ProjectManifest, previous: Graph | None, options: InstallOptions
) -> tuple[Graph, tuple[Diagnostic, ...]]:
    """Resolve what the lock leaves open, preferring what it says.

    Raises ``lock-stale`` or ``lock-missing`` where the options forbid to resolve, and whatever
    resolving raises. Archives of what is decided are on their way when this returns.
    """
    own = {r.local: r.specifier for r in manifest.requirements}
    overrides = read_overrides(manifest.overrides, own, where=manifest.path)
    open_questions = _open_questions(previous, manifest, overrides)
    if previous is not None and not open_questions and options.keeps_answers:
        return reachable(previous), ()
    if options.frozen:
        raise _frozen(work.context, previous, open_questions)
    from graft.resolve.locked import Locked
    from graft.resolve.nested import resolve

    update = options.update
    resolved = resolve(
        {ROOT: manifest.requirements},
        source=work.source,
        locked=Locked(previous, lambda name: update is not None and name not in update),
        overrides=overrides,
        tag=work.context.settings.tag,
        on_chosen=_early_fetch(work, options),
    )
    left = _open_questions(resolved.graph, manifest, overrides)
    if left:
        raise AssertionError(f"resolved, and yet {left[0]}")
    return resolved.graph, resolved.notes


def _open_questions(
    graph: Graph | None, manifest: ProjectManifest, overrides: Overrides
) -> list[Unmet]:
    if graph is None:
        return []
    return unmet(graph, {ROOT: manifest.requirements}, overrides.rules, overrides.apply)


def _frozen(context: Context, previous: Graph | None, open_questions: list[Unmet]) -> GraftError:
    where = os.path.join(context.folder, LOCK_NAME)
    if previous is None:
        return GraftError(
            "lock-missing",
            "there is no lock to install from",
            where=where,
            fix="run 'graft install' once and commit graft-lock.json",
        )
    return GraftError(
        "lock-stale",
        "the lock does not answer what package.json asks for",
        where=where,
        why=[str(question) for question in open_questions],
        fix="run 'graft install' and commit graft-lock.json",
    )


def _early_fetch(work: Work, options: InstallOptions) -> Callable[[Manifest], None]:
    """Start to fetch what is surely needed as soon as it is decided."""
    context = work.context
    platform = this_platform()
    fetches = not (options.lock_only or options.dry_run or context.settings.omit)

    def chosen(manifest: Manifest) -> None:
        context.progress.resolved += 1
        context.progress.changed()
        if fetches and manifest.platforms.admit(platform):
            work.archives.want(manifest)

    return chosen
