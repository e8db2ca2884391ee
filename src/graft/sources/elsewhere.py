"""Packages that come from no registry: the one place that knows which module fetches which kind.

Modules are imported when the first package of their kind is asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.http import Transfer, without_user
from graft.base.http_client import HttpClient
from graft.base.records import replace
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.origins import FILE, GIT, INDEX, LINK, TARBALL, is_commit
from graft.project.registries import Registries
from graft.sources.local_files import LocalFiles
from graft.versions.source_text import ArchiveSource, GitSource, LocalSource, Source, parse_source
from graft.versions.specifier import parse_specifier

if TYPE_CHECKING:
    from graft.lockfile.foreign.pins import Pins
    from graft.sources.git_packages import GitPackages
    from graft.sources.index_archives import IndexArchives
    from graft.sources.remote_archives import RemoteArchives


class Elsewhere:
    """``root`` is the project's folder, ``home`` the user's. ``within`` is for a project that is
    somebody else's: the folder that whatever it names on this machine has to be in. ``read_index``
    gives a file of an index, by its namespace and path."""

    def __init__(
        self,
        client: Callable[[], HttpClient],
        registries: Registries,
        *,
        root: str,
        home: str,
        environ: Mapping[str, str],
        cache_root: str,
        offline: bool,
        within: str = "",
        read_index: Callable[[str, str], bytes],
    ) -> None:
        self.root = root
        self.files = LocalFiles(root, home, within)
        self._is_bounded = bool(within)
        self._pins: Pins = {}
        self._client = client
        self._registries = registries
        self._environ = environ
        self._cache_root = cache_root
        self._offline = offline
        self._read_index = read_index

    @property
    def notes(self) -> Mapping[str, Diagnostic]:
        """What there is to say of packages that were made in this run, by origin."""
        return self._git.notes if "_git" in self.__dict__ else {}

    def prefer(self, pins: Pins) -> None:
        """Take what another tool's lock pins, where a specifier leaves it open."""
        self._pins = pins

    def prefetch(self, text: str, base: str | None, *, local: str) -> None:
        """Start to get what a specifier asks for. Errors wait for ``manifest``."""
        try:
            source = self._pinned(text, local)
            if isinstance(source, ArchiveSource):
                self._remote.prefetch(source)
            elif isinstance(source, GitSource) and not (source.is_local and self._bars(base)):
                self._git.prefetch(source, local=local)
        except GraftError:
            return

    def manifest(self, text: str, base: str | None, *, local: str) -> Manifest:
        """What the specifier ``text`` gives today. ``base`` is the folder of who asks, relative to
        the root; None for who may name nothing of this machine.

        Raises ``bad-specifier``, ``source-unsupported``, ``source-missing``, ``source-invalid``,
        ``archive-refused``, and what the network gives reason to.
        """
        source = self._pinned(text, local)
        if isinstance(source, ArchiveSource):
            return self._remote.package(source, local=local).manifest
        if isinstance(source, LocalSource):
            if base is None:
                raise _out_of_reach(local, text)
            return self._of_files(source, base or ".", local)
        if source.is_local and self._bars(base):
            raise _out_of_reach(local, text)
        try:
            return self._git.package(source, local=local).manifest
        except GraftError as error:
            asked = parse_source(text)
            # A commit that another lock names may be gone; what is asked for may not.
            if error.diagnostic.code != "git-ref-missing" or source == asked:
                raise
            assert isinstance(asked, GitSource)
            return self._git.package(asked, local=local).manifest

    def begin(self, manifest: Manifest) -> None:
        """Start on what would hold up others: ``archive`` waits for git."""
        if manifest.origin.startswith(GIT) and not self._is_out_of_reach(manifest):
            self._git.begin(manifest)

    def archive(self, manifest: Manifest) -> Transfer:
        """Start to get an archive's bytes, for the store."""
        if manifest.origin.startswith(TARBALL):
            return self._remote.archive(manifest)
        if manifest.origin.startswith(FILE):
            return self.files.archive(manifest)
        if manifest.origin.startswith(INDEX):
            return self.of_indices.archive(manifest)
        if self._is_out_of_reach(manifest):
            raise _out_of_reach(manifest.name, manifest.origin)
        return self._git.archive(manifest)

    def check_out(self, manifest: Manifest, folder: str) -> str:
        """All files of a git package's commit in ``folder``; where in it the package is."""
        return self._git.check_out(manifest, folder)

    def learn(self, graph: Graph) -> None:
        """How repositories and archives may be reached: by addresses as somebody wrote them, which
        a lock's origins do not say."""
        for source in _written(graph):
            if isinstance(source, ArchiveSource):
                self._remote.learn(source)
            elif isinstance(source, GitSource):
                self._git.learn(source)

    @cached_property
    def of_indices(self) -> IndexArchives:
        from graft.sources.index_archives import IndexArchives

        return IndexArchives(lambda: self._remote, lambda: self._git, self._read_index)

    @cached_property
    def _remote(self) -> RemoteArchives:
        from graft.sources.remote_archives import RemoteArchives

        return RemoteArchives(self._client(), self._registries, offline=self._offline)

    @cached_property
    def _git(self) -> GitPackages:
        from graft.sources.git_packages import GitPackages

        return GitPackages(self._environ, self._cache_root, offline=self._offline)

    def _is_out_of_reach(self, manifest: Manifest) -> bool:
        return self._is_bounded and manifest.origin.startswith(f"{GIT}file:")

    def _bars(self, base: str | None) -> bool:
        """Whether who asks may name no repositories of this machine."""
        return base is None or self._is_bounded

    def _pinned(self, text: str, local: str) -> Source:
        """What a specifier asks for, with the commit or the bytes that another lock says."""
        source = parse_source(text)
        known = self._pins.get((local, text)) or self._pins.get((local, ""))
        if known is None:
            return source
        pinned = known.source
        if isinstance(source, ArchiveSource) and isinstance(pinned, ArchiveSource):
            if source.origin == pinned.origin and not source.integrity:
                return replace(source, integrity=pinned.integrity)
        elif isinstance(source, GitSource) and isinstance(pinned, GitSource):
            same = (source.url, source.path) == (pinned.url, pinned.path)
            if same and not is_commit(source.ref):
                return replace(source, ref=pinned.ref, range="")
        return source

    def _of_files(self, source: LocalSource, base: str, local: str) -> Manifest:
        origin = source.origin(base)
        if origin.startswith(LINK):
            raise _unsupported(local, source.path)
        return self.files.package(origin, local=local).manifest


def _written(graph: Graph) -> Iterator[Source]:
    asked = [r for importer in graph.importers.values() for r in importer.requirements]
    asked += [r for node in graph.nodes.values() for r in node.manifest.requirements]
    for local, text in (*((r.local, r.specifier) for r in asked), *graph.overrides.items()):
        if parse_specifier(local, text).foreign in ("git", "tarball"):
            with contextlib.suppress(GraftError):
                yield parse_source(text)


def _out_of_reach(local: str, text: str) -> GraftError:
    return GraftError(
        "source-unsupported",
        f"{local}: '{without_user(text)}' names a place on this machine, "
        "which only the project itself may",
        fix=f'replace what it asks for: "overrides": {{"{local}": "<version>"}}',
    )


def _unsupported(local: str, text: str) -> GraftError:
    return GraftError(
        "source-unsupported",
        f"{local}: '{text}' is a source that graft cannot install",
        fix="depend on a version from a registry",
    )
