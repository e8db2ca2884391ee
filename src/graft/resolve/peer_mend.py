"""The edit that mends a peer conflict: thought of here, and tried before it is proposed.

Whatever could help is resolved for real, with all else as it is. What is proposed mends the
conflict and brings no other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.link.importers import ROOT
from graft.lockfile.peers import peer_faults, satisfies
from graft.model.graph import Graph
from graft.model.links import Links
from graft.model.manifest import Manifest
from graft.model.origins import is_from_registry
from graft.model.requirement import Kind, Requirement
from graft.project.overrides import Rules
from graft.resolve.conflicts import Conflict
from graft.resolve.locked import Locked
from graft.resolve.nested import resolve
from graft.sources.elsewhere import Elsewhere
from graft.sources.packument import Packument
from graft.sources.registry import RegistrySource
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_prerelease, parse_version

Asked = Mapping[str, Sequence[Requirement]]


class Edit(Record):
    """``text`` is a command, or a line for package.json. With it, importers ask for ``asked``,
    ``data`` is the root's package.json, and packages in ``free`` may get other versions."""

    text: str
    asked: Asked
    data: Mapping[str, Any]
    free: frozenset[str] = frozenset()


class Mender:
    """``data`` is the root's package.json, and ``rules_of`` reads such a document's rules."""

    def __init__(
        self,
        graph: Graph,
        asked: Asked,
        data: Mapping[str, Any],
        rules_of: Callable[[Mapping[str, Any]], Rules],
        links: Links,
        source: RegistrySource,
        elsewhere: Callable[[], Elsewhere],
        tag: str,
    ) -> None:
        self._graph = graph
        self._asked = asked
        self._data = data
        self._rules_of = rules_of
        self._links = links
        self._source = source
        self._elsewhere = elsewhere
        self._tag = tag
        self._rules = rules_of(data)
        self._wrong = self._faults(graph, self._rules)

    def fix(self, conflict: Conflict) -> str:
        """The first edit that mends it; empty if none of those that are tried does."""
        asker = self._manifest(conflict.asker)
        edits = (
            self._newer_asker,
            self._other_provider,
            self._newer_top,
            self._provided_by_project,
            self._other_range,
            self._optional,
        )
        for propose in edits:
            try:
                for edit in propose(conflict, asker):
                    if self._mends(edit, (asker.name, conflict.requirement.local)):
                        return edit.text
            except GraftError:
                continue  # what cannot be looked up, or resolved, is not proposed
        return ""

    def _mends(self, edit: Edit, what: tuple[str, str]) -> bool:
        rules = self._rules_of(edit.data)
        resolved = resolve(
            edit.asked,
            source=self._source,
            elsewhere=self._elsewhere,
            locked=Locked(
                self._graph, lambda name: name not in edit.free, gaps_count=rules is self._rules
            ),
            rules=rules,
            links=self._links,
            tag=self._tag,
            adds_peers=not self._graph.legacy_peers,
        )
        left = self._faults(resolved.graph, rules)
        return what not in left and left <= self._wrong

    def _faults(self, graph: Graph, rules: Rules) -> set[tuple[str, str]]:
        """By the names of who asks and of what is asked for."""
        return {
            (graph.nodes[fault.node].manifest.name, fault.requirement.local)
            for fault in peer_faults(graph, rules.overrides, self._links)
        }

    # What could help, the best first

    def _newer_asker(self, conflict: Conflict, asker: Manifest) -> Iterator[Edit]:
        """The newest version of who asks that is content with what there is."""
        for version in self._versions(asker):
            candidate = self._of(asker).manifest(version)
            is_newer = parse_version(version).key > parse_version(asker.version).key
            if self._is_content(candidate, conflict, silent=is_newer):
                yield from self._moves(conflict.path, asker, version)
                return

    def _other_provider(self, conflict: Conflict, _: Manifest) -> Iterator[Edit]:
        """The newest version of what the project provides with which all who get it are content."""
        if len(conflict.provider) != 1:
            return
        provided = self._manifest(conflict.provided)
        texts = {
            self._rules.overrides.apply(requirement) or "*"
            for node in self._graph.nodes.values()
            for requirement in node.manifest.requirements
            if requirement.kind is Kind.PEER
            and requirement.local == conflict.requirement.local
            and node.edges.get(requirement.local) == conflict.provided
        }
        for version in self._versions(provided):
            candidate = replace(provided, version=version)
            if all(satisfies(candidate, conflict.requirement.local, text) for text in texts):
                yield from self._moves((conflict.path[0], conflict.provided), provided, version)
                return

    def _newer_top(self, conflict: Conflict, _: Manifest) -> Iterator[Edit]:
        """The newest version of the dependency of the project's below which the trouble lies."""
        if len(conflict.path) > 2:
            top = self._manifest(conflict.path[1])
            for version in self._versions(top)[:1]:
                yield from self._moves(conflict.path[:2], top, version, below=conflict.path[2:])

    def _provided_by_project(self, conflict: Conflict, _: Manifest) -> Iterator[Edit]:
        """A peer that nobody provides, where none is added."""
        wanted = parse_specifier(conflict.requirement.local, conflict.range)
        if conflict.provided or wanted.range is None or not self._graph.legacy_peers:
            return
        packument = self._source.packument(wanted.package)
        for key, version in packument.newest_first(prereleases=wanted.range.has_prereleases):
            if wanted.range.admits(key) and not packument.is_deprecated(version):
                yield self._asks_for(
                    conflict.path[0], conflict.requirement.local, wanted.package, version
                )
                return

    def _other_range(self, conflict: Conflict, asker: Manifest) -> Iterator[Edit]:
        """Another range in place of the one that is asked for."""
        local = conflict.requirement.local
        if not conflict.provided:
            latest = self._source.packument(parse_specifier(local, "*").package).tags.get("latest")
            text = f"^{latest}" if latest else ""
        elif conflict.provider == (ROOT,):
            text = f"${local}"
        else:
            text = f"^{self._manifest(conflict.provided).version}"
        if not text:
            return
        had = self._data.get("overrides", {})
        inner = had.get(asker.name, {})
        inner = {".": inner} if isinstance(inner, str) else inner
        overrides = {**had, asker.name: {**inner, local: text}}
        line = json.dumps({asker.name: {local: text}}, ensure_ascii=False)
        yield Edit(
            text=f'add to package.json: "overrides": {line}',
            asked=self._asked,
            data={**self._data, "overrides": overrides},
        )

    def _optional(self, conflict: Conflict, asker: Manifest) -> Iterator[Edit]:
        """What no registry has may stay missing if the project says so."""
        if conflict.provided:
            return
        added = {"peerDependenciesMeta": {conflict.requirement.local: {"optional": True}}}
        had = self._data.get("packageExtensions", {})
        if asker.name not in had:
            yield Edit(
                text=f'add to package.json: "packageExtensions": {json.dumps({asker.name: added})}',
                asked=self._asked,
                data={**self._data, "packageExtensions": {**had, asker.name: added}},
                free=frozenset({asker.name}),
            )

    # Their parts

    def _manifest(self, id: str) -> Manifest:
        return self._graph.nodes[id].manifest

    def _of(self, manifest: Manifest) -> Packument:
        return self._source.packument(manifest.name)

    def _versions(self, manifest: Manifest) -> list[str]:
        """Those that could take its place, newest first. None of what is from no registry."""
        if not is_from_registry(manifest.origin):
            return []
        packument = self._of(manifest)
        found = packument.newest_first(prereleases=is_prerelease(manifest.version))
        return [
            version
            for _, version in found
            if version != manifest.version and not packument.is_deprecated(version)
        ]

    def _is_content(self, candidate: Manifest, conflict: Conflict, *, silent: bool) -> bool:
        """``silent`` is the answer for one that does not ask for the peer: a newer version needs
        it no more, an older one may have forgotten to say so."""
        local = conflict.requirement.local
        requirement = next((r for r in candidate.requirements if r.local == local), None)
        if requirement is None or requirement.kind is not Kind.PEER:
            return silent
        text = self._rules.overrides.apply(requirement)
        if text is None:
            return True
        if conflict.provided:
            return satisfies(self._manifest(conflict.provided), local, text)
        wanted = parse_specifier(local, text)
        if requirement.optional or wanted.range is None:
            return requirement.optional
        versions = self._source.packument(wanted.package).newest_first(prereleases=True)
        return any(wanted.range.admits(key) for key, _ in versions)

    def _moves(
        self, path: Sequence[str], package: Manifest, version: str, *, below: Sequence[str] = ()
    ) -> Iterator[Edit]:
        """Edits that bring ``version`` to the end of ``path``: an update where ranges allow it,
        else another line of the importer's own."""
        free = frozenset({package.name, *(self._manifest(id).name for id in below)})
        texts = [
            self._rules.overrides.apply(requirement) or ""
            for node in self._graph.nodes.values()
            for requirement in node.manifest.requirements
            if node.edges.get(requirement.local) == path[-1] and requirement.kind is not Kind.PEER
        ]
        own = [
            (importer.path, requirement)
            for importer in self._graph.importers.values()
            for requirement in importer.requirements
            if importer.edges.get(requirement.local) == path[-1]
        ]
        texts += [requirement.specifier for _, requirement in own]
        if all(_admits(package.name, text, version) for text in texts):
            yield Edit(
                text=f"graft update {' '.join(sorted(free))}",
                asked=self._asked,
                data=self._data,
                free=free,
            )
        for importer, requirement in own:
            if importer == path[0]:
                edit = self._asks_for(importer, requirement.local, package.name, version)
                yield replace(edit, free=free)

    def _asks_for(self, importer: str, local: str, package: str, version: str) -> Edit:
        specifier = f"^{version}" if package == local else f"npm:{package}@^{version}"
        before = [r for r in self._asked[importer] if r.local == local]
        kind, optional = (before[0].kind, before[0].optional) if before else (Kind.PROD, False)
        line = Requirement(local=local, specifier=specifier, kind=kind, optional=optional)
        others = [r for r in self._asked[importer] if r.local != local]
        there = "" if importer == ROOT else f" -C {importer}"
        return Edit(
            text=f"graft{there} add {local}@{specifier}",
            asked={**self._asked, importer: (*others, line)},
            data=self._data,
        )


def _admits(package: str, text: str, version: str) -> bool:
    wanted = parse_specifier(package, text)
    return wanted.range is not None and wanted.range.contains(parse_version(version))
