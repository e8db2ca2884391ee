"""Packages of the project's indices, as the solver takes them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache

from graft.base.records import replace
from graft.indices.descriptor import Descriptor, Release
from graft.indices.manifests import manifest_of
from graft.model.manifest import Manifest
from graft.model.origins import INDEX
from graft.resolve.flat.problem import Candidate
from graft.versions.version import Version, version_in_graph


class IndexPackages:
    """``index_of`` gives the namespace that the index of a package is declared for, empty for a
    registry's; ``find`` what that index says of the package; ``packed`` the integrity of a release
    that is a commit. ``elsewhere`` are names that stay what the lock says: an index that is
    declared later takes nothing away from a registry by itself."""

    def __init__(
        self,
        index_of: Callable[[str], str],
        find: Callable[[str], Descriptor | None],
        packed: Callable[[Manifest], str],
        elsewhere: Collection[str] = (),
    ) -> None:
        self._index_of = cache(index_of)
        self._find = cache(find)
        self._packed = packed
        self._elsewhere = elsewhere
        self._releases: dict[str, dict[str, Release]] = {}

    def serves(self, name: str) -> bool:
        return name not in self._elsewhere and bool(self._index_of(name))

    def is_ours(self, manifest: Manifest) -> bool:
        """Whether a package of the lock is from where one of its name comes from now."""
        return manifest.origin == f"{INDEX}{self._index_of(manifest.name)}"

    def candidates(self, name: str, had: Manifest | None) -> Sequence[Candidate] | None:
        """What is not yanked, and what the lock has, be it yanked or gone since."""
        if self._find(name) is None:
            return None if had is None else [_candidate(had.version)]
        releases = self._releases_of(name)
        kept = had.version if had else ""
        found = [
            Candidate(release.version, text)
            for text, release in releases.items()
            if not release.yanked or text == kept
        ]
        return [*found, _candidate(kept)] if kept and kept not in releases else found

    def manifest(self, name: str, version: str) -> Manifest:
        descriptor = self._find(name)
        assert descriptor is not None
        return manifest_of(descriptor, self._releases_of(name)[version], self._index_of(name))

    def whole(self, manifest: Manifest) -> Manifest:
        """With the integrity of what its commit is packed to, if it is one."""
        if manifest.integrity or manifest.archives:
            return manifest
        return replace(manifest, integrity=self._packed(manifest))

    def yanked(self, name: str) -> Mapping[Version, str]:
        """The versions that are hidden from new resolutions, with the reason."""
        if self._find(name) is None:
            return {}
        every = self._releases_of(name).values()
        return {release.version: release.yanked for release in every if release.yanked}

    def _releases_of(self, name: str) -> dict[str, Release]:
        """By the version as the lock writes it, without a build."""
        if name not in self._releases:
            descriptor = self._find(name)
            assert descriptor is not None
            self._releases[name] = {
                str(release.version): release for release in descriptor.releases.values()
            }
        return self._releases[name]


def _candidate(version: str) -> Candidate:
    return Candidate(version_in_graph(version), version)
