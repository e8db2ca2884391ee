"""A release of an index as the rest of graft knows packages."""

from __future__ import annotations

from graft.indices.descriptor import Archive, Descriptor, Release
from graft.model.manifest import Manifest, PlatformArchive
from graft.model.origins import INDEX


def manifest_of(descriptor: Descriptor, release: Release, key: str) -> Manifest:
    """``key`` is the namespace that the project declares the index for. A release that is a commit
    has no integrity yet: that is what its files are packed to."""
    archives = release.archives
    several = len(archives) > 1 or bool(archives[0].platforms)
    return Manifest(
        name=descriptor.identity,
        # The build says nothing of a version's identity.
        version=str(release.version),
        origin=f"{INDEX}{key}",
        integrity="" if several else archives[0].integrity,
        tarball="" if several else address_of(archives[0]),
        archives=tuple(
            PlatformArchive(each.platforms, each.integrity, address_of(each)) for each in archives
        )
        if several
        else (),
        requirements=release.requirements,
        bins=release.bins,
        platforms=release.platforms,
        node=release.node,
        has_scripts=release.has_scripts,
    )


def address_of(archive: Archive) -> str:
    """As a manifest has it: see ``model.origins.check_address``."""
    if archive.git:
        return f"git+{archive.git}#{archive.commit}"
    return " ".join(archive.urls)
