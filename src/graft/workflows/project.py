"""One command at work in one project: what it was asked, where it works, what it may change."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from graft.base.files import read_file
from graft.base.machine import workers
from graft.base.progress import Progress
from graft.base.records import Record
from graft.link.commit import recover
from graft.link.importers import ROOT
from graft.lockfile.format import LOCK_NAME, read_lock
from graft.model.graph import Graph
from graft.model.links import NO_LINKS, Links
from graft.model.origins import GIT, is_from_registry
from graft.project.defaults import home_folder
from graft.project.settings import Settings
from graft.store.hold import hold_project
from graft.store.paths import Store, open_store

if TYPE_CHECKING:
    from graft.base.http import Transfer
    from graft.base.http_client import HttpClient
    from graft.base.pool import Pool
    from graft.model.graph import IndexPin
    from graft.model.manifest import Manifest
    from graft.project.checkout import Checkout
    from graft.project.graft_toml import GraftToml
    from graft.project.indices_settings import Indices
    from graft.project.namespaces import Namespaces
    from graft.resolve.flat.index_packages import IndexPackages
    from graft.sources.archives import Archives
    from graft.sources.elsewhere import Elsewhere
    from graft.sources.packument_cache import PackumentCache
    from graft.sources.registry import Mode, RegistrySource
    from graft.sources.resolutions import Resolution
    from graft.workflows.donations import Donations
    from graft.workflows.index_packages import ProjectIndices

Fresh = frozenset[str] | Literal["all"]


class Context(Record):
    """``folder`` is the absolute path of the project's root, and ``importer`` the path from there
    to the folder that the command is about. ``command`` is what others who wait for it are told,
    such as ``graft add``. ``is_plain`` says that neither flags nor settings have
    a say in what is linked; ``settings_digest`` is then the digest of those that have one in what
    is resolved, where it is known. ``within`` is for a project that is somebody
    else's: the folder that what it names on this machine has to be in. ``began`` is when the
    command did, in nanoseconds since the epoch."""

    folder: str
    settings: Settings
    progress: Progress
    command: str = "graft"
    importer: str = ROOT
    is_plain: bool = False
    settings_digest: str = ""
    within: str = ""
    began: int = 0

    @property
    def lock_path(self) -> str:
        return os.path.join(self.folder, LOCK_NAME)

    def lock_bytes(self) -> bytes | None:
        return read_file(self.lock_path)

    def graph(self, links: Links = NO_LINKS) -> Graph | None:
        """What the project's lock says, or None where it has none. ``links`` says what it does not:
        what the project's own folders are."""
        data = self.lock_bytes()
        if data is None:
            return None
        return links.complete(read_lock(data, where=self.lock_path))

    def checkout(self, edited: Mapping[str, bytes] | None = None) -> Checkout:
        """All that the project asks for; ``edited`` as ``read_checkout`` has it."""
        from graft.project.checkout import read_checkout

        return read_checkout(self.folder, self.declared, edited)

    def namespaces(self) -> Namespaces:
        """Those that are declared for the project as it is."""
        from graft.project.manifests import Manifests

        return Manifests(self.folder, self.declared, {}).namespaces

    def declared(self, toml: GraftToml | None) -> Namespaces:
        """The namespaces that are, where the project's ``graft.toml`` is this one."""
        from graft.workflows.namespaces import declared_by

        return declared_by(toml, self.settings)


class Asking:
    """A command that may ask registries: the network is there when asked for.

    ``fresh`` may be changed until the source is first used. ``graph`` is what is about to be
    fetched, where that is known: it says how what comes from no registry was asked for.
    """

    def __init__(self, context: Context, fresh: Fresh) -> None:
        self.context = context
        self.fresh = fresh
        self.graph: Graph | None = None

    # What follows is imported on use: most installs find everything in lock and store, and loading
    # an HTTP client would be most of their cost.

    @cached_property
    def client(self) -> HttpClient:
        from graft.base.http_client import HttpClient

        return HttpClient(self.context.settings.http)

    @cached_property
    def source(self) -> RegistrySource:
        from graft.sources.registry import RegistrySource

        return RegistrySource(
            self.client,
            self.context.settings.registries,
            self._cache,
            mode=self._mode,
            clock=time.time,
            fresh=self.fresh,
        )

    def whole_packument(self, name: str) -> bytes:
        """All that the registry says of a package, as JSON; see sources/whole.py."""
        from graft.sources.whole import whole_packument

        return whole_packument(
            name,
            client=self.client,
            registries=self.context.settings.registries,
            cache=self._cache,
            mode=self._mode,
            clock=time.time,
        )

    @cached_property
    def _cache(self) -> PackumentCache:
        from graft.sources.packument_cache import PackumentCache

        return PackumentCache(self.context.settings.cache_root)

    @property
    def _mode(self) -> Mode:
        from graft.sources.registry import Mode

        settings = self.context.settings
        mode = Mode.PREFER_OFFLINE if settings.prefer_offline else Mode.ONLINE
        return Mode.OFFLINE if settings.offline else mode

    def flush(self) -> None:
        """Write what registries said to the cache. Not while packuments are still awaited."""
        if "source" in self.__dict__:
            self.source.flush()

    def close(self) -> None:
        self.flush()
        if "client" in self.__dict__:
            self.client.close()


