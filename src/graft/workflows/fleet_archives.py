"""Archives of a release from where its packages come from: verified, unpacked once to see that they
can be, measured, and kept until all are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from graft.base.diagnostics import GraftError
from graft.base.http import Request, Response, Transfer
from graft.fleet.publishing.composition import measured
from graft.fleet.publishing.size_cap import too_large
from graft.fleet.publishing.spool import Spool
from graft.fleet.records import SetSettings
from graft.fleet.release import Release
from graft.model.integrity import Integrity, parse_integrity
from graft.model.manifest import Manifest
from graft.model.origins import is_from_registry
from graft.sources.archives import Archives
from graft.store.admission import required_integrity
from graft.store.objects import StoredObject
from graft.workflows.project import Work

Sizes = Mapping[str, tuple[int, int]]


def fetch_archives(
    work: Work,
    spool: Spool,
    release: Release,
    manifests: Mapping[str, Manifest],
    known: Sizes,
    *,
    elsewhere: Callable[[Integrity], bytes | None],
    settings: SetSettings,
) -> dict[str, tuple[int, int]]:
    """The sizes of all archives, packed and unpacked, by integrity; those of ``known`` ones are
    not fetched, and all others lie in ``spool`` afterwards. ``elsewhere`` is asked before the
    registry is.

    Raises ``fleet-too-large`` as soon as that is certain, and what fetching and unpacking raise.
    """
    sizes = dict(known)

    def stored(integrity: str, object: StoredObject) -> None:
        packed = spool.size_of(parse_integrity(integrity))
        sizes[integrity] = packed, sum(file.size for file in object.files)
        packed, unpacked = map(sum, zip(*sizes.values(), strict=True))
        if max(packed, unpacked) > settings.block_bytes:
            raise too_large(settings, measured(release, sizes).entries)

    lacking = {i: manifest for i, manifest in manifests.items() if i not in known}
    # No project keeps what they are unpacked to: it is collected as anything that nobody needs.
    work.changed = bool(lacking)
    while lacking:
        # Archives of one package for several machines have the package's id in common.
        turn = {manifest.id: (i, manifest) for i, manifest in lacking.items()}
        archives = Archives(
            work.store,
            partial(_download, work, elsewhere),
            work.client,
            work.pool,
            work.context.progress,
            keep=spool.add,
        )
        for integrity, manifest in turn.values():
            archives.need(manifest, partial(stored, integrity))
            del lacking[integrity]
        archives.finish()
    return sizes


def said_sizes(work: Work, manifests: Mapping[str, Manifest]) -> dict[str, tuple[int, int]]:
    """Of archives that nobody has fetched, what registries say that they come to unpacked, beside
    a packed size that they do not say (-1); those of which nothing is said are left out."""
    listed = {i: each for i, each in manifests.items() if is_from_registry(each.origin)}
    for manifest in listed.values():
        work.source.prefetch(manifest.name)
    sizes = {}
    for integrity, manifest in listed.items():
        try:
            packument = work.source.packument(manifest.name)
        except GraftError:
            continue  # what was resolved before need not be there any more
        if manifest.version in packument and packument.unpacked(manifest.version) >= 0:
            sizes[integrity] = -1, packument.unpacked(manifest.version)
    return sizes


def _download(
    work: Work, elsewhere: Callable[[Integrity], bytes | None], manifest: Manifest
) -> Transfer:
    data = elsewhere(required_integrity(manifest))
    if data is None:
        return work.download(manifest)
    transfer = Transfer(Request(url="", subject=manifest.id))
    transfer.finish(Response(status=200, url="", body=data, lines=[]))
    return transfer
