"""``store verify``: everything in the store against what it should be, and with ``--repair`` put
right.

Looking holds nobody up: the store is held with others, for some hundred objects or slots at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TypeVar

from graft.base.diagnostics import GraftError
from graft.base.machine import workers
from graft.base.pool import Outcome, Pool
from graft.base.records import Record
from graft.base.suggestions import did_you_mean
from graft.model.names import file_name, split_spec
from graft.store.hold import hold_shared
from graft.store.inspection import Contents, Looked, look_at_object, look_at_slot, store_contents
from graft.store.paths import Store, open_store
from graft.store.slot_records import OLDER, SlotRecord, misnamed, read_slot_record, slots_from
from graft.versions.npm import parse_range
from graft.versions.version import version_in_graph
from graft.workflows.project import Context
from graft.workflows.report import Laps
from graft.workflows.verify_projects import ProjectSight, look_at_projects

HEALTHY, REPAIRED, BROKEN = "healthy", "repaired", "broken"
OBJECT, SLOT, GRAPH, PROJECT = "object", "slot", "graph", "project"
_AT_ONCE = 200
_REPAIR = "graft store verify --repair"
_SHOWN_NAMES = 3

T = TypeVar("T")


class Finding(Record):
    """What is wrong with one thing: ``faults`` has a line for each part of it, ``done`` says what
    was done about it (empty: nothing), and ``fix`` the command that mends it."""

    kind: str
    name: str
    faults: tuple[str, ...]
    done: str = ""
    fix: str = ""


class VerifyReport(Record):
    """``looked`` counts what was looked at, by kind, and ``size`` the bytes that were read and
    digested. ``older`` are slots that do not say what their keys were made of. ``incomplete`` are
    objects that nobody uses yet, ``junk`` what dead commands left, ``changed_locks`` projects whose
    locks have changed since they were installed: none of these is damage."""

    looked: Mapping[str, int]
    size: int
    findings: tuple[Finding, ...]
    older: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    junk: int = 0
    changed_locks: tuple[str, ...] = ()
    milliseconds: Mapping[str, int] = {}

    @property
    def state(self) -> str:
        if not self.findings:
            return HEALTHY
        return REPAIRED if all(finding.done for finding in self.findings) else BROKEN


class Sight:
    """What was seen of a store. ``sound`` are files that hold what they should."""

    def __init__(self, store: Store, contents: Contents) -> None:
        self.store = store
        self.contents = contents
        self.objects: dict[str, Looked] = {}
        self.slots: dict[str, Looked] = {}
        self.records: dict[str, SlotRecord] = {}
        self.older: list[str] = []
        self.projects: list[ProjectSight] = []
        self.lost: dict[str, list[str]] = {}
        self.sound: set[tuple[int, int]] = set()

    def users(self, slot: str) -> list[str]:
        """The registered projects that a slot is for, by path."""
        return sorted({project.path for project in self.projects if slot in project.slots})


def verify(context: Context, packages: Iterable[str] = (), *, repair: bool = False) -> VerifyReport:
    """``packages`` are names, with a range or version behind ``@`` or without, or names of slots
    and objects; none stands for everything, projects too. Raises ``usage`` where the store has
    nothing of that name."""
    laps = Laps()
    settings = context.settings
    store = open_store(settings.store_root, state=settings.state_root, frozen=settings.frozen_store)
    if repair and store.frozen:
        from graft.workflows.frozen import refuse_changes

        raise refuse_changes("graft store verify --repair")
    sight = _look(context, store, [*packages])
    findings = _findings(sight)
    laps.lap("verify")
    if repair and findings:
        from graft.workflows.repair import repair as put_right

        findings = put_right(context, sight, findings)
        laps.lap("repair")
    return VerifyReport(
        looked={
            OBJECT: len(sight.objects),
            SLOT: len(sight.slots),
            PROJECT: len(sight.projects),
        },
        size=sum(looked.size for looked in (*sight.objects.values(), *sight.slots.values())),
        findings=tuple(findings),
        older=tuple(sorted(sight.older)),
        incomplete=sight.contents.incomplete,
        junk=sight.contents.junk,
        changed_locks=tuple(p.path for p in sight.projects if p.lock_changed),
        milliseconds=laps.total(),
    )


def _look(context: Context, store: Store, packages: list[str]) -> Sight:
    progress = context.progress
    hold = partial(hold_shared, store, progress.say)
    with hold():
        sight = Sight(store, store_contents(store))
        read = {name: read_slot_record(store, name) for name in sight.contents.slots}
    sight.records = {n: record for n, record in read.items() if isinstance(record, SlotRecord)}
    sight.older = [name for name, record in read.items() if record == OLDER]
    objects, names = [*sight.contents.objects], [n for n in read if read[n] != OLDER]
    if packages:
        objects, names = _chosen(sight, packages)
    pool = Pool(workers())
    progress.to_check = len(objects) + len(names)

    def each(names: Iterable[str], job: Callable[[str], Looked | None]) -> dict[str, Looked]:
        found: dict[str, Looked] = {}

        def done(name: str, outcome: Outcome[Looked | None]) -> None:
            looked = outcome.get()
            progress.checked += 1
            progress.changed()
            if looked is not None:
                found[name] = looked

        left = [*names]
        while left:
            now, left = left[:_AT_ONCE], left[_AT_ONCE:]
            with hold():
                for name in now:
                    pool.submit(partial(job, name), partial(done, name))
                while pool.pending:
                    pool.settle(wait=True)
        return found

    try:
        sight.objects = each(objects, lambda n: look_at_object(store, sight.contents.objects[n]))
        for looked in sight.objects.values():
            sight.sound |= looked.sound
        wrong, slots = misnamed(sight.records), slots_from(sight.records)
        sight.slots = each(
            names,
            lambda n: look_at_slot(
                store,
                n,
                sight.records.get(n),
                slots.get(n),
                is_misnamed=n in wrong,
                sound=sight.sound,
            ),
        )
        if not packages:
            with hold():
                sight.projects, sight.lost = look_at_projects(store, sight.records, sight.sound)
    finally:
        pool.close()
    return sight


def _chosen(sight: Sight, packages: list[str]) -> tuple[list[str], list[str]]:
    """The objects and slots that are asked for."""
    objects: dict[str, None] = {}
    slots: dict[str, None] = {}
    for package in packages:
        found = [name for name in sight.contents.slots if _is_asked(sight, name, package)]
        kept = [name for name in sight.contents.objects if name == package]
        if not (found or kept):
            names = [record.manifest.name for record in sight.records.values()]
            raise GraftError(
                "usage",
                f"the store has nothing that is called {package}",
                where=sight.store.root,
                fix=did_you_mean(split_spec(package)[0], names)
                or "name a package, a slot or an object",
            )
        slots |= dict.fromkeys(found)
        objects |= dict.fromkeys(kept)
        for name in found:
            record = sight.records.get(name)
            if record and record.object_name in sight.contents.objects:
                objects[record.object_name] = None
    return [*objects], [name for name in slots if name not in sight.older]


def _is_asked(sight: Sight, slot: str, package: str) -> bool:
    if slot == package:
        return True
    name, range = split_spec(package)
    record = sight.records.get(slot)
    if record is None:  # its name is all that is known
        return not range and slot.startswith(f"{file_name(name)}@")
    manifest = record.manifest
    if manifest.name != name:
        return False
    try:
        return not range or parse_range(range).contains(version_in_graph(manifest.version))
    except ValueError:
        return range == manifest.version


def _findings(sight: Sight) -> list[Finding]:
    found = []
    for kind, all_looked in ((OBJECT, sight.objects), (SLOT, sight.slots)):
        for name, looked in sorted(all_looked.items()):
            if looked.faults:
                found.append(Finding(kind=kind, name=name, faults=looked.said, fix=_REPAIR))
    for graph, slots in sorted(sight.lost.items()):
        more = f" and {len(slots) - _SHOWN_NAMES} more" if len(slots) > _SHOWN_NAMES else ""
        said = f"names slots that are not there: {', '.join(slots[:_SHOWN_NAMES])}{more}"
        found.append(Finding(kind=GRAPH, name=graph, faults=(said,), fix=_REPAIR))
    for project in sight.projects:
        if project.faults:
            fix = f"graft -C {project.path} install{' --force' if project.has_files else ''}"
            found.append(Finding(kind=PROJECT, name=project.path, faults=project.faults, fix=fix))
    return found