class Work(Asking):
    """A command at work in a project: locks are held. ``changed`` is set once what is linked has
    changed. ``donations`` are what other workspaces may give, and ``holds`` what is let go of in
    the end."""

    def __init__(self, context: Context, store: Store, fresh: Fresh) -> None:
        super().__init__(context, fresh)
        self.store = store
        self.changed = False
        self.pins: Mapping[str, IndexPin] = {}
        self.donations: Donations | None = None
        self.holds = ExitStack()

    @cached_property
    def archives(self) -> Archives:
        from graft.sources.archives import Archives

        places = self.client, self.pool, self.context.progress
        return Archives(self.store, self.download, *places, begin=self.begin_download)

    @cached_property
    def elsewhere(self) -> Elsewhere:
        from graft.sources.elsewhere import Elsewhere

        settings = self.context.settings
        return Elsewhere(
            lambda: self.client,
            settings.registries,
            root=self.context.folder,
            home=home_folder(),
            environ=os.environ,
            cache_root=settings.cache_root,
            offline=settings.offline,
            within=self.context.within,
            read_index=self._read_index,
        )

    @cached_property
    def indices(self) -> ProjectIndices:
        from graft.workflows.index_packages import ProjectIndices

        def packed(manifest: Manifest) -> str:
            return self.elsewhere.of_indices.packed(manifest)

        return ProjectIndices(self.context, self.declared_indices, self.store, packed)

    @cached_property
    def declared_indices(self) -> Indices:
        from graft.project.graft_toml import read_graft_toml
        from graft.workflows.namespaces import indices_of

        return indices_of(read_graft_toml(self.context.folder), self.context.settings)

    def index_packages(
        self, previous: Graph | None, update: Collection[str] | None
    ) -> IndexPackages | None:
        """As ``ProjectIndices.packages``; None where no index is declared, as mostly: then what
        reads them is not even loaded."""
        if not self.declared_indices.sources:
            return None
        return self.indices.packages(previous, update)

    def _read_index(self, namespace: str, path: str) -> bytes:
        return self.indices.read(self.pins, namespace, path)

    @property
    def asked_elsewhere(self) -> bool:
        """Whether this command has looked at anything that comes from no registry."""
        return "elsewhere" in self.__dict__

    def begin_download(self, manifest: Manifest) -> None:
        """Before ``download``, for what that waits for."""
        if manifest.origin.startswith(GIT):
            self._learn_ways()
            self.elsewhere.begin(manifest)

    def download(self, manifest: Manifest) -> Transfer:
        """Start to get an archive, wherever its package comes from."""
        if is_from_registry(manifest.origin):
            return self.source.archive(manifest)
        self._learn_ways()
        return self.elsewhere.archive(manifest)

    def check_out(self, manifest: Manifest, folder: str) -> str:
        """All files of a git package's commit in ``folder``; where in it the package is."""
        self._learn_ways()
        return self.elsewhere.check_out(manifest, folder)

    def _learn_ways(self) -> None:
        if self.graph is not None:
            graph, self.graph = self.graph, None
            self.pins = graph.indices
            self.elsewhere.learn(graph)

    @cached_property
    def pool(self) -> Pool:
        from graft.base.pool import Pool

        return Pool(workers())

    def fetches(self, manifest: Manifest) -> bool:
        """Whether this command has fetched the package's archive, or is about to."""
        return "archives" in self.__dict__ and self.archives.knows(manifest)

    def finish(self) -> None:
        """Wait for the archives that are needed, and for what the pool has been given to do."""
        if "archives" in self.__dict__:
            self.archives.finish()
        while self.pool.pending:
            self.pool.settle(wait=True)

    def recall(self, manifest: bytes) -> Resolution | None:
        """What resolving ``manifest`` without a lock would give, if that is known and still so."""
        settings = self.context.settings_digest
        if self.fresh or not settings:
            return None
        from graft.sources.resolutions import read_resolution, resolution_inputs

        inputs = resolution_inputs(settings, manifest)
        return read_resolution(self.context.settings.cache_root, inputs, time.time())

    def remember(self, manifest: bytes, resolution: Resolution) -> None:
        """Keep what was resolved without a lock, for ``recall``."""
        settings = self.context.settings_digest
        if settings and "source" in self.__dict__:
            from graft.sources.resolutions import resolution_inputs

            self.source.remember(resolution_inputs(settings, manifest), resolution)

    def advance(self) -> None:
        """Let what is under way on the network come along: called between two pieces of work, so
        that neither waits for the other."""
        if "client" in self.__dict__:
            self.client.pump()

    def forget_packuments(self) -> None:
        """Once all is resolved; what is to be cached of them is kept until ``flush``."""
        if "source" in self.__dict__:
            self.source.forget()

    def close(self) -> None:
        if "pool" in self.__dict__:
            self.pool.close()
        self.holds.close()
        super().close()


@contextmanager
def asking(context: Context, *, fresh: Fresh = frozenset()) -> Iterator[Asking]:
    """For commands that look and change nothing: they hold no lock and need no store."""
    asks = Asking(context, fresh)
    try:
        yield asks
    finally:
        asks.close()


@contextmanager
def at_work(context: Context, *, fresh: Fresh = frozenset()) -> Iterator[Work]:
    """Hold the project for this command, and the store against collection; heal the project first.

    A second command in the same project waits, and says for whom. ``fresh`` names packages that
    the registry is asked about again even if it was just now; ``all`` is all of them.
    """
    settings, folder = context.settings, context.folder
    store = open_store(settings.store_root, state=settings.state_root, frozen=settings.frozen_store)
    with hold_project(store, folder, context.command, context.progress.say):
        if recover(folder, store.project_journals(folder)):
            context.progress.say("finished a change that had been interrupted")
        work = Work(context, store, fresh)
        try:
            yield work
        finally:
            work.close()
    if work.changed:
        from graft.workflows.auto_collect import collect_in_background

        collect_in_background(settings, store)
