"""``index verify``: what the lock holds of indices against what they say, against what the store
has and, where the network may be used, against the archives themselves, of every mirror."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.http import Transfer, redact
from graft.base.records import Record
from graft.indices.checkout import check_out, faulty_files
from graft.indices.paths import is_within
from graft.indices.snapshots import Snapshots
from graft.indices.tree import IndexTree
from graft.model.graph import Graph, IndexPin
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.model.origins import TARBALL
from graft.project.indices_settings import IndexSource
from graft.sources.remote_archives import RemoteArchives
from graft.store.admission import required_integrity
from graft.store.check import object_is_intact
from graft.store.hold import hold_shared
from graft.store.objects import find_object
from graft.store.paths import Store, open_store
from graft.store.trash import discard
from graft.workflows.index_locked import LockedPackage, differences, locked_in
from graft.workflows.indices import chosen, declared, snapshots_in
from graft.workflows.look import locked_graph
from graft.workflows.project import Asking, Context, asking

# Where a fault lies.
INDEX_FILES, LOCK, STORE, ARCHIVE = "index", "lock", "store", "archive"


class IndexFault(Record):
    """``what`` is the place: files of the index as they lie here, what the lock and the index say,
    the store, or an archive. ``mended`` says that it is put right already."""

    what: str
    subject: str
    message: str
    mended: bool = False


class VerifiedIndices(Record):
    """``packages`` and ``archives`` count what was looked at; ``skipped`` says of which archives
    nothing is known, and why."""

    indices: int
    packages: int
    archives: int
    faults: tuple[IndexFault, ...]
    skipped: tuple[str, ...]


def verify_indices(context: Context, names: Iterable[str]) -> VerifiedIndices:
    """Raises ``index-undeclared``, ``lock-missing``, and what getting a pinned commit raises."""
    sources = chosen(declared(context), names)
    graph = locked_graph(context)
    settings = context.settings
    store = open_store(settings.store_root, frozen=settings.frozen_store)
    with hold_shared(store, context.progress.say), asking(context) as asks:
        check = _Check(store, graph, asks, snapshots_in(store, context))
        for source in sources:
            if (pin := graph.indices.get(source.namespace)) is not None:
                check.index(source, pin)
        return check.done()


class _Check:
    def __init__(self, store: Store, graph: Graph, asks: Asking, snapshots: Snapshots) -> None:
        self._store = store
        self._graph = graph
        self._asks = asks
        self._snapshots = snapshots
        self._indices = 0
        self._packages = 0
        self._archives = 0
        self._faults: list[IndexFault] = []
        self._skipped: list[str] = []

    def index(self, source: IndexSource, pin: IndexPin) -> None:
        folder = source.folder if source.folder else self._folder(source, pin)
        locked = locked_in(self._graph, source.namespace, folder)
        self._indices += 1
        self._packages += len(locked)
        for found in differences(locked):
            self._fault(LOCK, source.namespace, str(found))
        for each in locked:
            self._look_in_store(each)
        self._look_at_archives(locked, IndexTree(folder))

    def done(self) -> VerifiedIndices:
        return VerifiedIndices(
            indices=self._indices,
            packages=self._packages,
            archives=self._archives,
            faults=tuple(self._faults),
            skipped=tuple(self._skipped),
        )

    def _folder(self, source: IndexSource, pin: IndexPin) -> str:
        """With every file compared with what git has, and made anew if one differs."""
        folder = self._snapshots.folder(source.namespace, pin)
        with self._snapshots.mirror(pin.url) as mirror:
            if mirror.has(pin.commit):
                wrong = faulty_files(mirror, pin.commit, folder)
                if wrong:
                    discard(self._store, folder)
                    check_out(self._store, mirror, pin.commit, self._snapshots.home(pin.url))
                    shown = ", ".join(wrong[:5])
                    message = f"{shown} differed from the commit {pin.commit}"
                    self._fault(INDEX_FILES, source.namespace, message, mended=True)
        return folder

    def _look_in_store(self, each: LockedPackage) -> None:
        if each.manifest.integrity:
            stored = find_object(self._store, required_integrity(each.manifest))
            if stored is not None and not object_is_intact(stored):
                message = "its files are not what was stored: 'graft store verify --repair'"
                self._fault(STORE, each.label, message)

    def _look_at_archives(self, locked: list[LockedPackage], tree: IndexTree) -> None:
        settings = self._asks.context.settings
        remote = RemoteArchives(self._asks.client, settings.registries, offline=settings.offline)
        under_way: list[tuple[LockedPackage, str, Transfer]] = []
        for each, url in self._urls(locked):
            if is_within(url):
                self._compare(each, url, read_file(tree.file_at(url)) or b"")
            else:
                origin = Manifest(name=each.manifest.name, version="", origin=f"{TARBALL}{url}")
                under_way.append((each, url, remote.archive(origin)))
        for each, url, transfer in under_way:
            try:
                body = self._asks.client.wait(transfer).body
            except GraftError as error:
                self._skipped.append(f"{each.label}: {error.diagnostic.message}")
            else:
                self._compare(each, url, body)

    def _urls(self, locked: list[LockedPackage]) -> Iterator[tuple[LockedPackage, str]]:
        """Of the archives that the lock names: others are for other platforms."""
        for each in locked:
            for archive in each.release.archives if each.release else ():
                if archive.git:
                    self._skipped.append(f"{each.label}: a commit names what is in it")
                elif archive.integrity == each.manifest.integrity:
                    yield from ((each, url) for url in archive.urls)

    def _compare(self, each: LockedPackage, url: str, body: bytes) -> None:
        self._archives += 1
        if not parse_integrity(each.manifest.integrity).matches(body):
            message = f"{redact(url)} has other bytes than {each.manifest.integrity}"
            self._fault(ARCHIVE, each.label, message)

    def _fault(self, what: str, subject: str, message: str, *, mended: bool = False) -> None:
        self._faults.append(IndexFault(what=what, subject=subject, message=message, mended=mended))
