"""What one state of an index has that another has not, version by version: for whoever is about to
go from one to the other. What may not change at all is the gate's to say (``gate``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.indices.descriptor import Descriptor
from graft.indices.gate import shown
from graft.indices.info import IndexInfo, read_info
from graft.indices.paths import INFO
from graft.indices.reading import read_descriptor
from graft.indices.whole import Side, is_descriptor

ADDED, REMOVED, YANKED, RESTORED = "added", "removed", "yanked", "restored"


class IndexChange(Record):
    """``package`` is written ``acme:tool``, ``why`` the reason of a yanking. ``is_new`` says that
    nothing of the package was there before."""

    kind: str
    package: str
    version: str
    why: str = ""
    is_new: bool = False


def changes(base: Side, head: Side, *, namespace: str) -> list[IndexChange]:
    """By package, the oldest version in front. ``namespace`` is the one that the index is declared
    for. Files that cannot be read are the gate's to name."""
    before, now = base.paths, head.paths
    changed = [path for path in before.keys() | now.keys() if before.get(path) != now.get(path)]
    if INFO in changed:  # descriptors may mean something else
        changed = [*before.keys(), *now.keys()]
    wanted = sorted(set(filter(is_descriptor, changed)))
    old, new = _read(base, wanted, namespace), _read(head, wanted, namespace)
    found: list[IndexChange] = []
    for name in sorted(old.keys() | new.keys()):
        found += _of_package(shown(name), old.get(name), new.get(name))
    return found


def _of_package(
    package: str, old: Descriptor | None, new: Descriptor | None
) -> Iterator[IndexChange]:
    was = old.releases if old else {}
    now = new.releases if new else {}
    releases = {**was, **now}
    for text in sorted(releases, key=lambda text: releases[text].version.key):
        if text not in now:
            yield IndexChange(kind=REMOVED, package=package, version=text)
            continue
        reason = now[text].yanked
        if text not in was:
            yield IndexChange(
                kind=ADDED, package=package, version=text, why=reason, is_new=old is None
            )
        elif reason != was[text].yanked:
            kind = YANKED if reason else RESTORED
            yield IndexChange(kind=kind, package=package, version=text, why=reason)


def _read(side: Side, wanted: Iterable[str], namespace: str) -> dict[str, Descriptor]:
    paths = [path for path in wanted if path in side.paths]
    info = IndexInfo()
    try:
        if INFO in side.paths:
            info = read_info(next(side.read([INFO])), INFO)
    except GraftError:
        pass
    own = info.namespaces[0] if len(info.namespaces) == 1 else namespace
    found: dict[str, Descriptor] = {}
    for path, data in zip(paths, side.read(paths), strict=True):
        try:
            descriptor = read_descriptor(data, path, namespace=own)
        except GraftError:
            continue
        found[descriptor.identity] = descriptor
    return found
