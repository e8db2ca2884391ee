"""What a foreign lock says, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from graft.base.records import Record
from graft.model.names import check_name
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_version

if TYPE_CHECKING:
    from graft.lockfile.foreign.pins import Pin


class Edge(NamedTuple):
    """Leads to a package's id. ``specifier`` is what was asked for, or empty where the format does
    not say; ``optional`` is that of the requirement."""

    target: str
    specifier: str = ""
    optional: bool = False


class ForeignPackage(Record):
    """One version from a registry, at one place of the tree or in one peer context.

    ``name`` is the registry's, whatever a project calls it. ``integrity`` is SRI text, or empty.
    ``edges`` go from local names, of dependencies and of the peers that the lock tells.
    """

    name: str
    version: str
    integrity: str = ""
    edges: Mapping[str, Edge] = {}

    @property
    def spec(self) -> str:
        return f"{self.name}@{self.version}"


class ForeignLock(Record):
    """``format`` is for people, as in ``pnpm lockfile 9.0``. ``importers`` maps a folder, relative
    to the lock's (``.``), to its edges; it is empty where the format does not tell importers apart.
    ``patterns`` maps ``local@specifier`` to the id that everyone who asks for just that got, where
    the format is made of such. Ids are the reader's own. ``left_out`` maps what does not come from
    a registry to its kind: ``git``, ``tarball``, ``directory``, ``workspace`` or ``unknown``;
    ``pins`` is what the lock says of such as far as it can be checked, by local name and specifier.
    """

    format: str
    importers: Mapping[str, Mapping[str, Edge]] = {}
    patterns: Mapping[str, str] = {}
    packages: Mapping[str, ForeignPackage] = {}
    left_out: Mapping[str, str] = {}
    pins: Mapping[tuple[str, str], Pin] = {}


def package(
    name: str, version: str, integrity: str = "", edges: Mapping[str, Edge] | None = None
) -> ForeignPackage:
    """A package whose name is sound: it becomes part of a URL. Raises ``bad-specifier`` if not."""
    check_name(name)
    return ForeignPackage(name=name, version=version, integrity=integrity, edges=edges or {})


def source_kind(text: str) -> str:
    """The kind of source that stands where a version is expected: ``1.0.0`` -> empty."""
    return "" if is_version(text) else parse_specifier("", text).foreign or "unknown"
