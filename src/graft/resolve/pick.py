"""Which of a package's versions a specifier gets, and what to say where it gets none."""

from __future__ import annotations

from collections.abc import Collection

from graft.base.diagnostics import GraftError
from graft.model.manifest import Manifest
from graft.sources.packument import Packument
from graft.versions.ranges import Range
from graft.versions.specifier import Specifier, asks_for_anything
from graft.versions.version import is_version, parse_version, version_in_graph


def pick(packument: Packument, specifier: Specifier, tag: str) -> str | None:
    """The version as the registry spells it, or None.

    npm's rule: for a range, the version tagged ``tag`` (``latest``) if it is in the range; else the
    newest one in the range that is not deprecated; else the newest in the range.
    """
    if specifier.range is None:
        tagged = packument.tags.get(specifier.tag, "")
        return tagged if tagged in packument and is_version(tagged) else None
    return newest(packument, specifier.range, tag)


def newest(packument: Packument, range: Range, tag: str) -> str | None:
    tagged = packument.tags.get(tag, "")
    is_there = tagged in packument and is_version(tagged)
    # In this order: a tagged version that cannot be read spoils no range without it.
    suits = is_there and range.contains(parse_version(tagged))
    if suits and not packument.is_deprecated(tagged):
        return tagged
    deprecated = ""
    for key, text in packument.newest_first(prereleases=range.has_prereleases):
        if range.admits(key):
            if not packument.is_deprecated(text):
                return text
            deprecated = deprecated or text
    if deprecated:
        return deprecated
    return tagged if is_there and asks_for_anything(range) else None


def no_version(packument: Packument, wanted: Specifier, specifier: str) -> GraftError:
    """The error for ``pick``'s None. ``specifier`` is what was written, if anything was."""
    latest = packument.tags.get("latest", "")
    if wanted.range is None:
        tags = ", ".join(f"{tag} ({version})" for tag, version in sorted(packument.tags.items()))
        return GraftError(
            "no-matching-version",
            f"{packument.name} has no dist-tag '{wanted.tag}'",
            where=packument.name,
            why=[f"its tags are {tags}"] if tags else [],
            fix=f"ask for {packument.name}@latest, or for a range",
        )
    shown = specifier or str(wanted.range)
    near = newest(packument, wanted.range.include_prereleases(), "")
    why = [f"the newest version is {latest}"] if latest else []
    if near:
        why.append(f"{near} would match, but a range has to name a prerelease to get one")
    return GraftError(
        "no-matching-version",
        f"no version of {packument.name} is in '{shown}'",
        where=packument.name,
        why=why,
        fix=f"ask for {packument.name}@^{latest}" if latest else "",
    )


def admits(range: Range, version: str) -> bool:
    """Whether a version that somebody has already answers a range: to ``*``, anything does."""
    return range.contains(version_in_graph(version)) or asks_for_anything(range)


def newest_of(manifests: Collection[Manifest], range: Range) -> Manifest | None:
    """The same for packages that are already there: the newest one in the range."""
    fitting = [m for m in manifests if range.contains(version_in_graph(m.version))]
    if not fitting and manifests and asks_for_anything(range):
        fitting = list(manifests)
    return max(fitting, key=lambda manifest: version_in_graph(manifest.version).key, default=None)
