"""What an install has to say beside its report. Each is looked for where there is a reason to, as
most installs have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic
from graft.model.graph import Graph
from graft.project.checkout import Checkout
from graft.project.manifest import ProjectManifest
from graft.store.paths import Store
from graft.workflows.project import Context, Work
from graft.workflows.report import InstallOptions

if TYPE_CHECKING:
    from graft.workflows.builds import Builds


def ignored_packages(local: Graph, root: ProjectManifest, store: Store) -> tuple[str, ...]:
    """Those whose scripts nobody decided about, by id."""
    if not any(node.manifest.has_scripts for node in local.nodes.values()):
        return ()
    from graft.scripts.approvals import read_approvals
    from graft.workflows.builds import ignored_builds

    return ignored_builds(local, read_approvals(root.data, root.path), store)


def judged(
    context: Context, ignored: tuple[str, ...], options: InstallOptions
) -> tuple[Diagnostic, ...]:
    """What is said of scripts that nobody decided about."""
    settings = context.settings.builds
    if not ignored or options.ignore_scripts or settings.ignored:
        return ()
    if settings.strict:
        from graft.workflows.builds import refuse_ignored

        raise refuse_ignored(ignored, context.folder)
    from graft.workflows.ignored import ignored_notes

    return ignored_notes(ignored)


def said_of_engines(
    local: Graph, root: ProjectManifest, context: Context
) -> tuple[Diagnostic, ...]:
    asks = any(field in root.data for field in ("engines", "devEngines"))
    if not asks and not any(node.manifest.node for node in local.nodes.values()):
        return ()
    from graft.workflows.engines import engine_notes

    return engine_notes(local, root, context)


def bare_links(checkout: Checkout) -> tuple[Diagnostic, ...]:
    """Notes that no stamp may silence: whether they hold is decided outside of the project."""
    if not checkout.beside:
        return ()
    from graft.workflows.bare_links import bare_link_notes

    return bare_link_notes(checkout)


def made_here(
    work: Work, local: Graph, root: ProjectManifest, builds: Builds | None
) -> tuple[Diagnostic, ...]:
    """What is said of packages that were made in this run, and that nobody decided about."""
    notes = work.elsewhere.notes
    if not notes:
        return ()
    from graft.scripts.approvals import read_approvals

    said, runs = read_approvals(root.data, root.path), builds.approvals if builds else None
    made = [node.manifest for node in local.nodes.values()]
    decided = {each.origin for each in made if said.denies(each) or (runs and runs.of(each))}
    return tuple(notes[origin] for origin in sorted(notes.keys() - decided))
