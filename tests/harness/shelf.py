"""A source of packages in memory, for the resolver alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from graft.model.graph import Graph
from graft.model.requirement import Requirement
from graft.resolve.locked import Locked
from graft.resolve.nested import resolve
from graft.resolve.question import Question
from graft.sources.elsewhere import Elsewhere
from graft.sources.packument import Packument
from graft.sources.registry import RegistrySource

Versions = Mapping[str, Mapping[str, Mapping[str, Any]]]


class Shelf:
    """``versions`` maps a name and a version to fields of package.json. ``asked`` are the names of
    the packuments that were asked for."""

    def __init__(self, versions: Versions) -> None:
        self.asked: list[str] = []
        self._documents = {
            name: Packument(
                json.dumps({"name": name, "versions": documents}).encode(),
                name=name,
                registry="https://registry.example.com/",
            )
            for name, documents in versions.items()
        }

    def packument(self, name: str, *, full: bool = False) -> Packument:  # noqa: ARG002
        self.asked.append(name)
        return self._documents[name]

    refresh = packument

    def prefetch(self, name: str, *, full: bool = False) -> None:
        pass

    def on_packument(self, listener: Callable[[Packument], None]) -> None:
        pass

    def resolve(
        self, asked: Mapping[str, Sequence[Requirement]], before: Graph | None = None
    ) -> Graph:
        def nowhere() -> Elsewhere:
            raise AssertionError("nothing here is from elsewhere")

        source = cast("RegistrySource", self)
        question = Question(asked=asked, source=source, elsewhere=nowhere, locked=Locked(before))
        return resolve(question).graph
