"""Who needs what of a store: the projects that are registered, and what runs. Whatever cannot be
judged keeps all that it last named."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable

from graft.base.locks import is_held
from graft.base.records import Record
from graft.store.paths import Store
from graft.store.projects import GONE, HERE, UNREADABLE, Project, presence, read_project
from graft.store.references import References

# A project that is there, and has nothing installed.
BARE = "bare"
# One that was found where it was moved to, and that has not said so itself.
MOVED = "moved"


class Used(Record):
    """What lies in a project: the names of the graphs and slots that it leads to. ``is_bare`` says
    that there is no ``node_modules`` at all, and no change of it that somebody has begun."""

    graphs: frozenset[str]
    slots: frozenset[str]
    is_bare: bool


Look = Callable[[Store, str, Iterable[str]], Used]
"""Looks at a project by its path, of which importers are known; raises ``OSError``."""
Find = Callable[[str], str]
"""Where a project lies now that is no more where it was; empty if that is not found."""


class User(Record):
    """Who needs ``needs``, paths in the store: a project, by its path, with its record ``digest``
    and how it was found (``state``); or without a ``project``, the name of a lease."""

    name: str
    needs: tuple[str, ...]
    digest: str = ""
    state: str = HERE
    project: Project | None = None


class Roots(Record):
    """``doubts`` says what cannot be known. Where it says anything, nothing may be called
    garbage. ``idle`` are paths of leases that nobody holds."""

    users: tuple[User, ...]
    doubts: tuple[str, ...]
    idle: tuple[str, ...]


def find_roots(
    store: Store,
    references: References,
    look: Look,
    find: Find,
    *,
    host: str,
    forgotten: Collection[str] = (),
) -> Roots:
    """``host`` is this machine. Projects of ``forgotten`` machines are judged as if they had been
    here."""
    users: list[User] = []
    doubts: list[str] = []
    for digest in names_in(store.projects):
        path = os.path.join(store.projects, digest)
        try:
            project = read_project(store, digest)
            doubt = f"{path} is damaged" if project is None else ""
        except OSError as error:
            project, doubt = None, f"{path} cannot be read: {error.strerror}"
        if project is None:
            doubts.append(doubt)
            continue
        judge = project.host if project.host in forgotten else host
        user = _user(store, references, look, find, digest, project, judge)
        users.append(user)
        if user.state not in (HERE, MOVED, BARE, GONE):
            doubts += [
                f"{project.path} is {user.state}, and what it needs is not known: the store has "
                f"lost graphs/{graph}"
                for graph in project.graphs
                if references.graph(graph) is None
            ]
    idle = []
    for name in names_in(store.leases):
        path = os.path.join(store.leases, name)
        if is_held(path):
            users.append(User(name=name, needs=(f"graphs/{name}",)))
        else:
            idle.append(path)
    return Roots(users=tuple(users), doubts=tuple(doubts), idle=tuple(idle))


def _user(
    store: Store,
    references: References,
    look: Look,
    find: Find,
    digest: str,
    project: Project,
    host: str,
) -> User:
    state, place = presence(project, host), project.path
    if state == GONE and (there := find(place)):
        state, place = MOVED, there
    graphs, slots = set(project.graphs), frozenset[str]()
    if state in (HERE, MOVED):
        records = map(references.graph, project.graphs)
        importers = {path for record in records if record for path in record.trees}
        try:
            used = look(store, place, importers)
        except OSError:
            state = UNREADABLE
        else:
            graphs |= used.graphs
            slots = used.slots
            if used.is_bare and not os.path.lexists(store.journal(digest)):
                state = BARE
    if state in (BARE, GONE):
        graphs = set()
    needs = [*(f"graphs/{name}" for name in sorted(graphs)), *(f"slots/{s}" for s in sorted(slots))]
    return User(name=place, needs=tuple(needs), digest=digest, state=state, project=project)


def names_in(folder: str) -> list[str]:
    """What lies in a folder of the store, but for what is on its way; nothing where it is not."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith(".tmp-"))
    except FileNotFoundError:
        return []
