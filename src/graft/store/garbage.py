"""What nobody needs, and since when.

The time at which something was first seen not to be needed is noted in the store's ``garbage``, and
forgotten when it is needed again. Neither times of files nor counts of their links say anything
about that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from graft.base.files import read_file, remove_file, write_atomic
from graft.base.lines import read_lines, write_lines
from graft.base.records import Record
from graft.store.paths import Store
from graft.store.projects import GONE
from graft.store.references import References
from graft.store.roots import Roots, names_in

_FIRST_LINE = "graft-garbage 1"
_KINDS = ("graphs", "slots", "objects", "projects", "locks")
_LOCKS = ("project-", "tools-", "slot-")
_RECORD = ".json"
_SEEN = ".seen"


class Survey(Record):
    """What there is in a store, by paths in it. ``since`` has for all of it the time, in seconds
    since the epoch, from which on nobody has needed it; None for what is needed. ``notes`` are to
    be written. ``keeps`` says why nothing at all may be called garbage, if so."""

    roots: Roots
    since: Mapping[str, int | None]
    notes: Mapping[str, int]
    keeps: tuple[str, ...]

    def older_than(self, time: int) -> list[str]:
        """What nobody has needed since ``time``, that which goes first in front."""
        if self.keeps:
            return []
        old = [(since, path) for path, since in self.since.items() if since is not None]
        return [path for since, path in sorted(old, key=_leaving) if since <= time]


def _leaving(entry: tuple[int, str]) -> tuple[int, int, str]:
    since, path = entry
    return since, _KINDS.index(path.partition("/")[0]), path


def survey(store: Store, roots: Roots, references: References, now: int) -> Survey:
    """Look at all of a store and change nothing of it. ``now`` is in seconds since the epoch."""
    noted = read_notes(store)
    needed = [path for user in roots.users for path in user.needs]
    since = ages(everything(store), needed, references, noted, now)
    if any(path in references.unreadable for path in since):
        # They need objects, and do not say which.
        since |= {path: None for path in since if path.startswith("objects/")}
    since |= {path: min(noted.get(path, now), now) for path in ownerless(store, roots)}
    keeps = roots.doubts
    if not any(user.project for user in roots.users) and not keeps:
        keeps = ("no project is registered, so nothing is known not to be needed",)
    notes = {path: min(noted.get(path, now), now) for path, age in since.items() if age is not None}
    return Survey(roots=roots, since=since, notes=noted if keeps else notes, keeps=keeps)


def everything(store: Store) -> list[str]:
    """All graphs, slots and objects, complete or not, by their paths in the store."""
    graphs = {name.removesuffix(_SEEN) for name in names_in(store.graphs)}
    objects = {name.removesuffix(_RECORD) for name in names_in(store.objects)}
    return [
        *(f"graphs/{name}" for name in sorted(graphs)),
        *(f"slots/{name}" for name in names_in(store.slots)),
        *(f"objects/{name}" for name in sorted(objects)),
    ]


def ownerless(store: Store, roots: Roots) -> list[str]:
    """Records of projects that are gone, and locks of what is no more."""
    known = set(names_in(store.projects)) | {
        name.removesuffix(_RECORD) for name in names_in(store.journals)
    }
    gone = {user.digest for user in roots.users if user.state == GONE}
    left = [f"projects/{digest}" for digest in sorted(gone)]
    for name in names_in(store.locks):
        kind = next((kind for kind in _LOCKS if name.startswith(kind)), "")
        of = name.removeprefix(kind)
        is_owned = os.path.isdir(store.slot(of)) if kind == "slot-" else of in known - gone
        if kind and not is_owned:
            left.append(f"locks/{name}")
    return left


def ages(
    paths: Iterable[str],
    roots: Iterable[str],
    references: References,
    noted: Mapping[str, int],
    now: int,
) -> dict[str, int | None]:
    """Since when each of ``paths`` has not been needed, in seconds since the epoch; None for what
    is. What leads to something else is never gone before that: so its age is that of the youngest
    that leads to it."""
    found: dict[str, int | None] = {}
    _spread(roots, None, references, found)
    alone = [(min(noted.get(path, now), now), path) for path in paths if path not in found]
    for since, path in sorted(alone, key=lambda entry: (-entry[0], entry[1])):
        _spread([path], since, references, found)
    return {path: found[path] for path in paths}


def _spread(
    paths: Iterable[str], since: int | None, references: References, found: dict[str, int | None]
) -> None:
    waiting = [path for path in paths if path not in found]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = since
            waiting += [to for to in references.of(path) if to not in found]


def read_notes(store: Store) -> dict[str, int]:
    """When each was first seen not to be needed. What cannot be read is forgotten: it is noted
    anew, and stays the longer."""
    pairs = read_lines(read_file(store.garbage), _FIRST_LINE) or []
    return {path: int(since) for path, since in pairs if since.isdigit()}


def write_notes(store: Store, notes: Mapping[str, int]) -> None:
    pairs = [(path, str(since)) for path, since in sorted(notes.items())]
    data = write_lines(_FIRST_LINE, pairs) if pairs else None
    if data is None:
        remove_file(store.garbage)
    elif read_file(store.garbage) != data:
        write_atomic(store.garbage, data)
