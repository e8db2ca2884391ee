"""Notes about folders beside the project that it links to: what they ask for is installed there, or
not at all."""

from __future__ import annotations

import os

from graft.base.diagnostics import Diagnostic
from graft.link.importers import MODULES
from graft.model.requirement import Kind
from graft.project.checkout import Checkout
from graft.project.manifest import ProjectManifest, is_optional_peer
from graft.project.roots import folders_above


def bare_link_notes(checkout: Checkout) -> tuple[Diagnostic, ...]:
    """One for each that would not find all that it needs when its code runs."""
    notes = []
    for path, manifest in sorted(checkout.beside.items()):
        # Node.js follows the link before it looks around.
        folder = os.path.realpath(os.path.join(checkout.folder, path))
        missing = [name for name in _needs(manifest) if not _finds(folder, name)]
        if missing:
            notes.append(
                Diagnostic(
                    code="link-bare",
                    message=f"{path} is linked to, and what it asks for is not installed there: "
                    f"{', '.join(missing)}",
                    where=folder,
                    fix="run 'graft install' in that folder",
                )
            )
    return tuple(notes)


def _needs(manifest: ProjectManifest | None) -> list[str]:
    if manifest is None:
        return []
    peers = manifest.data.get("peerDependencies", {})
    # A peer stands in devDependencies too, and is a need all the same.
    return [
        line.local
        for line in manifest.requirements
        if not line.optional
        and (
            line.kind is not Kind.DEV
            or (line.local in peers and not is_optional_peer(manifest.data, line.local))
        )
    ]


def _finds(folder: str, name: str) -> bool:
    return any(
        os.path.exists(os.path.join(place, MODULES, name))
        for place in (folder, *folders_above(folder))
    )
