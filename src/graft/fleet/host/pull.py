"""Archives come to a host: in parallel, in parts that are taken up again, and proven before use.

What has come of an archive lies in ``blobs/<name>.part``, which whoever brings it holds locked; so
two sets, or a host and those behind it, bring each one once. A kill at any instant costs what was
on its way.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Mapping
from functools import partial

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, remove_file
from graft.base.locks import FileLock
from graft.base.pool import Outcome, Pool
from graft.fleet.client import Offer
from graft.fleet.host.pace import Pace
from graft.fleet.host.root import HostRoot
from graft.fleet.host.tree_plan import Archive
from graft.fleet.host.upstream import Upstream
from graft.model.integrity import Integrity
from graft.store.admission import admit
from graft.store.objects import has_object
from graft.store.paths import Store

CHUNK = 8 << 20
MOST_BYTES = 1 << 30
_AT_ONCE = 6
# Who hears one of these need not ask for the same bytes elsewhere.
_FINAL = (
    "archive-refused",
    "fleet-blob-missing",
    "fleet-not-found",
    "fleet-too-large",
    "fleet-unauthorized",
)


class Pulled:
    """What has come over the wire so far; counted by several threads."""

    def __init__(self) -> None:
        self.blobs = 0
        self.bytes = 0
        self._lock = threading.Lock()

    def add(self, bytes: int, blobs: int = 0) -> None:
        with self._lock:
            self.bytes += bytes
            self.blobs += blobs


class Puller:
    """Brings archives of one host. With ``keeps`` they stay after they were unpacked, for others;
    ``most`` is the size of the largest that is accepted, in bytes."""

    def __init__(
        self,
        root: HostRoot,
        store: Store,
        upstream: Upstream,
        pace: Pace,
        *,
        keeps: bool = False,
        most: int = MOST_BYTES,
    ) -> None:
        self._root = root
        self._store = store
        self._upstream = upstream
        self._pace = pace
        self._keeps = keeps
        self._most = most
        self._proven: set[Integrity] = set()

    def pull(
        self, archives: Collection[Archive], offers: Mapping[Integrity, Offer], pulled: Pulled
    ) -> None:
        """Have all of them as objects in the store, or raise: ``fleet-too-large``,
        ``fleet-blob-damaged``, ``archive-refused`` and what the upstream raises. Of those that came
        before it, none is lost."""
        for archive in archives:
            self._refuse_large(archive.subject, archive.size)
        pool = Pool(_AT_ONCE)
        try:
            for archive in archives:
                offer = offers.get(archive.integrity)
                job = partial(self._bring, archive, offer, pulled)
                pool.submit(job, Outcome.get, weight=max(0, archive.size))
            while pool.pending:
                pool.settle(wait=True)
        finally:
            pool.close()

    def archive(self, archive: Archive, pulled: Pulled) -> str:
        """The path of a whole archive that is kept, which comes from upstream if it is not there
        yet; proven once in the life of this process."""
        if archive.integrity not in self._proven:
            self._refuse_large(archive.subject, archive.size)
            self._with_data(_plain(archive), archive.subject, pulled, len, keeps=True)
            self._proven.add(archive.integrity)
        return self._root.archive(archive.integrity)

    def _bring(self, archive: Archive, offer: Offer | None, pulled: Pulled) -> None:
        if offer is None:
            offer = _plain(archive)
        elif offer.size != archive.size:
            raise _damaged(archive.subject, f"its size is {archive.size}, and said {offer.size}")

        def use(data: bytes) -> None:
            # Another one may have been first, while this one waited for the lock.
            if not has_object(self._store, archive.integrity):
                admit(
                    self._store,
                    data,
                    archive.integrity,
                    subject=archive.subject,
                    bare=archive.bare,
                )

        self._with_data(offer, archive.subject, pulled, use, keeps=self._keeps)

    def _with_data(
        self,
        offer: Offer,
        subject: str,
        pulled: Pulled,
        use: Callable[[bytes], object],
        *,
        keeps: bool,
    ) -> None:
        """Call ``use`` with the proven bytes of an archive, from here or from upstream."""
        try:
            self._with_data_of(offer, subject, pulled, use, keeps=keeps)
        except GraftError as error:
            if error.diagnostic.code in _FINAL:
                raise
            # Where it was said to lie it is not, or not whole, or the address has expired.
            itself = Offer(integrity=offer.integrity, size=offer.size, itself=True)
            self._with_data_of(itself, subject, pulled, use, keeps=keeps)

    def _with_data_of(
        self,
        offer: Offer,
        subject: str,
        pulled: Pulled,
        use: Callable[[bytes], object],
        *,
        keeps: bool,
    ) -> None:
        os.makedirs(self._root.blobs, exist_ok=True)
        part, kept = self._root.part(offer.integrity), self._root.archive(offer.integrity)
        with FileLock(part, exclusive=True):
            data = read_file(kept)
            if data is not None and not offer.integrity.matches(data):
                remove_file(kept)
                data = None
            if data is None:
                data = self._fetched(offer, part, subject, pulled)
                if keeps:
                    os.rename(part, kept)
            use(data)
            remove_file(part)

    def _fetched(self, offer: Offer, part: str, subject: str, pulled: Pulled) -> bytes:
        had = os.path.getsize(part)
        data = self._continued(offer, part, subject, pulled)
        if had and not offer.integrity.matches(data):
            # What an interrupted life of this host left may be what is wrong.
            os.truncate(part, 0)
            data = self._continued(offer, part, subject, pulled)
        if not offer.integrity.matches(data):
            remove_file(part)
            raise _damaged(subject, f"{len(data)} bytes came, which are not {offer.integrity}")
        pulled.add(0, blobs=1)
        return data

    def _continued(self, offer: Offer, part: str, subject: str, pulled: Pulled) -> bytes:
        """Fetch what ``part`` lacks, from where it ends; all that it then holds."""
        descriptor = os.open(part, os.O_RDWR | os.O_CLOEXEC)
        with open(descriptor, "r+b", buffering=0) as file:
            at = file.seek(0, os.SEEK_END)
            if at > offer.size:
                file.truncate(0)
                at = file.seek(0)
            while at < offer.size:
                asked = min(offer.size - at, self._pace.chunk(CHUNK))
                self._pace.take(asked)
                came = self._upstream.part(offer, at, at + asked)
                pulled.add(len(came))
                if not came or len(came) > asked:
                    raise _damaged(subject, f"{len(came)} bytes came where {asked} were asked for")
                view = memoryview(came)
                while view:
                    view = view[file.write(view) :]
                at += len(came)
            file.seek(0)
            return file.read()

    def _refuse_large(self, subject: str, size: int) -> None:
        if not 0 <= size <= self._most:
            raise GraftError(
                "fleet-too-large",
                f"the archive of {subject} has {size} bytes, and this host takes {self._most}",
                where=subject,
                fix="take it out of the package set",
            )


def _plain(archive: Archive) -> Offer:
    return Offer(integrity=archive.integrity, size=archive.size)


def _damaged(subject: str, why: str) -> GraftError:
    return GraftError(
        "fleet-blob-damaged",
        f"the archive of {subject} is not the one that was published",
        where=subject,
        why=[why],
        fix="run 'graft fleet storage scrub' at the server, which finds and mends damaged archives",
    )
