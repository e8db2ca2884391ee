"""What the lock holds of an index, against what the index says of it."""

from __future__ import annotations

from collections.abc import Iterator

from graft.base.records import Record
from graft.indices.descriptor import Descriptor, Release
from graft.indices.gate import Violation, compare, shown
from graft.indices.tree import IndexTree
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.namespaces import DEFAULT
from graft.model.origins import INDEX


class LockedPackage(Record):
    """A version that the lock holds, and what the index says of its package."""

    manifest: Manifest
    descriptor: Descriptor | None

    @property
    def label(self) -> str:
        return f"{shown(self.manifest.name)}@{self.manifest.version}"

    @property
    def release(self) -> Release | None:
        releases = self.descriptor.releases.values() if self.descriptor else ()
        fitting = (each for each in releases if str(each.version) == self.manifest.version)
        return next(fitting, None)


def locked_in(graph: Graph, namespace: str, folder: str) -> list[LockedPackage]:
    """What a lock has of the index that is declared for ``namespace``, as the checkout in
    ``folder`` has it; each version once. Raises ``index-invalid`` and ``index-too-new``."""
    tree = IndexTree(folder, namespace="" if namespace == DEFAULT else namespace)
    origin = f"{INDEX}{namespace}"
    nodes = (node.manifest for node in graph.nodes.values() if node.manifest.origin == origin)
    found = {manifest.id: manifest for manifest in nodes}
    return [
        LockedPackage(manifest=found[id], descriptor=tree.find(found[id].name))
        for id in sorted(found)
    ]


def violations(old: list[LockedPackage], new: list[LockedPackage]) -> Iterator[Violation]:
    """What the gate says of versions that are locked."""
    for before, now in zip(old, new, strict=True):
        release = before.release
        if before.descriptor is None or release is None:
            yield from differences([now])  # nothing to compare with but the lock itself
        elif now.descriptor is None:
            yield _gone(now)
        else:
            found = compare(before.descriptor, now.descriptor)
            yield from (each for each in found if each.version == release.text)


def differences(locked: list[LockedPackage]) -> Iterator[Violation]:
    """Where an index says something else of a version than the lock does."""
    for each in locked:
        if each.release is None:
            yield _gone(each)
            continue
        archives = each.release.archives
        wanted = each.manifest.integrity
        if wanted and not any(archive.git or archive.integrity == wanted for archive in archives):
            said = ", ".join(archive.integrity for archive in archives)
            yield Violation(
                code="digest-changed",
                message=f"the lock has {wanted}, and the index {said}",
                package=shown(each.manifest.name),
                version=each.manifest.version,
                where=each.descriptor.where if each.descriptor else "",
            )


def _gone(each: LockedPackage) -> Violation:
    code = "package-deleted" if each.descriptor is None else "version-deleted"
    return Violation(
        code=code,
        message="it is not there any more",
        package=shown(each.manifest.name),
        version=each.manifest.version,
    )


def yanked(locked: list[LockedPackage]) -> list[str]:
    """``acme:tool@1.0.0: <reason>`` for each that is."""
    return [
        f"{each.label}: {each.release.yanked}"
        for each in locked
        if each.release is not None and each.release.yanked
    ]
