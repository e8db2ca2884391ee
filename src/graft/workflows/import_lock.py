"""Taking versions from another package manager's lock: ``import``, and ``install`` where graft has
no lock of its own yet. The other lock is read and never written."""

from __future__ import annotations

import os
from contextlib import suppress

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.lockfile.differences import differences
from graft.lockfile.foreign.choose import TOOLS, read_foreign
from graft.lockfile.foreign.lock import ForeignLock
from graft.lockfile.foreign.pins import kept_pins
from graft.lockfile.format import write_lock
from graft.model.difference import Difference
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement
from graft.project.checkout import Checkout
from graft.project.defaults import foreign_locks
from graft.project.manifest import ProjectManifest
from graft.resolve.foreign import Preference, preference
from graft.workflows.answer import answer
from graft.workflows.change import Change, changed_files
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, Laps


class Taken(Record):
    """A foreign lock that was read: its path as users know it, the others that lie beside it, and
    what it amounts to."""

    path: str
    beside: tuple[str, ...]
    lock: ForeignLock
    preference: Preference

    @property
    def graph(self) -> Graph:
        return self.preference.graph


class Imported(Record):
    """What came of a foreign lock, as ``name@version``: ``kept`` of what it gives to what is asked
    for; ``gone`` from the registry; ``unused``, since nothing that was resolved asks for it any
    more; ``new`` beside those. ``left_out`` maps what is from no registry to its kind."""

    path: str
    format: str
    kept: tuple[str, ...]
    gone: tuple[str, ...]
    unused: tuple[str, ...]
    new: tuple[str, ...]
    left_out: dict[str, str]
    beside: tuple[str, ...]

    @property
    def total(self) -> int:
        return len(self.kept) + len(self.gone) + len(self.unused)

    def note(self) -> Diagnostic:
        message = f"versions are those of {self.path} ({self.format}): "
        message += f"{len(self.kept)} of {self.total} kept"
        if self.new:
            message += f", {len(self.new)} resolved anew"
        others = ", ".join(self.beside)
        return Diagnostic(
            code="lock-imported",
            message=message,
            why=(
                *(f"{spec} is gone from the registry" for spec in self.gone),
                *(f"nothing asks for {spec} any more" for spec in self.unused),
                *(f"{spec} is new" for spec in self.new),
            ),
            fix=f"not read: {others}; 'graft import --force <file>' takes another"
            if others
            else "",
        )


class ImportReport(Record):
    imported: Imported
    packages: int
    changes: tuple[Difference, ...]
    first: bool
    lock_changed: bool
    dry_run: bool
    notes: tuple[Diagnostic, ...]
    milliseconds: dict[str, int]


def take(work: Work, checkout: Checkout, file: str = "") -> Taken | None:
    """The foreign lock ``file``, or the one to choose; None if there is none. Raises
    ``import-unreadable``, ``import-version`` and ``import-integrity``."""
    folder = work.context.folder
    found = foreign_locks(folder)
    tool = _tool_of(checkout.root)
    # What package.json says that it is managed by goes first.
    found.sort(key=lambda name: TOOLS[name] != tool)
    chosen = file or next(iter(found), "")
    path = os.path.join(folder, chosen)
    data = read_file(path) if chosen else None
    if data is None:
        return None
    lock = read_foreign(os.path.basename(path), data, where=path)
    extensions = checkout.rules.extensions
    extended = extensions.apply if extensions else _as_it_is
    return Taken(
        path=chosen,
        beside=tuple(name for name in found if os.path.join(folder, name) != path),
        lock=lock,
        preference=preference(lock, _fetched(checkout), work.source, where=path, extended=extended),
    )


def _fetched(checkout: Checkout) -> dict[str, list[Requirement]]:
    """What is asked for, without what leads to folders of the project."""
    links = checkout.links.asked
    return {
        path: [line for line in lines if (path, line.local) not in links]
        for path, lines in checkout.asked.items()
    }


def _as_it_is(manifest: Manifest) -> Manifest:
    return manifest


def outcome(taken: Taken, graph: Graph) -> Imported:
    """What was kept, now that all is resolved."""
    got = {
        f"{node.manifest.name}@{node.manifest.version}"
        for node in graph.nodes.values()
        if not node.manifest.is_link
    }
    wanted, gone = taken.preference.wanted, taken.preference.gone
    pinned = kept_pins(taken.lock.pins, graph)
    wanted |= {f"{manifest.name}@{manifest.version}" for manifest in pinned.values()}
    return Imported(
        path=taken.path,
        format=taken.lock.format,
        kept=tuple(sorted(wanted & got)),
        gone=tuple(sorted(gone - got)),
        unused=tuple(sorted(wanted - got - gone)),
        new=tuple(sorted(got - wanted)),
        left_out={id: kind for id, kind in sorted(taken.lock.left_out.items()) if id not in pinned},
        beside=taken.beside,
    )


def import_lock(context: Context, file: str, *, force: bool, dry_run: bool) -> ImportReport:
    """Write graft's lock with the versions of ``file``, or of the lock that is chosen where that is
    empty. Raises ``lock-exists`` unless ``force``, ``import-missing``, and what ``take`` raises."""
    laps = Laps()
    if file and os.path.basename(file) not in TOOLS:
        raise _unknown_name(file)
    with at_work(context) as work:
        before = context.lock_bytes()
        if before is not None and not force:
            raise GraftError(
                "lock-exists",
                "the project has a lock of graft's own",
                where=context.lock_path,
                fix="'graft import --force' resolves again from the other lock and replaces it",
            )
        checkout = context.checkout()
        taken = take(work, checkout, file)
        if taken is None:
            raise _missing(context.folder, file)
        options = InstallOptions(lock_only=True, dry_run=dry_run)
        graph, notes = answer(work, checkout, None, options, taken=taken)
        lock = write_lock(graph)
        files = changed_files({}, lock=lock, lock_before=before)
        previous = None
        with suppress(GraftError):  # what it replaces may be damaged
            previous = context.graph(checkout.links)
        if not dry_run:
            Change(folder=context.folder, store=work.store, files=files, inputs="").write_files()
    return ImportReport(
        imported=outcome(taken, graph),
        packages=len(graph.package_ids),
        changes=differences(previous, graph),
        first=previous is None,
        lock_changed=bool(files),
        dry_run=dry_run,
        notes=(*context.settings.notes, *notes),
        milliseconds=laps.total(),
    )


def _tool_of(manifest: ProjectManifest) -> str:
    """``packageManager`` is ``pnpm@9.1.0+sha512…``."""
    said = manifest.data.get("packageManager", "")
    return said.partition("@")[0] if isinstance(said, str) else ""


def _missing(folder: str, file: str) -> GraftError:
    fix = "'graft install' resolves without one"
    if os.path.exists(os.path.join(folder, "bun.lockb")):
        fix = "write bun.lockb as text: bun install --save-text-lockfile --lockfile-only"
    return GraftError(
        "import-missing",
        f"there is no {file}" if file else "there is no lock of npm, pnpm, yarn or bun here",
        where=folder,
        fix=fix,
    )


def _unknown_name(file: str) -> GraftError:
    return GraftError(
        "usage",
        f"'{os.path.basename(file)}' is not the name of a lock that graft reads",
        where="graft import",
        fix=f"it reads {', '.join(TOOLS)}",
    )
