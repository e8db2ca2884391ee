"""Indices as they were at one commit, once a machine, for all projects.

In the store, ``indices/<digest of the address>/`` has a bare mirror of the repository and a folder
for each commit that somebody needed, read-only and published by one rename. A commit that is there
stays, whatever becomes of it in the repository, until a collection finds no lock that names it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, write_atomic
from graft.base.records import Record
from graft.git.mirror import Mirror, url_digest
from graft.git.program import GitProgram
from graft.indices.checkout import check_out, is_whole
from graft.model.graph import IndexPin
from graft.model.indices import REV, TAG, short, shown_ref
from graft.model.origins import is_commit
from graft.project.indices_settings import IndexSource
from graft.store.paths import Store
from graft.store.sharing import open_to_group

_MIRROR = "mirror"
_URL = "url"
_SEEN = "seen-"
_SHOWN = 10


class Seen(Record):
    """What a repository gave when it was last asked, ``time`` in seconds since the epoch; empty
    and None where it never was."""

    newest: str = ""
    time: int | None = None


class Snapshots:
    """Of one store, which the caller holds with others. ``offline`` asks no repository anything."""

    def __init__(self, store: Store, git: GitProgram, *, offline: bool) -> None:
        self._store = store
        self._git = git
        self._offline = offline
        self._whole: set[str] = set()

    def path(self, url: str, commit: str) -> str:
        """Where a commit lies, whether it does or not."""
        return os.path.join(self.home(url), commit)

    def has(self, url: str, commit: str) -> bool:
        """Whether that is so, with all of its files. Runs nothing."""
        path = self.path(url, commit)
        if path not in self._whole and is_whole(self.home(url), commit):
            self._whole.add(path)
        return path in self._whole

    def folder(self, namespace: str, pin: IndexPin) -> str:
        """A pinned commit as a folder. It is made of the mirror, and of the repository only if that
        lacks it.

        Raises ``index-commit-gone``, ``git-unreachable``, ``offline-missing``, ``store-lacks`` and
        what ``check_out`` raises.
        """
        if not self.has(pin.url, pin.commit):
            self._refuse_frozen(namespace, pin)
            with self.mirror(pin.url) as mirror:
                if not self.has(pin.url, pin.commit):  # somebody may have made it meanwhile
                    self._make(namespace, pin, mirror)
        return self.path(pin.url, pin.commit)

    def resolve(self, source: IndexSource) -> str:
        """The commit that a repository gives now for what the project asks of it. It is a folder
        already, or in the mirror, when this returns. Raises ``git-ref-missing``,
        ``git-unreachable`` and ``offline-missing``."""
        with self.mirror(source.url) as mirror:
            commit = newest(mirror, source, lambda commit: self.has(source.url, commit))
            if not self.has(source.url, commit):
                mirror.keep(commit)
            self.note(source, commit)
        return commit

    def note(self, source: IndexSource, commit: str) -> None:
        """Remember what a repository gave for what is asked of it, and that it was now."""
        write_atomic(self._note(source), f"{commit}\n".encode())

    def seen(self, source: IndexSource) -> Seen:
        """What was noted last."""
        path = self._note(source)
        commit = (read_file(path) or b"").decode(errors="replace").strip()
        if not is_commit(commit):
            return Seen()
        return Seen(newest=commit, time=int(os.stat(path).st_mtime))

    def mirror(self, url: str) -> Mirror:
        """To be entered; its folder is there."""
        folder = self.home(url)
        if not self._store.frozen:
            os.makedirs(folder, exist_ok=True)
            open_to_group(self._store.root, [self._store.indices, folder])
            if read_file(os.path.join(folder, _URL)) is None:
                write_atomic(os.path.join(folder, _URL), url.encode())
        place = os.path.join(folder, _MIRROR)
        return Mirror(self._git, place, url, [url], offline=self._offline)

    def _note(self, source: IndexSource) -> str:
        asked = hashlib.sha256(source.ref.encode()).hexdigest()[:16]
        return os.path.join(self.home(source.url), f"{_SEEN}{asked}")

    def has_mirror(self, url: str) -> bool:
        return os.path.isdir(os.path.join(self.home(url), _MIRROR))

    def home(self, url: str) -> str:
        """All that is kept of a repository."""
        return os.path.join(self._store.indices, url_digest(url))

    def _make(self, namespace: str, pin: IndexPin, mirror: Mirror) -> None:
        try:
            mirror.fetch(pin.commit)
        except GraftError as error:
            raise _lost(namespace, pin, error) from error
        mirror.keep(pin.commit)
        check_out(self._store, mirror, pin.commit, self.home(pin.url))

    def _refuse_frozen(self, namespace: str, pin: IndexPin) -> None:
        if self._store.frozen:
            raise GraftError(
                "store-lacks",
                f"the store has not the index of '{namespace}' that the lock names, and nothing "
                "can be added to it",
                where=self.path(pin.url, pin.commit),
                fix="run 'graft fetch' where the store may be written to",
            )


def kept_url(folder: str) -> str:
    """The address of the repository that a folder of the store's indices is about."""
    return (read_file(os.path.join(folder, _URL)) or b"").decode(errors="replace")


