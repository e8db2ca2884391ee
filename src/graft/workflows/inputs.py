"""What decides what is in ``node_modules``: what an install is made from, and its one name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from graft.project.checkout import Checkout
from graft.project.layout import asked_layout, manifest_layout
from graft.workflows.project import Context, Work
from graft.workflows.relink import changes_packages, inputs_digest
from graft.workflows.report import InstallOptions

if TYPE_CHECKING:
    from graft.workflows.builds import Builds


def builds_for(context: Context, checkout: Checkout, options: InstallOptions) -> Builds | None:
    """What is changed in packages before they are used; None where nothing is."""
    if not changes_packages(checkout.root.raw):
        return None
    from graft.workflows.builds import builds_of

    runs = not (options.ignore_scripts or context.settings.builds.ignored)
    return builds_of(context, checkout, runs=runs)


def local_files_of(work: Work, lock: bytes) -> bytes:
    """What packages on this machine hold, which nothing else here would notice; mostly none."""
    if b"file:" not in lock:
        return b""
    from graft.workflows.local_sources import local_contents

    return local_contents(work, lock)


def inputs_of(
    work: Work, checkout: Checkout, lock: bytes, local_files: bytes, builds: Builds | None
) -> str:
    settings = work.context.settings
    words = sorted(settings.omit)
    words += ["strict-peer-deps"] if settings.peers.strict else []
    words += ["engine-strict"] if settings.engine_strict else []
    layout = asked_layout(settings.layout, checkout.root.data)
    # What the manifest says is said already.
    words += [f"layout={layout}"] if layout != manifest_layout(checkout.root.data) else []
    said = checkout.said + local_files
    if checkout.links.importers:
        # Some of its slots may lead to its own folders, and serve no other checkout.
        said += os.fsencode(work.context.folder)
    made = builds.inputs if builds else ""
    return inputs_digest(work.store.root, ",".join(words), said, lock, builds=made)
