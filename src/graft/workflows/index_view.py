"""What an index says of a package, in the words of a registry's documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graft.base.diagnostics import GraftError
from graft.indices.descriptor import Descriptor, Release
from graft.indices.manifests import address_of
from graft.model.requirement import Kind, Requirement
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import parse_constraint
from graft.versions.mistakes import MalformedError, refusal
from graft.versions.ranges import Range
from graft.versions.specifier import INDEX
from graft.versions.version import Version

_TABLES = {
    Kind.PROD: "dependencies",
    Kind.OPTIONAL: "optionalDependencies",
    Kind.PEER: "peerDependencies",
}


def newest(releases: Iterable[Release], range: Range | None = None) -> Release | None:
    """The newest of a range that is neither yanked nor a prerelease; a prerelease only where there
    is nothing else."""
    usable = [
        each
        for each in releases
        if not each.yanked and (range is None or range.contains(each.version))
    ]
    return max(usable, key=_preferred, default=None)


def _preferred(release: Release) -> tuple[bool, Version]:
    return not release.version.prerelease, release.version


def typed_constraint(text: str) -> Constraint:
    """What somebody wrote on the command line. Raises ``bad-constraint``."""
    try:
        return parse_constraint(text)
    except MalformedError as error:
        raise refusal(error.mistakes) from None


def fitting(descriptor: Descriptor, text: str) -> list[Release]:
    """The releases that a constraint admits, oldest first, those that are yanked too if there are
    no others; all for no text. Raises ``bad-constraint`` and ``no-matching-version``."""
    range = typed_constraint(text).range
    every = sorted(descriptor.releases.values(), key=lambda each: each.version)
    found = [each for each in every if range.contains(each.version)]
    if not found:
        raise GraftError(
            "no-matching-version",
            f"no version of {descriptor.identity} is in '{text}'",
            where=descriptor.where,
            why=[f"there are {', '.join(list(descriptor.releases)[:10]) or 'none'}"],
            fix="ask for one of these",
        )
    return [each for each in found if not each.yanked] or found


def document(descriptor: Descriptor, release: Release) -> dict[str, Any]:
    """Without what the index does not say."""
    first = release.archives[0]
    said: dict[str, Any] = {
        "name": descriptor.identity,
        "version": release.text,
        "description": descriptor.description,
        "license": descriptor.license,
        "repository": descriptor.repository,
        "deprecated": release.yanked,
        "bin": dict(release.bins),
        "engines": {"node": release.node} if release.node else {},
        "os": list(release.platforms.os),
        "cpu": list(release.platforms.cpu),
        "libc": list(release.platforms.libc),
        "dist": {
            "tarball": address_of(first).partition(" ")[0],
            "integrity": first.integrity,
        },
        "versions": [*reversed(list(descriptor.releases))],
    }
    for kind, table in _TABLES.items():
        said[table] = {
            each.local: _shown(each) for each in release.requirements if each.kind is kind
        }
    return {key: value for key, value in said.items() if value}


def _shown(requirement: Requirement) -> str:
    return requirement.specifier.removeprefix(INDEX) or "*"
