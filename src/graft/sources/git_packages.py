"""Packages from git repositories: a commit's files, packed as npm would publish them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from threading import BoundedSemaphore, Thread

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.http import Request, Response, Transfer
from graft.base.pool import Outcome
from graft.git.mirror import Mirror, mirror_lock, url_digest
from graft.git.program import GitProgram
from graft.git.tree import is_plain
from graft.model.manifest import Manifest
from graft.model.origins import GitOrigin, parse_git_origin, shown_origin
from graft.sources.archive_manifest import ArchivePackage, read_archive_package
from graft.sources.package_tree import pack_tree
from graft.versions.git_hosts import by_address
from graft.versions.source_text import GitSource, git_origin

# Of what the cache holds: a mirror a repository, which may be deleted at any time.
MIRRORS = "git"
_PREPARING = ("prepare", "prepack", "prepublish", "preprepare", "postprepare")

# Repositories at once: git waits for the network, and does so beside any number of processors.
_AT_ONCE = 16


class GitPackages:
    """Each is made once a run. ``notes`` grows with what there is to say of them, by origin."""

    def __init__(self, environ: Mapping[str, str], cache_root: str, *, offline: bool) -> None:
        self.notes: dict[str, Diagnostic] = {}
        self._git = GitProgram(environ)
        self._cache_root = cache_root
        self._offline = offline
        self._transports: dict[str, dict[str, None]] = {}
        self._under_way: dict[GitSource | str, _Job] = {}
        self._turns = BoundedSemaphore(_AT_ONCE)
        self._packages: dict[str, ArchivePackage] = {}
        self._packed: dict[str, bytes] = {}

    def learn(self, source: GitSource) -> None:
        """Keep how a repository may be reached, by its address as somebody wrote it."""
        self._transports.setdefault(source.url, {}).update(dict.fromkeys(source.transports))

    def prefetch(self, source: GitSource, *, local: str) -> None:
        """Start on it in a thread of its own: git spends its time waiting for the network."""
        if source not in self._under_way:
            self.learn(source)
            self._under_way[source] = _Job(self._turns, partial(self.make, source, local))

    def package(self, source: GitSource, *, local: str) -> ArchivePackage:
        """Raises ``git-missing``, ``git-unreachable``, ``git-ref-missing``, ``offline-missing``,
        ``source-invalid`` and ``archive-refused``."""
        self.prefetch(source, local=local)
        return self._under_way[source].result()

    def begin(self, manifest: Manifest) -> None:
        """Start on what ``archive`` gives, beside others of which the commit is known."""
        origin = manifest.origin
        if origin not in self._packages and origin not in self._under_way:
            self._under_way[origin] = _Job(self._turns, partial(self._of_origin, manifest))

    def archive(self, manifest: Manifest) -> Transfer:
        origin = manifest.origin
        transfer = Transfer(Request(url=origin, subject=manifest.id))
        try:
            if origin not in self._packages:
                self.begin(manifest)
                self._under_way.pop(origin).result()
            package = self._packages.pop(origin)
        except GraftError as error:
            transfer.finish(error)
        else:
            transfer.finish(Response(status=200, url=origin, body=package.body, lines=[]))
        return transfer

    def packed(self, place: GitOrigin, subject: str) -> bytes:
        """The files of a commit as an archive, be there a package.json or not."""
        origin = str(place)
        if origin not in self._packed:
            with self._mirror(place.url) as mirror:
                mirror.fetch(place.commit)
                tree = mirror.tree(place.commit, place.path)
                where = shown_origin(origin)
                self._packed[origin] = pack_tree(tree, subject=subject, where=where, bare=True)
        return self._packed[origin]

    def make(self, source: GitSource, local: str) -> ArchivePackage:
        with self._mirror(source.url) as mirror:
            commit = mirror.resolve(source)
            return self._made(mirror, git_origin(source, commit), local)

    def check_out(self, manifest: Manifest, folder: str) -> str:
        """Put all files of the commit into an empty folder, to be worked on; where the package is
        in it. Raises as ``package`` does."""
        place = parse_git_origin(manifest.origin)
        with self._mirror(place.url) as mirror:
            mirror.fetch(place.commit)
            tree = mirror.tree(place.commit, "")
            for path, executable, data in tree.files(filter(is_plain, tree.paths)):
                target = os.path.join(folder, path)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(target, "xb") as file:
                    file.write(data)
                    os.fchmod(file.fileno(), 0o755 if executable else 0o644)
        return os.path.join(folder, place.path) if place.path else folder

    def _of_origin(self, manifest: Manifest) -> ArchivePackage:
        place = parse_git_origin(manifest.origin)
        with self._mirror(place.url) as mirror:
            mirror.fetch(place.commit)
            return self._made(mirror, manifest.origin, manifest.name)

    def _made(self, mirror: Mirror, origin: str, local: str) -> ArchivePackage:
        place = parse_git_origin(origin)
        tree = mirror.tree(place.commit, place.path)
        body = pack_tree(tree, subject=local or place.url, where=shown_origin(origin))
        package = read_archive_package(body, origin=origin, local=local)
        scripts = package.document.get("scripts")
        named = [name for name in _PREPARING if isinstance(scripts, dict) and name in scripts]
        if named:
            self.notes[origin] = _not_prepared(package.manifest, named)
        self._packages[origin] = package
        return package

    def _mirror(self, url: str) -> Mirror:
        ways = dict(self._transports.get(url, {}))
        ways[url] = None
        host, _, path = url.partition("://")[2].partition("/")
        hosted = by_address(host, path)
        if hosted:
            ways[hosted.ssh] = None
        folder = os.path.join(self._cache_root, MIRRORS, url_digest(url))
        return Mirror(self._git, folder, url, list(ways), offline=self._offline)


def is_mirror(name: str) -> bool:
    """Whether an entry of that folder is one, and not the lock of one, which stays when it goes."""
    return not name.endswith(mirror_lock(""))


class _Job(Thread):
    def __init__(self, turns: BoundedSemaphore, call: Callable[[], ArchivePackage]) -> None:
        # Nobody waits for git when the command has failed for another reason.
        super().__init__(daemon=True)
        self._turns = turns
        self._call = call
        self._outcome: Outcome[ArchivePackage] | None = None
        self.start()

    def run(self) -> None:
        with self._turns:
            self._outcome = Outcome(self._call)

    def result(self) -> ArchivePackage:
        self.join()
        assert self._outcome is not None
        return self._outcome.get()


def _not_prepared(manifest: Manifest, scripts: list[str]) -> Diagnostic:
    return Diagnostic(
        code="git-not-prepared",
        message=f"{manifest.name}@{manifest.version} was installed as it is committed: "
        f"its script '{scripts[0]}' did not run",
        where=shown_origin(manifest.origin),
        fix=f"look at it and approve it: 'graft approve-builds {manifest.name}'; "
        "or depend on a version from a registry",
    )
