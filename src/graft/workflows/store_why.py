"""``store why``: who needs something in the store, and along which path; or since when nobody
does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.model.integrity import parse_integrity
from graft.store.graphs import linked_slots
from graft.store.paths import Store
from graft.store.references import References
from graft.store.roots import User
from graft.workflows.store_status import Surveyed, look_at

_SHORTEST_KEY = 6


class Need(Record):
    """``user`` is a project's path, or the name of a lease. ``chain`` leads from what that asks for
    to the thing, by paths in the store; graphs are left out where slots follow."""

    user: str
    state: str
    is_lease: bool
    chain: tuple[str, ...]


class Answer(Record):
    """For one thing. ``since`` is when it was first seen that nobody needs it, and ``goes`` when it
    may go, in seconds since the epoch; None where somebody does, or where all is kept."""

    path: str
    needs: tuple[Need, ...]
    since: int | None
    goes: int | None


def why(store: Store, key: str, grace: int, now: int) -> list[Answer]:
    """Of everything that ``key`` may name: a slot by its name or its key, an object by its
    integrity or the name of its file, a package with or without its version. What is long may be
    given by its beginning. Raises ``not-in-store``."""
    found = look_at(store, now)
    paths = _named(found.seen.since, key)
    if not paths:
        raise GraftError(
            "not-in-store",
            f"nothing in the store is called '{key}'",
            where=store.root,
            fix="give a package like 'react' or 'react@18.3.1', a slot's key, or an integrity",
        )
    answers = []
    for path in paths:
        since = found.seen.since[path]
        goes = None if since is None or found.seen.keeps else since + grace
        needs = tuple(_needs(store, found, path)) if since is None else ()
        answers.append(Answer(path=path, needs=needs, since=since, goes=goes))
    return answers


def _named(paths: Iterable[str], key: str) -> list[str]:
    """The first reading of the key that fits anything counts."""
    slots = {path.removeprefix("slots/"): path for path in paths if path.startswith("slots/")}
    objects = {path.removeprefix("objects/"): path for path in paths if path[:8] == "objects/"}
    plain = key.replace("/", "+")
    file = _file_of(key)
    is_long = len(key) >= _SHORTEST_KEY
    readings = [
        [path for path in paths if path == key],
        [path for name, path in slots.items() if name == plain],
        [path for name, path in slots.items() if name.rpartition("-")[0] == plain],
        [path for name, path in slots.items() if name.startswith(f"{plain}@")],
        [p for name, p in slots.items() if is_long and name.rpartition("-")[2].startswith(key)],
        [path for name, path in slots.items() if is_long and name.startswith(plain)],
        [path for name, path in objects.items() if name == file],
        [path for name, path in objects.items() if is_long and name.startswith(key)],
    ]
    return next((sorted(found) for found in readings if found), [])


def _file_of(integrity: str) -> str:
    try:
        return parse_integrity(integrity).file_name
    except ValueError:
        return ""


def _needs(store: Store, found: Surveyed, path: str) -> Iterator[Need]:
    for user in found.seen.roots.users:
        links = _links(store, found.references, user)
        # A graph names all of its slots: that says nothing of why it has them.
        chain = _chain(links, path, found.references) or _chain(user.needs, path, found.references)
        if chain:
            yield Need(user=user.name, state=user.state, is_lease=user.project is None, chain=chain)


def _links(store: Store, references: References, user: User) -> list[str]:
    """What a user's links lead to."""
    links = []
    for need in user.needs:
        record = references.graph(need.removeprefix("graphs/")) if need[:7] == "graphs/" else None
        links += [f"slots/{slot}" for slot in linked_slots(store, record)] if record else []
    return links


def _chain(starts: Iterable[str], goal: str, references: References) -> tuple[str, ...]:
    """The shortest way; empty if there is none."""
    before: dict[str, str] = {}
    level = list(dict.fromkeys(starts))
    before |= dict.fromkeys(level, "")
    while level and goal not in before:
        following = []
        for path in level:
            for to in references.of(path):
                if to not in before:
                    before[to] = path
                    following.append(to)
        level = following
    chain = []
    at = goal if goal in before else ""
    while at:
        chain.append(at)
        at = before[at]
    return tuple(reversed(chain))
