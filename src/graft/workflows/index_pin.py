"""``index pin`` and ``index unpin``: the commit of an index in ``graft.toml`` itself, for when a
lock alone is not enough. Neither moves what the lock pins."""

from __future__ import annotations

import os

from graft.base.diagnostics import GraftError
from graft.base.files import write_atomic
from graft.base.records import Record, replace
from graft.link.importers import refuse_strange
from graft.model.graph import IndexPin
from graft.model.indices import REV, ref_fault
from graft.model.origins import is_commit
from graft.project.defaults import GRAFT_TOML
from graft.project.graft_toml import GraftToml, parse_graft_toml, read_graft_toml
from graft.project.indices_settings import IndexSource
from graft.workflows.index_update import write_pins
from graft.workflows.indices import chosen, declared, snapshots_in
from graft.workflows.project import Context, Work, at_work


class Pinned(Record):
    """``commit`` is the one that ``graft.toml`` names now, empty after ``unpin``; ``before`` what
    was asked of the repository. ``is_locked`` says that the lock has just that: where it has not,
    the next install brings it there."""

    source: IndexSource
    commit: str
    before: str
    is_changed: bool
    is_locked: bool


def pin_index(context: Context, name: str, rev: str = "", *, dry_run: bool = False) -> Pinned:
    """``rev`` is a commit or how one begins; empty: the one that the lock pins.

    Raises ``index-undeclared``, ``usage``, ``lock-missing`` and what asking the repository raises.
    """
    (source,) = chosen(declared(context), [name])
    _refuse_folder(source)
    if rev and (fault := ref_fault(REV, rev)):
        raise GraftError("usage", f"'{rev}' {fault}", fix="name a commit, or none for the lock's")
    with at_work(context) as work:
        graph = context.graph()
        pin = graph.indices.get(name) if graph else None
        commit = _commit(work, source, pin, rev)
        asked = replace(source, ref=f"{REV} {commit}")
        toml = read_graft_toml(context.folder)
        done = Pinned(
            source=source,
            commit=commit,
            before=source.ref,
            is_changed=source.ref != asked.ref,
            is_locked=pin is not None and pin.url == source.url and pin.commit == commit,
        )
        if done.is_changed and not dry_run:
            from graft.project.edit_indices import with_rev

            text = with_rev(_or_empty(context, toml), name, source.url, commit)
            # In this order: where only the first is done, an install finds the same commit.
            _write(context, text)
            if graph and done.is_locked:
                write_pins(context, graph, {**graph.indices, name: asked.pin(commit)})
    return done


def unpin_index(context: Context, name: str, *, dry_run: bool = False) -> Pinned:
    """Take the ``rev`` out; the lock keeps what it pins. Raises ``index-undeclared``."""
    (source,) = chosen(declared(context), [name])
    _refuse_folder(source)
    with at_work(context):
        graph = context.graph()
        pin = graph.indices.get(name) if graph else None
        is_pinned = source.ref.startswith(REV)
        done = Pinned(
            source=source,
            commit="",
            before=source.ref,
            is_changed=is_pinned,
            is_locked=pin is not None and pin.url == source.url,
        )
        if is_pinned and not dry_run:
            from graft.project.edit_indices import without_rev

            toml = read_graft_toml(context.folder)
            if toml is None or not source.where.startswith(toml.path):
                raise GraftError(
                    "usage",
                    f"the index of '{name}' is pinned in the user's own settings",
                    where=source.where,
                    fix="take 'rev' out of that line, or declare the index in graft.toml",
                )
            text = without_rev(toml, name, source.url)
            # In this order: where only the first is done, an install finds the same commit.
            if graph and pin and done.is_locked:
                free = IndexPin(url=pin.url, commit=pin.commit)
                write_pins(context, graph, {**graph.indices, name: free})
            _write(context, text)
    return done


def _commit(work: Work, source: IndexSource, pin: IndexPin | None, rev: str) -> str:
    if not rev:
        if pin is None or pin.url != source.url:
            raise GraftError(
                "usage",
                f"the lock does not pin the index of '{source.namespace}' yet, so it says no "
                "commit to keep",
                where=work.context.lock_path,
                fix=f"run 'graft index update {source.namespace}' first, or name a commit",
            )
        return pin.commit
    snapshots = snapshots_in(work.store, work.context)
    if is_commit(rev) and snapshots.has(source.url, rev):
        return rev
    return snapshots.resolve(replace(source, ref=f"{REV} {rev}"))


def _refuse_folder(source: IndexSource) -> None:
    if not source.url:
        raise GraftError(
            "usage",
            f"the index of '{source.namespace}' is a folder, which has no commits to pin",
            where=source.where,
            fix="name a repository with 'url' to have it pinned",
        )


def _or_empty(context: Context, toml: GraftToml | None) -> GraftToml:
    return toml or parse_graft_toml(b"", os.path.join(context.folder, GRAFT_TOML))


def _write(context: Context, text: bytes) -> None:
    refuse_strange(context.folder, GRAFT_TOML)
    write_atomic(os.path.join(context.folder, GRAFT_TOML), text, durable=True)
