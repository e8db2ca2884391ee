"""What an index says of one package, whichever format it is written in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graft.base.diagnostics import Diagnostic
from graft.base.records import Record
from graft.model.namespaces import joined
from graft.model.platform import ANYWHERE, Platform, PlatformLimits
from graft.model.requirement import Requirement
from graft.versions.version import Version


class Archive(Record):
    """Where the files of a release are, for the platforms that ``platforms`` admits.

    ``urls`` are mirrors of the same bytes, the one to try first in front, and ``integrity`` is
    their SRI. A url without a scheme is a path within the index (``paths.is_within``). Or
    ``git`` is a repository's URL and ``commit`` all digits of one; the other two are empty then.
    """

    urls: tuple[str, ...] = ()
    integrity: str = ""
    git: str = ""
    commit: str = ""
    platforms: PlatformLimits = ANYWHERE


class Release(Record):
    """One version. ``text`` is how the index writes it.

    ``archives`` has at least one; the first that admits a platform is that platform's.
    ``requirements`` are sorted by name, and their names are canonical. What is asked in the grammar
    of indices has a specifier that begins with ``index:``; the others are npm's ranges. A weak
    dependency, which binds only if something else brings the package, is an optional peer.
    ``yanked`` is the reason, empty if it is not. ``node`` and ``has_scripts`` are as in
    ``Manifest``.
    """

    version: Version
    text: str
    archives: tuple[Archive, ...]
    requirements: tuple[Requirement, ...] = ()
    bins: tuple[tuple[str, str], ...] = ()
    node: str = ""
    has_scripts: bool = False
    yanked: str = ""

    def archive_for(self, platform: Platform) -> Archive | None:
        """None if the package is not for that platform."""
        fitting = (archive for archive in self.archives if archive.platforms.admit(platform))
        return next(fitting, None)

    @property
    def platforms(self) -> PlatformLimits:
        """Of all archives together: no more than they admit if they limit one thing alone."""
        every = [archive.platforms for archive in self.archives]
        return PlatformLimits(
            os=_all_of(limits.os for limits in every),
            cpu=_all_of(limits.cpu for limits in every),
            libc=_all_of(limits.libc for limits in every),
        )


class Descriptor(Record, unequal=("where", "notes")):
    """``namespace`` is empty for the default one. ``releases`` is by the text of the version,
    newest first. ``aliases`` maps other words for a version, like ``latest``, to its text.
    ``unusable`` are versions that are there but cannot be chosen, with the reason. ``where`` is the
    file, ``notes`` what the index's author should hear."""

    namespace: str
    name: str
    releases: Mapping[str, Release]
    aliases: Mapping[str, str] = {}
    unusable: Mapping[str, str] = {}
    description: str = ""
    license: str = ""
    repository: str = ""
    where: str = ""
    notes: tuple[Diagnostic, ...] = ()

    @property
    def identity(self) -> str:
        """The canonical name: ``@acme/tool``."""
        return joined(self.namespace, self.name)


def _all_of(limits: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Empty, which is everywhere, as soon as one of them is."""
    every = list(limits)
    return tuple(sorted({word for words in every for word in words})) if all(every) else ()
