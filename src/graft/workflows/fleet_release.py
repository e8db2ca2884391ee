"""What a package set's release is to be: of what the set pins, or of a project's lock.

There is no folder and no file: the package.json that asks for the pins is a text, and registries'
tokens are in memory. Nothing of a package runs here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from graft.base.diagnostics import Diagnostic
from graft.base.progress import Progress
from graft.base.records import Record, replace
from graft.fleet.publishing.allowlist import asked_manifest
from graft.fleet.publishing.attempt import Fleet
from graft.fleet.publishing.composition import NOTHING, archives_of, published_part, release_of
from graft.fleet.publishing.registries import registries_of
from graft.fleet.records import Pin, SetSettings
from graft.fleet.release import Release
from graft.lockfile.format import LOCK_NAME, read_lock
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.project.choices import Choice
from graft.project.manifest import MANIFEST_NAME
from graft.project.settings import Settings
from graft.resolve.locked import Locked
from graft.store.admission import weak_integrity_note
from graft.workflows.answer import is_legacy, peer_notes, unanswered
from graft.workflows.project import Context, Fresh, Work, at_work
from graft.workflows.resolving import Resolving

# Below graft's cache: as whose project a set is resolved. Nothing lies there.
FOLDER = "fleet"


class Installer(Record):
    """``settings`` are the server's own, which hold where a set says nothing. ``tokens`` gives a
    set's tokens for registries, by host, and ``progress`` whom one operation tells how far it
    is."""

    fleet: Fleet
    settings: Settings
    tokens: Callable[[str], Mapping[str, str]]
    progress: Callable[[], Progress] = Progress


class Asked(Record):
    """What a release is made of: the ``lock`` of a project, or if that is empty, the ``pins`` of a
    set, for which the versions in ``previous`` are preferred."""

    set: str
    settings: SetSettings
    pins: tuple[Pin, ...] = ()
    lock: bytes = b""
    previous: Graph | None = None


class Made(Record):
    """A release whose archives are still where they come from: ``archives`` names them by
    integrity, and ``work`` can get them. That is None for a release of nothing."""

    release: Release
    archives: Mapping[str, Manifest]
    work: Work | None
    notes: tuple[Diagnostic, ...]


@contextmanager
def made(installer: Installer, asked: Asked) -> Iterator[Made]:
    """Raises ``fleet-invalid``, ``lock-unreadable``, and what resolving raises."""
    manifest = b"" if asked.lock else asked_manifest(asked.pins)
    if not (asked.lock or manifest):
        yield Made(release=release_of(NOTHING, {}), archives={}, work=None, notes=())
        return
    platforms = asked.settings.platforms
    # Where no versions are preferred, somebody wants those that there are now.
    fresh: Fresh = "all" if asked.previous is None else frozenset()
    with at_work(context_of(installer, asked.set, asked.settings), fresh=fresh) as work:
        graph, notes = (
            (read_lock(asked.lock, where=LOCK_NAME), ())
            if asked.lock
            else _resolved(work, manifest, asked.previous)
        )
        graph = work.graph = published_part(graph, platforms)
        archives = archives_of(graph, platforms)
        yield Made(
            release=release_of(graph, archives, platforms),
            archives=archives,
            work=work,
            notes=(*notes, *weak_integrity_note(archives.values())),
        )


def context_of(installer: Installer, set: str, settings: SetSettings) -> Context:
    """As whose project a package set is resolved: its registries, its tokens."""
    own = installer.settings
    folder = os.path.join(own.cache_root, FOLDER, set)
    registries = registries_of(settings, installer.tokens(set), own.registries)
    return Context(
        folder=folder,
        settings=replace(own, registries=registries, resolution=Choice()),
        progress=installer.progress(),
        command="graft fleet install",
        # What a set or a lock names on this machine is not theirs to have.
        within=folder,
    )


def _resolved(
    work: Work, manifest: bytes, previous: Graph | None
) -> tuple[Graph, tuple[Diagnostic, ...]]:
    """For all platforms: a release has only those that it was made for, so what it lacks may be
    there after all."""
    context = work.context
    checkout = context.checkout({MANIFEST_NAME: manifest})
    if previous is not None and (previous.overrides or previous.extensions):
        previous = None  # a project's rules, under which it was resolved
    legacy = is_legacy(context.settings.peers, None)
    resolving = Resolving(work, checkout, previous, (), flat=False, adds_peers=not legacy)
    resolved = resolving.resolved(checkout.asked, Locked(previous))
    left = unanswered(resolved.graph, checkout, context)
    if left:
        raise AssertionError(f"resolved, and yet {left[0]}")
    return resolved.graph, (*resolved.notes, *peer_notes(work, checkout, resolved.graph))
