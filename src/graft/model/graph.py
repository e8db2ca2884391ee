"""The resolved answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graft.base.records import Record
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement

if TYPE_CHECKING:
    from graft.model.provenance import Provenance


class Node(Record, unequal=("provenance",)):
    """A package in one context.

    ``id`` is the manifest's id followed by the peers that this context gives it, as in
    ``react-dom@18.3.1(react@18.3.1)``, and by the packages above where an override for what lies
    below those makes a difference, as in ``b@1.0.0(below a)``. ``edges`` maps local names, of
    dependencies and of peers that were found, to node ids. ``provenance`` says which other
    workspace it was taken from, if any; what it is does not depend on that.
    """

    id: str
    manifest: Manifest
    edges: Mapping[str, str]
    provenance: Provenance | None = None


class Importer(Record):
    """The project, or one member of its workspace: what it asks for and what it got."""

    path: str
    requirements: tuple[Requirement, ...]
    edges: Mapping[str, str]


class IndexPin(Record):
    """Which index a lock was made with. ``ref`` is what the project asks of the repository
    (``branch main``, ``tag v1``, ``rev 1f2e…``; empty: the branch that is its default), ``commit``
    all digits of what that was. A folder has no ``url`` and is not pinned; ``path`` is as the
    project writes it, and empty where the user's own settings name it."""

    url: str = ""
    ref: str = ""
    commit: str = ""
    path: str = ""


class Graph(Record):
    """Importers by path relative to the project's root (``.``), nodes by id. ``overrides`` and
    ``extensions`` are the rules in force when it was made: key -> replacement, and key -> what is
    added, as compact JSON. ``patches`` maps ``name@version`` to the digest of what changes that
    package's files. ``legacy_peers`` says that no peer was added that nobody provides, ``flat``
    that there is one version of each package. ``indices`` are those that packages came from, by the
    namespace that each serves."""

    importers: Mapping[str, Importer]
    nodes: Mapping[str, Node]
    overrides: Mapping[str, str] = {}
    extensions: Mapping[str, str] = {}
    patches: Mapping[str, str] = {}
    legacy_peers: bool = False
    flat: bool = False
    indices: Mapping[str, IndexPin] = {}

    @property
    def package_ids(self) -> set[str]:
        """Those of packages that are fetched: one for all contexts of each."""
        return {node.manifest.id for node in self.nodes.values() if not node.manifest.is_link}