def parts_of(folder: str) -> dict[str, list[str]]:
    """What lies there of each commit, by that: its checkout, and what was made of it."""
    found: dict[str, list[str]] = {}
    for name in sorted(os.listdir(folder)):
        commit = name.partition(".")[0]
        if is_commit(commit):
            found.setdefault(commit, []).append(name)
    return found


def newest(
    mirror: Mirror, source: IndexSource, is_here: Callable[[str], bool] = lambda _: False
) -> str:
    """As ``Snapshots.resolve``, with the mirror at hand: the commit is there when this returns, if
    it is not one that ``is_here`` without it."""
    try:
        return _newest(mirror, source, is_here)
    except GraftError as error:
        raise _about(source, error) from error


def _newest(mirror: Mirror, source: IndexSource, is_here: Callable[[str], bool]) -> str:
    kind, _, value = source.ref.partition(" ")
    if kind == REV:
        full = value if len(value) in (40, 64) else mirror.named(value)
        if not full:
            raise _no_ref(source, f"no commit, or more than one, begins with {value}")
        return full if is_here(full) else mirror.fetch(full)
    refs = mirror.refs()
    name = f"refs/{'tags' if kind == TAG else 'heads'}/{value}" if kind else "HEAD"
    if name in refs:
        return refs[name] if is_here(refs[name]) else mirror.fetch(refs[name], name)
    above = name.rpartition("/")[0]
    there = sorted(ref.removeprefix(f"{above}/") for ref in refs if ref.startswith(f"{above}/"))
    if not kind:
        raise _no_ref(source, "it has no default branch" if refs else "it is empty")
    shown = f"its are {', '.join(there[:_SHOWN])}" if there else f"it has no {kind} at all"
    raise _no_ref(source, f"it has no {kind} {value}: {shown}")


def _no_ref(source: IndexSource, reason: str) -> GraftError:
    return GraftError(
        "git-ref-missing",
        reason,
        where=source.url,
        fix="name a rev, tag or branch that is there; no other is taken in its place",
    )


def _about(source: IndexSource, error: GraftError) -> GraftError:
    said = error.diagnostic
    return GraftError(
        said.code,
        f"the index of '{source.namespace}': {said.message}",
        where=said.where,
        why=[*said.why, f"{source.where} asks for it"],
        fix=said.fix,
    )


def _lost(namespace: str, pin: IndexPin, error: GraftError) -> GraftError:
    said = error.diagnostic
    pinned = f"the lock pins '{namespace}' to {pin.commit}"
    if said.code == "git-ref-missing":
        return GraftError(
            "index-commit-gone",
            f"the index of '{namespace}' has no commit {pin.commit} any more",
            where=pin.url,
            why=[pinned, "neither this machine nor the repository has it"],
            fix=f"run 'graft index update {namespace}' to pin what is there now, "
            "or fetch that commit from whoever has it",
        )
    asked = f" ({shown_ref(pin.ref)})" if pin.ref else ""
    return GraftError(
        said.code,
        f"the index of '{namespace}' is not here at {short(pin.commit)}, and {said.message}",
        where=said.where,
        why=[pinned + asked, *said.why],
        fix=said.fix,
    )
