"""``index diff``: what an index has now that the commit which the lock pins has not."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.indices.changes import IndexChange, changes
from graft.indices.gate import Violation
from graft.indices.snapshots import newest
from graft.indices.whole import check
from graft.model.namespaces import DEFAULT
from graft.project.indices_settings import IndexSource
from graft.store.hold import hold_shared
from graft.store.paths import open_store
from graft.workflows.index_sides import CommitSide
from graft.workflows.indices import chosen, declared, snapshots_in
from graft.workflows.look import locked_graph
from graft.workflows.project import Context


class Difference(Record):
    """From commit ``old``, which the lock pins, to ``new``. ``commits`` is None where history does
    not lead from one to the other."""

    source: IndexSource
    old: str
    new: str
    commits: int | None
    changes: tuple[IndexChange, ...]
    violations: tuple[Violation, ...]


def index_difference(context: Context, name: str) -> Difference:
    """Raises ``index-undeclared``, ``lock-missing``, ``usage``, ``index-commit-gone`` and what
    asking the repository raises. Moves no pin."""
    (source,) = chosen(declared(context), [name])
    pin = locked_graph(context).indices.get(name)
    if pin is None or not pin.url or pin.url != source.url:
        raise GraftError(
            "usage",
            f"the lock pins no commit of the index of '{name}' to compare with",
            where=context.lock_path,
            fix=f"run 'graft index update {name}' first"
            if source.url
            else "an index in a folder is compared by 'graft index check'",
        )
    settings = context.settings
    store = open_store(settings.store_root, frozen=settings.frozen_store)
    with hold_shared(store, context.progress.say):
        snapshots = snapshots_in(store, context)
        snapshots.folder(name, pin)
        with snapshots.mirror(source.url) as mirror:
            commit = newest(mirror, source)
            mirror.keep(commit)
            snapshots.note(source, commit)
            if commit != pin.commit:
                mirror.fetch_all()
            mirror.fetch(pin.commit)
            sides = [CommitSide(mirror.tree(each, "")) for each in (pin.commit, commit)]
            is_forward = mirror.is_before(pin.commit, commit)
            return Difference(
                source=source,
                old=pin.commit,
                new=commit,
                commits=mirror.distance(pin.commit, commit) if is_forward else None,
                changes=tuple(changes(*sides, namespace="" if name == DEFAULT else name)),
                violations=check(*sides).violations,
            )
