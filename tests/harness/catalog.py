"""What a registry holds: versions, tags and where the archives lie."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack

from harness.packument import ABBREVIATED_FIELDS, abbreviated, dist_tags, full
from harness.release import Facts, Release, build

_FIRST_PUBLISHED = datetime(2024, 1, 1, tzinfo=UTC)


def npm_tarball_path(name: str, version: str) -> str:
    return f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"


class Catalog:
    """Packages, which may be published and withdrawn from any thread at any time.

    ``tarball_path`` (name, version -> path below the registry's URL) and ``abbreviated_fields`` may
    be set at any time too.
    """

    def __init__(self) -> None:
        self.tarball_path: Callable[[str, str], str] = npm_tarball_path
        self.abbreviated_fields = ABBREVIATED_FIELDS
        self._releases: dict[str, dict[str, Release]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._published = 0
        self._lock = threading.RLock()

    def publish(self, spec: str, *, tag: str | None = "", **facts: Unpack[Facts]) -> Release:
        """Publish ``name@version``; doing so again replaces it.

        Without a tag, npm's rule decides whether it becomes ``latest``; None gives it no tag.
        """
        with self._lock:
            self._published += 1
            moment = _FIRST_PUBLISHED + timedelta(minutes=self._published)
            release = build(
                spec,
                facts,
                published=moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                takes_latest=tag == "",
            )
            self._releases.setdefault(release.name, {})[release.version] = release
            if tag:
                self.tag(release.name, tag, release.version)
            return release

    def unpublish(self, spec: str) -> None:
        """Withdraw ``name@version`` and the tags that are on it, or all of ``name``."""
        name, _, version = spec.rpartition("@")
        with self._lock:
            if name:
                del self._releases[name][version]
                tags = self._tags.get(name, {})
                self._tags[name] = {tag: to for tag, to in tags.items() if to != version}
            if not name or not self._releases[name]:
                del self._releases[name or spec]
                self._tags.pop(name or spec, None)

    def tag(self, name: str, tag: str, version: str) -> None:
        """Set a dist-tag; a ``latest`` that is set here stays until it is set again."""
        with self._lock:
            self._tags.setdefault(name, {})[tag] = version

    def at_tarball_path(self, path: str) -> Release | None:
        with self._lock:
            for name, versions in self._releases.items():
                for version, release in versions.items():
                    if self.tarball_path(name, version) == path:
                        return release
        return None

    def packuments(self) -> list[dict[str, Any]]:
        """The full documents of all packages, by name."""
        with self._lock:
            found = [self.packument(n, short=False, tarballs="") for n in sorted(self._releases)]
        return [packument for packument in found if packument]

    def packument(self, name: str, *, short: bool, tarballs: str) -> dict[str, Any] | None:
        """The document of a package whose archives lie below the URL ``tarballs``."""
        root = tarballs.rstrip("/")

        def url(release: Release) -> str:
            return root + self.tarball_path(release.name, release.version)

        with self._lock:
            releases = list(self._releases.get(name, {}).values())
            if not releases:
                return None
            tags = dist_tags(releases, self._tags.get(name, {}))
            if short:
                return abbreviated(releases, tags, url, self.abbreviated_fields)
            return full(releases, tags, url)
