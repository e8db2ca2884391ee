"""The edit that mends a peer conflict: thought of here, and tried before it is proposed.

Whatever could help is resolved for real, with all else as it is. What is proposed mends the
conflict and brings no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.link.importers import ROOT
from graft.lockfile.peers import peer_faults, satisfies
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.origins import is_from_registry
from graft.model.requirement import Kind
from graft.project.overrides import Rules
from graft.resolve.conflicts import Conflict
from graft.resolve.trials import Edit, Trials, with_line, with_override
from graft.sources.packument import Packument
from graft.versions.specifier import parse_specifier
from graft.versions.version import is_prerelease, parse_version


class Mender:
    def __init__(self, trials: Trials) -> None:
        self._trials = trials
        self._graph = trials.graph
        self._source = trials.source
        self._rules = trials.rules
        self._none = trials.unchanged
        self._wrong = self._faults(self._graph, self._rules)

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
        graph, rules = self._trials.resolved(edit)
        left = self._faults(graph, rules)
        return what not in left and left <= self._wrong

    def _faults(self, graph: Graph, rules: Rules) -> set[tuple[str, str]]:
        """By the names of who asks and of what is asked for."""
        return {
            (graph.nodes[fault.node].manifest.name, fault.requirement.local)
            for fault in peer_faults(graph, rules.overrides, self._trials.links)
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
                local = conflict.requirement.local
                yield with_line(self._none, conflict.path[0], local, wanted.package, f"^{version}")
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
        yield with_override(self._none, asker.name, local, text)

    def _optional(self, conflict: Conflict, asker: Manifest) -> Iterator[Edit]:
        """What no registry has may stay missing if the project says so."""
        if conflict.provided:
            return
        added = {"peerDependenciesMeta": {conflict.requirement.local: {"optional": True}}}
        had = self._none.data.get("packageExtensions", {})
        if asker.name not in had:
            yield replace(
                self._none,
                text=f'add to package.json: "packageExtensions": {json.dumps({asker.name: added})}',
                data={**self._none.data, "packageExtensions": {**had, asker.name: added}},
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
            yield replace(self._none, text=f"graft update {' '.join(sorted(free))}", free=free)
        for importer, requirement in own:
            if importer == path[0]:
                freed = replace(self._none, free=free)
                yield with_line(freed, importer, requirement.local, package.name, f"^{version}")


def _admits(package: str, text: str, version: str) -> bool:
    wanted = parse_specifier(package, text)
    return wanted.range is not None and wanted.range.contains(parse_version(version))
