"""Edits that are tried before they are proposed: resolved for real, with all else as it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from graft.base.records import Record, replace
from graft.link.importers import ROOT
from graft.model.graph import Graph
from graft.model.links import Links
from graft.model.requirement import Kind, Requirement
from graft.project.overrides import Rules
from graft.resolve.locked import Locked
from graft.resolve.nested import resolve
from graft.resolve.question import Question, Requirements
from graft.sources.elsewhere import Elsewhere
from graft.sources.registry import RegistrySource


class Edit(Record):
    """``text`` is a command, or a line for package.json. With it, importers ask for ``asked``,
    ``data`` is the root's package.json, and packages in ``free`` may get other versions."""

    text: str
    asked: Requirements
    data: Mapping[str, Any]
    free: frozenset[str] = frozenset()


class Trials:
    """``data`` is the root's package.json, and ``rules_of`` reads such a document's rules."""

    def __init__(
        self,
        graph: Graph,
        asked: Requirements,
        data: Mapping[str, Any],
        rules_of: Callable[[Mapping[str, Any]], Rules],
        links: Links,
        source: RegistrySource,
        elsewhere: Callable[[], Elsewhere],
        tag: str,
    ) -> None:
        self.graph = graph
        self.asked = asked
        self.data = data
        self.links = links
        self.source = source
        self.rules = rules_of(data)
        self.unchanged = Edit(text="", asked=asked, data=data)
        self._rules_of = rules_of
        self._elsewhere = elsewhere
        self._tag = tag

    def after(self, edit: Edit, graph: Graph) -> Trials:
        """For what is done after an edit, of which ``graph`` came."""
        return Trials(
            graph,
            edit.asked,
            edit.data,
            self._rules_of,
            self._links_with(edit),
            self.source,
            self._elsewhere,
            self._tag,
        )

    def resolved(self, edit: Edit) -> tuple[Graph, Rules]:
        """What comes of an edit, and the rules that are then in force. Raises what reading rules
        and resolving raise."""
        rules = self._rules_of(edit.data)
        question = Question(
            asked=edit.asked,
            source=self.source,
            elsewhere=self._elsewhere,
            locked=Locked(
                self.graph, lambda name: name not in edit.free, gaps_count=rules is self.rules
            ),
            rules=rules,
            links=self._links_with(edit),
            tag=self._tag,
            adds_peers=not self.graph.legacy_peers,
        )
        return resolve(question).graph, rules

    def _links_with(self, edit: Edit) -> Links:
        """Without those of lines that now ask for something else."""
        if edit.asked is self.asked:
            return self.links
        stayed = {
            (path, line.local)
            for path, lines in edit.asked.items()
            for line in lines
            if line in self.asked[path]
        }
        leads = {place: link for place, link in self.links.asked.items() if place in stayed}
        return replace(self.links, asked=leads)


def with_line(edit: Edit, importer: str, local: str, package: str, range: str) -> Edit:
    """``edit``, and after it ``graft add`` in an importer; ``text`` is that command alone."""
    specifier = range if package == local else f"npm:{package}@{range}"
    before = [line for line in edit.asked[importer] if line.local == local]
    kind, optional = (before[0].kind, before[0].optional) if before else (Kind.PROD, False)
    line = Requirement(local=local, specifier=specifier, kind=kind, optional=optional)
    others = [each for each in edit.asked[importer] if each.local != local]
    there = "" if importer == ROOT else f" -C {importer}"
    return replace(
        edit,
        text=f"graft{there} add {local}@{specifier}",
        asked={**edit.asked, importer: (*others, line)},
    )


def with_override(edit: Edit, below: str, local: str, text: str) -> Edit:
    """``edit``, and after it an override for what asks for ``local`` below a package; ``text`` is
    the line that is new."""
    had = edit.data.get("overrides", {})
    inner = had.get(below, {})
    inner = {".": inner} if isinstance(inner, str) else inner
    line = json.dumps({below: {local: text}}, ensure_ascii=False)
    return replace(
        edit,
        text=f'add to package.json: "overrides": {line}',
        data={**edit.data, "overrides": {**had, below: {**inner, local: text}}},
    )
