"""The document that a registry has of one package: whole, and as installers ask for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.release import Release

ABBREVIATED_TYPE = "application/vnd.npm.install-v1+json"

# The fields of a version that npm documents for the abbreviated form, and libc, which came later.
ABBREVIATED_FIELDS = frozenset(
    {
        *("name", "version", "deprecated", "dist", "bin", "directories", "funding"),
        *("dependencies", "optionalDependencies", "devDependencies", "bundleDependencies"),
        *("peerDependencies", "peerDependenciesMeta"),
        *("engines", "os", "cpu", "libc", "hasInstallScript", "_hasShrinkwrap"),
    }
)
_INSTALL_SCRIPTS = {"preinstall", "install", "postinstall"}


def dist_tags(releases: Sequence[Release], tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that were set, and a ``latest`` where none was.

    npm moves ``latest`` by itself to the highest version that is not a prerelease, or to the last
    one published if all of them are.
    """
    candidates = [release.version for release in releases if release.takes_latest]
    stable = [version for version in candidates if "-" not in version]
    latest = max(stable, key=_numbers) if stable else "".join(candidates[-1:])
    return ({"latest": latest} if latest else {}) | dict(tags)


def full(
    releases: Sequence[Release], tags: Mapping[str, str], tarball_url: Callable[[Release], str]
) -> dict[str, Any]:
    """Everything: times, people, scripts and a readme."""
    name, times = releases[0].name, [release.published for release in releases]
    people = [{"name": "tester", "email": "tester@example.com"}]
    return {
        "_id": name,
        "_rev": f"{len(releases)}-0",
        "name": name,
        "description": f"the package {name}",
        "dist-tags": dict(tags),
        "versions": {
            release.version: {
                **_version(release, tarball_url),
                "_id": f"{name}@{release.version}",
                "_npmUser": people[0],
                "maintainers": people,
            }
            for release in releases
        },
        "time": {
            "created": min(times),
            "modified": max(times),
            **{release.version: release.published for release in releases},
        },
        "maintainers": people,
        "license": "MIT",
        "readme": f"# {name}\n\nA package of a test.\n",
        "readmeFilename": "README.md",
    }


def abbreviated(
    releases: Sequence[Release],
    tags: Mapping[str, str],
    tarball_url: Callable[[Release], str],
    fields: frozenset[str] = ABBREVIATED_FIELDS,
) -> dict[str, Any]:
    """What an install needs. Scripts shrink to ``hasInstallScript``; times to ``modified``."""
    versions = {}
    for release in releases:
        said = _version(release, tarball_url)
        if _INSTALL_SCRIPTS & set(said.get("scripts", {})):
            said["hasInstallScript"] = True
        versions[release.version] = {key: said[key] for key in said if key in fields}
    return {
        "name": releases[0].name,
        "dist-tags": dict(tags),
        "versions": versions,
        "modified": max(release.published for release in releases),
    }


def _version(release: Release, tarball_url: Callable[[Release], str]) -> dict[str, Any]:
    said = release.manifest | {"dist": {**release.dist, "tarball": tarball_url(release)}}
    return said | ({"deprecated": release.deprecated} if release.deprecated else {})


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0]))
