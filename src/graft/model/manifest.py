"""What a registry, or the lock, says of one version of one package."""

from __future__ import annotations

from graft.base.records import Record
from graft.model.origins import LINK
from graft.model.platform import ANYWHERE, PlatformLimits
from graft.model.requirement import Requirement


class Manifest(Record, unequal=("tarball", "deprecated")):
    """One published version.

    ``origin`` is empty for the default registry, so that a lock names no host for it; otherwise it
    is the registry's URL, or ``link:`` and the path, relative to the project's root, of a folder
    that is linked and not fetched. ``tarball`` is empty where the archive lies at the registry's
    usual path; otherwise it is a path below the registry's URL, or in memory only, an absolute URL.
    ``requirements`` holds dependencies, optional dependencies and peers, sorted by local name.
    ``bins`` maps command to path inside the package. ``node`` is the range of node's versions that
    it is for, empty for any. ``bundled`` names what it requires and brings along in its archive,
    sorted. ``deprecated`` is a fact of the day, not of the graph, and not written to the lock."""

    name: str
    version: str
    origin: str = ""
    integrity: str = ""
    tarball: str = ""
    requirements: tuple[Requirement, ...] = ()
    bins: tuple[tuple[str, str], ...] = ()
    platforms: PlatformLimits = ANYWHERE
    node: str = ""
    bundled: tuple[str, ...] = ()
    has_scripts: bool = False
    deprecated: str = ""

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
