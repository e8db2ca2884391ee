"""What is told of a version that is not there.

How it is found depends on how a project is resolved; what is told does not.
"""

from __future__ import annotations

from typing import Any

from graft.base.records import Record
from graft.model.graph import Graph
from graft.project.checkout import Checkout
from graft.resolve.chains import Chain
from graft.sources.packument import Packument
from graft.versions.version import is_version, parse_version
from graft.workflows.project import Context


class Question(Record):
    """Why ``version`` of the package whose ``packument`` that is, is not what there is: ``graph``
    is what answers the project now."""

    context: Context
    checkout: Checkout
    graph: Graph
    packument: Packument
    version: str

    @property
    def here(self) -> tuple[str, ...]:
        """The package's versions that there are, oldest first."""
        return versions_of(self.graph, self.packument.name)


class Reason(Record):
    """``code`` is stable, and ``text`` one sentence or more. ``chain`` leads from an importer to
    the requirement that it is about, if it is about one. ``forbids`` says whether it keeps the
    version away until something is edited."""

    code: str
    text: tuple[str, ...]
    forbids: bool
    chain: Chain | None = None
    path: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "code": self.code,
            "forbids": self.forbids,
            "text": list(self.text),
        }
        return said | ({"chain": self.chain.as_json()} if self.chain else {})


class WhyNot(Record):
    """``version`` is empty where there is no such version; ``here`` are the versions that the lock
    has. ``edits`` bring it when made one after the other, except to who goes ``without``: a
    package.json, or a package by its name."""

    name: str
    version: str
    here: tuple[str, ...]
    reasons: tuple[Reason, ...]
    edits: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def is_forbidden(self) -> bool:
        return any(reason.forbids for reason in self.reasons)


def versions_of(graph: Graph, name: str) -> tuple[str, ...]:
    found = {
        node.manifest.version: parse_version(node.manifest.version).key
        for node in graph.nodes.values()
        if node.manifest.name == name and is_version(node.manifest.version)
    }
    return tuple(sorted(found, key=lambda version: found[version]))
