"""The indices of a project: which there are, what the lock pins of each, and what is here of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.git.program import GitProgram
from graft.indices.snapshots import Snapshots
from graft.model.graph import IndexPin
from graft.project.defaults import GRAFT_TOML
from graft.project.graft_toml import read_graft_toml
from graft.project.indices_settings import IndexSource, Indices
from graft.store.paths import Store, store_below
from graft.workflows.namespaces import indices_of
from graft.workflows.project import Context

# What is here of an index.
FOLDER, GONE = "folder", "gone"
UNPINNED, STALE = "unpinned", "stale"
READY, FETCHED, ABSENT = "ready", "fetched", "absent"


class Known(Record):
    """``state`` says what an install would need: nothing for a ``folder``, or where the pinned
    commit is ``ready`` in the store or at least ``fetched``; a repository where it is ``absent``,
    or nothing is pinned yet (``unpinned``), or for something else than is asked now (``stale``).
    ``gone`` is a folder that is not there. ``newest`` is the commit that the repository was last
    seen to have there, ``behind`` how many commits lie between, None where that is not known, and
    ``seen`` when that was, in seconds since the epoch."""

    source: IndexSource
    pin: IndexPin | None
    state: str
    path: str = ""
    newest: str = ""
    behind: int | None = None
    seen: int | None = None


def declared(context: Context) -> Indices:
    """Raises what reading them raises."""
    return indices_of(read_graft_toml(context.folder), context.settings)


def chosen(indices: Indices, names: Iterable[str]) -> list[IndexSource]:
    """Those that are declared for the namespaces ``names``; all for none. Raises
    ``index-undeclared``."""
    found = []
    for name in names:
        if name not in indices.sources:
            from graft.base.suggestions import did_you_mean

            known = sorted(indices.sources)
            raise GraftError(
                "index-undeclared",
                f"no index is declared for the namespace '{name}'",
                where=GRAFT_TOML,
                why=[f"declared are {', '.join(known)}" if known else "there is no [indices]"],
                fix=did_you_mean(name, known)
                or f'add to {GRAFT_TOML}, below [indices]: {name} = "<git URL>"',
            )
        found.append(indices.sources[name])
    return found or [indices.sources[name] for name in sorted(indices.sources)]


def locked_pins(context: Context) -> Mapping[str, IndexPin]:
    """By namespace; none where there is no lock."""
    graph = context.graph()
    return graph.indices if graph else {}


def snapshots_in(store: Store, context: Context, *, offline: bool = False) -> Snapshots:
    offline = offline or context.settings.offline
    return Snapshots(store, GitProgram(os.environ), offline=offline)


def known_indices(context: Context) -> list[Known]:
    """Each declared index, by namespace. Asks no repository anything."""
    snapshots = snapshots_in(store_below(context.settings.store_root), context, offline=True)
    pins = locked_pins(context)
    sources = chosen(declared(context), ())
    return [_known(source, pins.get(source.namespace), snapshots) for source in sources]


def _known(source: IndexSource, pin: IndexPin | None, snapshots: Snapshots) -> Known:
    if not source.url:
        state = FOLDER if os.path.isdir(source.folder) else GONE
        return Known(source=source, pin=pin, state=state, path=source.folder)
    seen = snapshots.seen(source)
    if pin is None or not source.is_asked_by(pin):
        state = UNPINNED if pin is None else STALE
        return Known(source=source, pin=pin, state=state, newest=seen.newest, seen=seen.time)
    path = snapshots.path(source.url, pin.commit)
    state = READY if snapshots.has(source.url, pin.commit) else ABSENT
    behind = None
    if snapshots.has_mirror(source.url):
        with snapshots.mirror(source.url) as mirror:
            if state == ABSENT and mirror.has(pin.commit):
                state = FETCHED
            if seen.newest:
                behind = mirror.distance(pin.commit, seen.newest)
    return Known(
        source=source,
        pin=pin,
        state=state,
        path=path if state == READY else "",
        newest=seen.newest,
        behind=behind,
        seen=seen.time,
    )
