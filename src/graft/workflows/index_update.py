"""``index update``: the one way, beside ``update``, by which a pin moves.

What would change what is published already is said before anything is accepted: a tag that is
another commit now, history that was rewritten, a version of a locked package that is not what it
was. Then nothing is written at all, of no index, unless that is accepted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import write_atomic
from graft.base.records import Record, replace
from graft.git.mirror import Mirror
from graft.indices.snapshots import Snapshots, newest
from graft.link.importers import refuse_strange
from graft.lockfile.format import LOCK_NAME, write_lock
from graft.model.graph import Graph, IndexPin
from graft.model.indices import REV, TAG, short, shown_ref
from graft.project.indices_settings import IndexSource
from graft.workflows.index_locked import (
    LockedPackage,
    differences,
    locked_in,
    violations,
    yanked,
)
from graft.workflows.indices import chosen, declared, snapshots_in
from graft.workflows.look import locked_graph
from graft.workflows.project import Context, at_work

# What became of a pin.
MOVED, SAME, SKIPPED = "moved", "same", "skipped"


class Step(Record):
    """``old`` is what the lock pinned, if it did; ``commits`` how many lie between, where that is
    known. ``rewritten`` says what was called out and accepted, ``yanked`` which of the versions
    that are locked should not be chosen any more, and ``why`` why it was skipped."""

    source: IndexSource
    state: str
    old: IndexPin | None
    new: IndexPin
    commits: int | None = None
    rewritten: tuple[str, ...] = ()
    yanked: tuple[str, ...] = ()
    why: str = ""


def update_indices(
    context: Context, names: Iterable[str], *, accept: bool = False, dry_run: bool = False
) -> list[Step]:
    """Pin the newest commits of these indices (none: of all that are declared) in the lock.

    Raises ``index-undeclared``, ``lock-missing``, ``index-rewritten`` and what asking repositories
    raises; the lock is then as it was.
    """
    sources = chosen(declared(context), names)
    with at_work(context) as work:
        graph = locked_graph(context)
        steps = moved_pins(graph, sources, snapshots_in(work.store, context), accept=accept)
        pins = {step.source.namespace: step.new for step in steps}
        if not dry_run:
            write_pins(context, graph, {**graph.indices, **pins})
    return steps


def moved_pins(
    graph: Graph, sources: Iterable[IndexSource], snapshots: Snapshots, *, accept: bool
) -> list[Step]:
    """What updating them comes to, with all commits fetched. Raises as ``update_indices``."""
    steps = [_step(graph, source, snapshots) for source in sources]
    rewritten = [step for step in steps if step.rewritten]
    if rewritten and not accept:
        raise _refused(rewritten)
    return steps


def write_pins(context: Context, graph: Graph, pins: Mapping[str, IndexPin]) -> None:
    """The lock with other pins; untouched where they are the same."""
    data = write_lock(replace(graph, indices=pins))
    if data != context.lock_bytes():
        refuse_strange(context.folder, LOCK_NAME)
        write_atomic(context.lock_path, data, durable=True)


def _step(graph: Graph, source: IndexSource, snapshots: Snapshots) -> Step:
    old = graph.indices.get(source.namespace)
    if not source.url:
        why = "a folder is what it is, and nothing pins it"
        return Step(source=source, state=SKIPPED, old=old, new=source.pin(), why=why)
    kind = source.ref.partition(" ")[0]
    is_asked = old is not None and source.is_asked_by(old)
    if old is not None and is_asked and kind == REV:
        why = f"pinned by {shown_ref(source.ref)} in {source.where}"
        return Step(source=source, state=SKIPPED, old=old, new=old, why=why)
    with snapshots.mirror(source.url) as mirror:
        commit = newest(mirror, source)
        mirror.keep(commit)
        snapshots.note(source, commit)
        new = source.pin(commit)
        if old == new:
            why = f"pinned by {source.ref}, which has not moved" if kind == TAG else ""
            return Step(
                source=source, state=SKIPPED if why else SAME, old=old, new=new, commits=0, why=why
            )
        commits, rewritten = None, list[str]()
        if old is not None and old.url == new.url and old.commit != commit:
            mirror.fetch_all()
            commits = mirror.distance(old.commit, commit) if mirror.has(old.commit) else None
            # Where something else is asked for than before, this is another line of history.
            rewritten += _broken_history(mirror, source, old.commit, commit) if is_asked else ()
    now = locked_in(graph, source.namespace, snapshots.folder(source.namespace, new))
    if old is not None:
        before = _before(graph, source, old, snapshots)
        rewritten += map(str, violations(before, now) if before else differences(now))
    return Step(
        source=source,
        state=MOVED,
        old=old,
        new=new,
        commits=commits,
        rewritten=tuple(rewritten),
        yanked=tuple(yanked(now)),
    )


def _before(
    graph: Graph, source: IndexSource, old: IndexPin, snapshots: Snapshots
) -> list[LockedPackage]:
    """As the index was; nothing where nobody has that any more, or it cannot be read."""
    try:
        folder = snapshots.folder(source.namespace, old) if old.url else ""
        return locked_in(graph, source.namespace, folder) if folder else []
    except GraftError:
        return []


def _broken_history(mirror: Mirror, source: IndexSource, old: str, new: str) -> Iterator[str]:
    kind, _, value = source.ref.partition(" ")
    if kind == TAG:
        yield f"the tag {value} was {old} and is {new}"
    elif not (mirror.has(old) and mirror.is_before(old, new)):
        yield f"history was rewritten: {old} is not before {new}"


def _refused(steps: Collection[Step]) -> GraftError:
    names = " ".join(step.source.namespace for step in steps)
    return GraftError(
        "index-rewritten",
        "what was published is not what it was, so no pin was moved",
        where=", ".join(step.source.url for step in steps),
        why=[f"{step.source.namespace}: {line}" for step in steps for line in step.rewritten],
        fix=f"ask whoever keeps the index; if this is as it should be: "
        f"'graft index update {names} --accept-rewrite'",
    )


def shown_step(step: Step) -> str:
    """``1f2e3d4c5b -> 9a8b7c6d5e``."""
    old = short(step.old.commit) if step.old and step.old.commit else "unpinned"
    return old if step.old == step.new else f"{old} -> {short(step.new.commit)}"
