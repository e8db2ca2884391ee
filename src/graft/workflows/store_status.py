"""``store status``: what is in the store, who uses it, what sharing saves, and what could go."""

from __future__ import annotations

from collections.abc import Iterable

from graft.base.records import Record
from graft.link.used import moved_to, used_by
from graft.store.garbage import Survey, survey
from graft.store.paths import Store
from graft.store.projects import this_host
from graft.store.references import References
from graft.store.roots import find_roots
from graft.store.sizes import size_of
from graft.workflows.collect import last_collection


class Kind(Record):
    """How many there are of it, and the bytes that they take."""

    entries: int
    bytes: int


class ProjectUse(Record):
    """``packages`` is how many its graphs have. ``bytes`` is what it would take as copies of its
    own of what it links to in the store."""

    path: str
    state: str
    host: str
    lock: str
    packages: int
    bytes: int


class Status(Record):
    """``now`` could go at once, ``later`` when nobody has needed it for the grace, either without
    what ``keeps`` says against all of it. ``saved`` is what projects would take more as copies.
    Times are in seconds since the epoch."""

    root: str
    kinds: dict[str, Kind]
    projects: tuple[ProjectUse, ...]
    leases: int
    copies: int
    saved: int
    now: Kind
    later: Kind
    keeps: tuple[str, ...]
    collected: int | None


class Surveyed(Record):
    """A store that was looked at, and what leads to what in it."""

    references: References
    seen: Survey


def look_at(store: Store, now: int) -> Surveyed:
    """Beside whoever is at work, and changing nothing."""
    references = References(store)
    roots = find_roots(store, references, used_by, moved_to, host=this_host())
    return Surveyed(references=references, seen=survey(store, roots, references, now))


def status(store: Store, grace: int, now: int) -> Status:
    """``grace`` is in seconds, ``now`` in seconds since the epoch."""
    found = look_at(store, now)
    references, seen = found.references, found.seen
    sizes = {path: size_of(store.root, path) for path in seen.since}
    copies: dict[str, int] = {}  # what a slot would take as a copy

    def copied(paths: Iterable[str]) -> int:
        total = 0
        for path in paths:
            if not path.startswith("slots/"):
                continue
            if path not in copies:
                parts = [to for to in references.of(path) if to.startswith("objects/")]
                copies[path] = sum(sizes.get(to, 0) for to in parts)
            total += copies[path]
        return total

    projects = []
    linked: set[str] = set()
    for user in seen.roots.users:
        if user.project is None:
            continue
        graphs = [path.removeprefix("graphs/") for path in user.needs if path[:7] == "graphs/"]
        records = [record for name in graphs if (record := references.graph(name))]
        # Not what files of the project's own were made from: those are copies.
        its = [f"slots/{slot}" for record in records for slot in record.slots]
        mine = references.reach([*its, *(path for path in user.needs if path[:6] == "slots/")])
        linked |= mine
        projects.append(
            ProjectUse(
                path=user.name,
                state=user.state,
                host=user.project.host,
                lock=user.project.lock,
                packages=max((record.packages for record in records), default=0),
                bytes=copied(mine),
            )
        )
    taken = sum(sizes.get(path, 0) for path in linked)
    both = sum(project.bytes for project in projects)
    old = set(seen.older_than(now - grace))
    idle = {path for path, since in seen.since.items() if since is not None} - old
    return Status(
        root=store.root,
        kinds={
            kind: _kind((path for path in sizes if path.startswith(f"{kind}/")), sizes)
            for kind in ("objects", "slots", "graphs")
        },
        projects=tuple(projects),
        leases=sum(user.project is None for user in seen.roots.users),
        copies=both,
        saved=max(0, both - taken),
        now=_kind(old, sizes),
        later=_kind(idle, sizes),
        keeps=seen.keeps,
        collected=last_collection(store),
    )


def _kind(paths: Iterable[str], sizes: dict[str, int]) -> Kind:
    found = list(paths)
    return Kind(entries=len(found), bytes=sum(sizes[path] for path in found))
