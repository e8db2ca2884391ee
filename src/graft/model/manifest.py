"""What a registry, or the lock, says of one version of one package."""

from __future__ import annotations

from graft.base.records import Record, replace
from graft.model.origins import LINK
from graft.model.platform import ANYWHERE, Platform, PlatformLimits
from graft.model.requirement import Requirement


class PlatformArchive(Record, kw_only=False):
    """An archive of a package that has different ones for different machines: for those that
    ``platforms`` admit."""

    platforms: PlatformLimits
    integrity: str
    tarball: str


class Manifest(Record, unequal=("tarball", "deprecated")):
    """One published version.

    ``origin`` is empty for the default registry, so that a lock names no host for it; otherwise it
    is the registry's URL, or ``link:`` and the path, relative to the project's root, of a folder
    that is linked and not fetched. ``tarball`` is empty where the archive lies at the registry's
    usual path; otherwise it is a path below the registry's URL, or in memory only, an absolute URL.
    What comes from an index has mirrors there, with spaces between them (``sources.index_archives``
    says what each may be). ``archives`` are such a package's where platforms differ, which then has
    no other; the first that admits a platform is that one's, and ``platforms`` are all of them.
    ``requirements`` holds dependencies, optional dependencies and peers, sorted by local name.
    ``bins`` maps command to path inside the package. ``node`` is the range of node's versions that
    it is for, empty for any. ``bundled`` names what it requires and brings along in its archive,
    sorted. ``deprecated`` is a fact of the day, not of the graph, and not written to the lock."""

    name: str
    version: str
    origin: str = ""
    integrity: str = ""
    tarball: str = ""
    archives: tuple[PlatformArchive, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    bins: tuple[tuple[str, str], ...] = ()
    platforms: PlatformLimits = ANYWHERE
    node: str = ""
    bundled: tuple[str, ...] = ()
    has_scripts: bool = False
    deprecated: str = ""

    def on(self, platform: Platform) -> Manifest:
        """The same with the archive that a machine gets, if there are several."""
        for archive in self.archives:
            if archive.platforms.admit(platform):
                return replace(
                    self, integrity=archive.integrity, tarball=archive.tarball, archives=()
                )
        return self

    @property
    def id(self) -> str:
        """Identity without peers: ``name@version``, or ``name@origin#version``. A folder of the
        project is ``name@link:path``: its version is the file's of the day."""
        if self.is_link:
            return f"{self.name}@{self.origin}"
        if self.origin:
            return f"{self.name}@{self.origin}#{self.version}"
        return f"{self.name}@{self.version}"

    @property
    def is_link(self) -> bool:
        return self.origin.startswith(LINK)

    @property
    def folder(self) -> str:
        """The path of a linked folder, relative to the project's root; ``.`` is the root itself."""
        return self.origin.removeprefix(LINK)
