"""The members of a workspace that a command is about, in the order in which they need each
other."""

from __future__ import annotations

import os
from collections.abc import Sequence

from graft.base.diagnostics import GraftError
from graft.base.processes import run
from graft.base.records import Record
from graft.project.checkout import ROOT, Checkout, read_checkout
from graft.project.defaults import GRAFT_TOML
from graft.project.manifest import MANIFEST_NAME
from graft.project.roots import find_root, folders_above, may_be_root
from graft.project.selectors import Members, below, read_selector, select
from graft.store.keys import components
from graft.workflows.jobs import Place
from graft.workflows.namespaces import declared_in

_GIT_SECONDS = 60


class Choice(Record):
    """What the command line says: those that ``filters`` select, or without any, all; the root is
    one of all only ``with_root``."""

    filters: tuple[str, ...] = ()
    with_root: bool = False


class Chosen(Record):
    """``paths`` are in the order of need: what others need comes first. ``needs`` says of each
    which of the others have to be done before it; members on a cycle wait for none of it."""

    folder: str
    paths: tuple[str, ...]
    needs: dict[str, frozenset[str]]
    checkout: Checkout


def choose(place: Place, choice: Choice) -> Chosen:
    """Raises what reading the workspace raises, and ``usage`` for a selector that makes no sense or
    a reference that git does not know."""
    folder, called_in = _root_around(place.folder)
    checkout = read_checkout(folder, declared_in(folder, place.environ, place.home))
    links = checkout.links.asked
    needs: dict[str, set[str]] = {path: set() for path in checkout.manifests}
    for (path, _), link in links.items():
        if link.folder in needs:
            needs[path].add(link.folder)
    all_members = [
        path
        for path in checkout.members
        if path != ROOT or choice.with_root or len(checkout.members) == 1
    ]
    if choice.filters:
        names = {path: checkout.manifests[path].name for path in checkout.members}
        selectors = [read_selector(text, called_in) for text in choice.filters]
        paths = select(
            Members(names=names, needs=needs),
            selectors,
            lambda ref: _changed_files(folder, ref, place),
            all=all_members,
        )
    else:
        paths = all_members
    return Chosen(
        folder=folder,
        paths=tuple(_in_order(paths, needs)),
        needs=_waits(paths, needs),
        checkout=checkout,
    )


def _root_around(folder: str) -> tuple[str, str]:
    """The root that lists this folder; for one that is no package, the nearest that may list any
    around it."""
    if not any(os.path.exists(os.path.join(folder, name)) for name in (MANIFEST_NAME, GRAFT_TOML)):
        for above in folders_above(folder):
            if may_be_root(above):
                return above, os.path.relpath(folder, above).replace(os.sep, "/")
    return find_root(folder)


def _in_order(paths: Sequence[str], needs: dict[str, set[str]]) -> list[str]:
    edges = {path: {need: need for need in sorted(needs[path])} for path in sorted(needs)}
    ordered = (path for component in components(edges) for path in sorted(component))
    return [path for path in ordered if path in paths]


def _waits(paths: Sequence[str], needs: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    deep = {path: below(needs, [path]) for path in paths}
    return {
        path: frozenset(
            need for need in deep[path] if need in deep and need != path and path not in deep[need]
        )
        for path in paths
    }


def _changed_files(folder: str, ref: str, place: Place) -> list[str]:
    """Relative to the root: what differs from ``ref``, and what git does not know yet."""

    def git(*arguments: str) -> list[str]:
        done = run(
            ["git", "-C", folder, *arguments],
            cwd=folder,
            environ=place.environ,
            timeout=_GIT_SECONDS,
        )
        if done.status != 0:
            raise GraftError(
                "usage",
                f"git cannot say what changed since '{ref}'",
                where=folder,
                why=[line for line in done.stderr.strip().splitlines()[:3] if line],
                fix="name a commit, a branch or a tag of this repository",
            )
        return [os.fsdecode(name) for name in done.stdout.split("\0") if name]

    if ref.startswith("-"):
        raise GraftError(
            "usage",
            f"'{ref}' is no git reference",
            where="--filter",
            fix="write [main], or a commit",
        )
    changed = git("diff", "--name-only", "--relative", "-z", ref, "--", ".")
    return [*changed, *git("ls-files", "--others", "--exclude-standard", "-z")]
