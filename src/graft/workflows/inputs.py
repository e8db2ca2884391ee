"""What decides what is in ``node_modules``: what an install is made from, and its one name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from graft.project.checkout import Checkout
from graft.project.choices import Choice, manifest_layout, manifest_resolution
from graft.workflows.project import Context, Work
from graft.workflows.relink import changes_packages, inputs_digest
from graft.workflows.report import InstallOptions

if TYPE_CHECKING:
    from graft.workflows.builds import Builds

# How the origin of such a package begins in a lock; ``file:`` alone is in repositories' URLs too.
_LOCAL = b'"file:'


def builds_for(context: Context, checkout: Checkout, options: InstallOptions) -> Builds | None:
    """What is changed in packages before they are used; None where nothing is."""
    if not changes_packages(checkout.root.raw):
        return None
    from graft.workflows.builds import builds_of

    runs = not (options.ignore_scripts or context.settings.builds.ignored)
    return builds_of(context, checkout, runs=runs)


def local_files_of(work: Work, lock: bytes) -> bytes:
    """What packages on this machine hold, which nothing else here would notice; mostly none."""
    if _LOCAL not in lock:
        return b""
    from graft.workflows.local_sources import local_contents

    return local_contents(work, lock)


def inputs_of(
    work: Work,
    checkout: Checkout,
    lock: bytes,
    local_files: bytes,
    builds: Builds | None,
    *,
    is_bound: bool,
) -> str:
    """``is_bound`` says that some slots lead to the project's own folders, and so serve no other
    checkout."""
    settings = work.context.settings
    words = sorted(settings.omit)
    words += ["strict-peer-deps"] if settings.peers.strict else []
    words += ["engine-strict"] if settings.engine_strict else []
    manifest = checkout.root.data
    words += _chosen("layout", settings.layout, manifest_layout(manifest))
    words += _chosen("resolution", settings.resolution, manifest_resolution(manifest))
    said = checkout.said + local_files
    if is_bound:
        said += os.fsencode(work.context.folder)
    made = builds.inputs if builds else ""
    return inputs_digest(work.store.root, ",".join(words), said, lock, builds=made)


def _chosen(key: str, choice: Choice, manifest: str) -> list[str]:
    """What the manifest says is said already."""
    chosen = choice.over(manifest)
    return [f"{key}={chosen}"] if chosen != manifest else []
