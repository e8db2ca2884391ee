"""What ``store verify --repair`` does about what was found.

Files come from another place on this machine that has the same bytes, else from the package's
archive, which is fetched again: there is no cache of archives. What has to be fetched is fetched
while others work; then the store is held alone, everything that was wrong is looked at once more,
and put right. Slots are built beside the old ones, and change places with them in one step.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from graft.base.clones import Cloner
from graft.base.diagnostics import GraftError
from graft.base.files import read_file, remove_file
from graft.base.records import replace
from graft.model.integrity import Integrity
from graft.model.manifest import Manifest
from graft.model.origins import INDEX
from graft.store.admission import admit, required_integrity
from graft.store.archive import read_archive
from graft.store.archive_names import ArchiveRefused
from graft.store.check import faults, object_tree, slot_tree
from graft.store.hold import hold_alone, hold_shared
from graft.store.mending import mend_folder
from graft.store.objects import ObjectFile, distrust_object, find_object
from graft.store.private import read_private_slot
from graft.store.slot_records import misnamed, slots_from
from graft.store.slots import populate
from graft.workflows.project import Context, Work
from graft.workflows.verify import GRAPH, OBJECT, PROJECT, SLOT, Finding, Sight
from graft.workflows.verify_projects import look_at_projects

_COPIED, _FETCHED, _REWRITTEN = "mended from another copy", "fetched again", "mended in place"
_ANEW, _FORGOTTEN = "made anew", "forgotten: no project names it"
_SET_ASIDE = "set aside: no slot or lock says where it came from; who needs it will fetch it"
_WITH_THE_STORE = "whole again, with what it leads to"


def repair(context: Context, sight: Sight, findings: list[Finding]) -> list[Finding]:
    """The same findings, with what was done about each."""
    store, say = sight.store, context.progress.say
    mending = _Mending(context, sight)
    mending.fetch()
    done: dict[tuple[str, str], str] = {}
    with hold_alone(store, context.command, say, wait=True):
        for name, integrity in mending.objects.items():
            done[OBJECT, name] = mending.mend_object(name, integrity)
        for finding in findings:
            if finding.kind == SLOT:
                done[SLOT, finding.name] = mending.mend_slot(finding.name)
            if finding.kind == GRAPH:
                done[GRAPH, finding.name] = mending.forget_graph(finding.name)
    if any(finding.kind == PROJECT for finding in findings):
        with hold_shared(store, say):
            projects, _ = look_at_projects(store, sight.records, frozenset())
        whole = [project.path for project in projects if not project.faults]
        done |= {(PROJECT, path): _WITH_THE_STORE for path in whole}
    return [mending.judged(each, done.get((each.kind, each.name), "")) for each in findings]


class _Mending:
    """``objects`` are those that are wrong, and those that are not there and slots want."""

    def __init__(self, context: Context, sight: Sight) -> None:
        self._context = context
        self._sight = sight
        self._store = sight.store
        self._misnamed = misnamed(sight.records)
        self._slots = slots_from(sight.records)
        self._archives: dict[str, bytes] = {}
        self._unfetched: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._copies: dict[str, list[str]] = {}
        self._left: set[str] = set()
        self.objects: dict[str, Integrity] = {
            name: sight.contents.objects[name]
            for name, looked in sight.objects.items()
            if looked.faults
        }
        for name, looked in sight.slots.items():
            record = sight.records.get(name)
            if looked.faults and record and record.object_name not in sight.contents.objects:
                self.objects[record.object_name] = record.integrity
        self._manifests: dict[str, Manifest] = {
            required_integrity(manifest).file_name: manifest
            for project in sight.projects
            for manifest in project.manifests
        }
        for record in sight.records.values():
            self._manifests.setdefault(record.object_name, record.manifest)

    def fetch(self) -> None:
        """Find other copies, and fetch the archives of objects for which there are not enough."""
        wanted = {
            fault.file.digest
            for looked in (*self._sight.objects.values(), *self._sight.slots.values())
            for fault in looked.faults
            if fault.file is not None
        }
        for path, file in self._everything():
            if file.digest in wanted:
                self._copies.setdefault(file.digest, []).append(path)
        lacking = [name for name in self.objects if self._needs_archive(name)]
        if not lacking:
            return
        work = Work(self._context, self._store, frozenset())
        try:
            with hold_shared(self._store, self._context.progress.say):
                for name in lacking:
                    self._fetch(work, name)
        finally:
            work.close()

    def _everything(self) -> Iterator[tuple[str, ObjectFile]]:
        """Every file on this machine that may have the bytes of one that is wrong."""
        store, sight = self._store, self._sight
        files = {}
        for name, integrity in sight.contents.objects.items():
            stored = find_object(store, integrity)
            if stored is not None:
                files[name] = stored.files
                yield from ((f"{stored.folder}/{file.path}", file) for file in stored.files)
        for name, record in sight.records.items():
            package = store.package(name, record.manifest.name)
            own = files.get(record.object_name, ())
            if record.salt and name in self._slots:
                finished = read_private_slot(store, self._slots[name])
                own = finished.files if finished else ()
            if not os.path.islink(package):
                yield from ((f"{package}/{file.path}", file) for file in own)
        for project in sight.projects:
            yield from project.copies

    def _needs_archive(self, name: str) -> bool:
        looked = self._sight.objects.get(name)
        if looked is None or find_object(self._store, self.objects[name]) is None:
            return True
        files = [fault.file for fault in looked.faults if fault.file is not None]
        return any(self._copy(file) is None for file in files)

    def _fetch(self, work: Work, name: str) -> None:
        manifest = self._manifests.get(name)
        if manifest is None:
            return
        try:
            transfer = work.download(manifest)
            work.client.pump_until_done(transfer)
            body = transfer.result().body
        except GraftError as error:
            said = error.diagnostic
            self._unfetched[name] = "; ".join((said.message, *said.why))
            return
        if self.objects[name].matches(body):
            self._archives[name] = body
        else:
            self._unfetched[name] = f"what is fetched for {manifest.id} is not what it was"

    def _copy(self, file: ObjectFile) -> bytes | None:
        for path in self._copies.get(file.digest, ()):
            try:
                data = read_file(path)
            except OSError:
                continue
            if data is not None and hashlib.sha256(data).hexdigest() == file.digest:
                return data
        return None

    def mend_object(self, name: str, integrity: Integrity) -> str:
        """What was done; empty if it is not whole now."""
        try:
            done = self._mend_object(name, integrity)
        except OSError as error:  # another user's, in a store that a group shares
            self._refused[name] = f"{error.filename}: {error.strerror}"
            done = ""
        if not done:
            self._left.add(name)
        return done

    def _mend_object(self, name: str, integrity: Integrity) -> str:
        store, data = self._store, self._archives.get(name)
        stored = find_object(store, integrity)
        if data is None and name not in self._manifests and self._needs_archive(name):
            distrust_object(store, integrity)
            return _SET_ASIDE
        if stored is None:
            if data is None:
                return ""
            try:
                manifest = self._manifests[name]
                bare = manifest.origin.startswith(INDEX)
                admit(store, data, integrity, subject=manifest.id, bare=bare)
            except GraftError as error:
                self._unfetched[name] = error.diagnostic.message
                return ""
            return _FETCHED
        folder, tree = f"{store.objects}/{name}", object_tree(store, integrity, stored)
        ways: set[str] = set()
        unpacked = _contents(data) if data is not None else {}

        def find(file: ObjectFile) -> bytes | None:
            copy = self._copy(file)
            ways.add(_FETCHED if copy is None else _COPIED)
            return unpacked.get(file.digest) if copy is None else copy

        mend_folder(folder, [*faults(folder, tree)], find)
        if any(faults(folder, tree)):
            return ""
        return _FETCHED if _FETCHED in ways else _COPIED if ways else _REWRITTEN

    def mend_slot(self, name: str) -> str:
        """The same of a slot. What does not say rightly what it was made from cannot be made."""
        try:
            return self._mend_slot(name)
        except OSError as error:
            self._refused[name] = f"{error.filename}: {error.strerror}"
            return ""

    def _mend_slot(self, name: str) -> str:
        store, record, slot = self._store, self._sight.records.get(name), self._slots.get(name)
        if record is None or slot is None or name in self._misnamed:
            return ""
        stored = find_object(store, record.integrity)
        tree = slot_tree(store, slot, stored) if stored is not None else None
        if stored is None or tree is None or record.object_name in self._left:
            return ""
        folder = store.slot(name)
        wrong = [*faults(folder, tree)]
        if not wrong:
            return _WITH_THE_STORE
        if not slot.salt:
            populate(store, slot, stored, Cloner(), anew=True)
            return "" if any(faults(folder, tree)) else _ANEW
        mend_folder(folder, wrong, self._copy)
        return "" if any(faults(folder, tree)) else _COPIED

    def forget_graph(self, name: str) -> str:
        """A graph that lost slots is remembered for nobody, unless a project names it."""
        if self._claimed(name):
            return ""
        remove_file(self._store.graph_record(name))
        remove_file(self._store.graph_seen(name))
        return _FORGOTTEN

    def _claimed(self, graph: str) -> list[str]:
        return [project.path for project in self._sight.projects if graph in project.graphs]

    def judged(self, finding: Finding, done: str) -> Finding:
        """With what was done, or the command that mends what was left."""
        if done:
            return replace(finding, done=done, fix="")
        if refused := self._refused.get(finding.name):
            return replace(finding, faults=(*finding.faults, f"may not be changed: {refused}"))
        if finding.kind == OBJECT:
            why = self._unfetched.get(finding.name)
            more = (f"not fetched: {why}",) if why else ()
            return replace(finding, faults=(*finding.faults, *more))
        if finding.kind == SLOT:
            record = self._sight.records.get(finding.name)
            if record is not None and record.object_name in self._left:
                return finding
            return replace(finding, fix=_install_in(self._sight.users(finding.name)))
        if finding.kind == GRAPH:
            return replace(finding, fix=_install_in(self._claimed(finding.name)))
        return finding


def _install_in(projects: list[str]) -> str:
    """The command that makes anew what only a project's lock tells of."""
    if not projects:
        return "graft store gc"
    return f"graft -C {projects[0]} install --force"


def _contents(archive: bytes) -> dict[str, bytes]:
    """The files of an archive, by digest."""
    try:
        files = [bytes(file.data) for file in read_archive(archive)]
    except ArchiveRefused:
        return {}
    return {hashlib.sha256(data).hexdigest(): data for data in files}
