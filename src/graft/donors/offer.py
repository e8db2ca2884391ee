"""Whether a parent has a package: what its lock says, compared with what is asked for.

Only identities are compared here: kind, origin, name, version, integrity or commit, and the digest
of a patch. Whether what the lock says is there as well is for donors/verify.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from graft.base.records import Record
from graft.donors.parent import Parent, Shelf
from graft.model.graph import Node
from graft.model.manifest import Manifest
from graft.model.origins import FILE, GIT, INDEX, LINK, TARBALL, parse_git_origin
from graft.model.provenance import CLOSURE, PACKAGE
from graft.store.slots import Slot

_KINDS = (TARBALL, FILE, GIT, LINK, INDEX)

# Why something is not taken, by stable codes.
REASONS: Mapping[str, str] = {
    "no-lock": "the parent has no lock",
    "lock-unreadable": "the parent's lock cannot be read",
    "local": "it lies in a folder of the project, and is never taken from another one",
    "absent": "the parent has no such package",
    "excluded": "it is excluded for this parent",
    "kind": "the parent has another kind of package under that name",
    "origin": "the parent has it from elsewhere",
    "version": "the parent has other versions",
    "integrity": "the parent has other bytes under that version",
    "commit": "the parent has another commit",
    "patch": "the parent has it patched otherwise",
    "missing": "the parent's lock names it, but its files are not there",
    "dangling": "the parent's link to it leads nowhere",
    "incomplete": "files are missing there, or have other sizes",
    "dirty": "its files were changed there",
    "unverifiable": "nothing there says what its files should be",
    "unvouched": "a repository names that parent, so its bytes stay out of the store",
    "busy": "another graft is at work in the parent",
}


# Why bytes were taken where a link was asked for, or would have been made.
INSTEAD: Mapping[str, str] = {
    "layout": "this layout keeps files in the project, unless links are asked for",
    "tool": "a tool that the project uses needs files in the project",
    "connected": "something that it is connected with has to be this project's own",
    "closure": "the parent has it beside other packages than this project's",
    "folders": "in the layout of the parent its files lie in a folder with others, and may change",
}

# Of the reasons for a miss, those that something was there and is not any more.
GONE = ("dangling", "incomplete", "dirty")


class Hit(Record):
    """``path`` is where the package's files lie, and ``matched`` what of it is the same. A
    ``shelf`` is where all that it needs lies as well."""

    path: str
    matched: str
    shelf: Shelf | None = None
    chain: tuple[str, ...] = ()


class Miss(Record):
    """``reason`` is one of ``REASONS``."""

    reason: str


Look = Callable[[Shelf, Slot], str]
"""Whether a slot on a shelf is what it should be: empty, or a reason. ``missing`` is no fault where
another closure of the same package may be there."""


def offer(parent: Parent, node: Node, slot: Slot, patch: str, look: Look) -> Hit | Miss:
    """What ``parent`` can give of a child's ``node``. ``patch`` is the digest of what the child
    changes in it; empty for nothing. With the same ``slot`` on one of the parent's shelves, all
    that lies below it is the same too."""
    found = same_package(parent, node.manifest, patch)
    if isinstance(found, Miss):
        return found
    fault = ""
    chain = chain_of(found)
    for shelf in parent.shelves:
        seen = look(shelf, slot)
        if not seen:
            path = shelf.package(slot.name, slot.package)
            return Hit(path=path, matched=CLOSURE, shelf=shelf, chain=chain)
        fault = fault or (seen if seen != "missing" else "")
    return Miss(reason=fault) if fault else Hit(path="", matched=PACKAGE, chain=chain)


def same_package(parent: Parent, manifest: Manifest, patch: str) -> Node | Miss:
    """The node of the parent's lock that is the same package by itself, if one is."""
    if manifest.origin.startswith((FILE, LINK)):
        return Miss(reason="local")
    if parent.graph is None:
        return Miss(reason=parent.fault)
    known = parent.nodes.get(manifest.name, ())
    same = [node for node in known if _is_same(node.manifest, manifest)]
    if not same:
        return Miss(reason=_difference([node.manifest for node in known], manifest))
    its = f"{manifest.name}@{manifest.version}"
    if parent.graph.patches.get(its, "") != patch:
        return Miss(reason="patch")
    return same[0]


def chain_of(node: Node) -> tuple[str, ...]:
    """The workspaces that a parent's package came through, the nearest first."""
    before = node.provenance
    return (before.path, *before.chain) if before else ()


def _is_same(one: Manifest, other: Manifest) -> bool:
    return (one.origin, one.version, one.integrity) == (
        other.origin,
        other.version,
        other.integrity,
    )


def _difference(known: list[Manifest], wanted: Manifest) -> str:
    """The nearest that the parent has differs in this."""
    if not known:
        return "absent"
    alike = [each for each in known if _kind(each) == _kind(wanted)]
    if not alike:
        return "kind"
    from_there = [each for each in alike if _place(each) == _place(wanted)]
    if not from_there:
        return "origin"
    if wanted.origin.startswith(GIT) and all(each.origin != wanted.origin for each in from_there):
        return "commit"
    return "integrity" if any(e.version == wanted.version for e in from_there) else "version"


def _kind(manifest: Manifest) -> str:
    return next((kind for kind in _KINDS if manifest.origin.startswith(kind)), "")


def _place(manifest: Manifest) -> str:
    if not manifest.origin.startswith(GIT):
        return manifest.origin
    git = parse_git_origin(manifest.origin)
    return f"{git.url} {git.path}"
