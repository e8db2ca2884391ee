"""``pnpm-lock.yaml``.

The id of a package in its peer context has been written in three ways: ``/a/1.0.0_b@2.0.0`` in
formats 5.x, ``/a@1.0.0(b@2.0.0)`` in 6.x and ``a@1.0.0(b@2.0.0)`` since 9. An edge holds what comes
behind the name, or the whole id for an alias. Since 9, ``packages`` tells what was published, and
``snapshots`` the edges of each context.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from graft.lockfile.foreign.faults import unknown_format
from graft.lockfile.foreign.fields import entry, table, text, texts
from graft.lockfile.foreign.lock import Edge, ForeignLock, package, source_kind
from graft.lockfile.foreign.pins import Pin, pin, pins_of
from graft.lockfile.foreign.places import between
from graft.lockfile.foreign.yaml_text import documents
from graft.model.names import split_spec

_SECTIONS = ("devDependencies", "dependencies", "optionalDependencies")


def read(data: bytes, where: str) -> ForeignLock:
    """Raises ``import-unreadable``, ``import-version``, and ValueError for a field that makes no
    sense."""
    # Newer ones begin with a document about pnpm itself.
    document = documents(data, where)[-1]
    version = text(document, "lockfileVersion")
    if version.partition(".")[0] not in ("5", "6", "7", "9"):
        fix = "write it again with a newer pnpm: pnpm install --lockfile-only"
        raise unknown_format(where, version or "none", "5 to 9 of pnpm's", fix)
    ids = _Ids(slashes=version.startswith("5"))
    published = table(document, "packages")
    contexts = table(document, "snapshots") or published
    left_out: dict[str, str] = {}
    pinned: dict[str, Pin | None] = {}
    facts: dict[str, _Facts] = {}
    for id, own in contexts.items():
        said = _Facts(id, published.get(ids.without_peers(id), own), ids)
        if said.kind:
            left_out[id] = said.kind
            pinned[id] = said.pin
        else:
            facts[id] = said
    every = {id: _edges(contexts[id], ids, contexts) for id in contexts}
    owners = between({id: every[id] for id in facts}, facts)
    members = table(document, "importers") or {".": document}
    importers = {path: _edges(said, ids, contexts) for path, said in members.items()}
    return ForeignLock(
        format=f"pnpm lockfile {version}",
        importers=between(importers, facts),
        packages={
            id: package(said.name, said.version, said.integrity, owners[id])
            for id, said in facts.items()
        },
        left_out=left_out,
        pins=pins_of((*importers.values(), *every.values()), pinned),
    )


class _Facts:
    """What was published under an id. ``kind`` is empty for a package of a registry."""

    def __init__(self, id: str, said: Any, ids: _Ids) -> None:
        self.name, self.version = ids.split(id)
        resolution = table(entry(said, id), "resolution")
        self.kind = text(resolution, "type") or source_kind(self.version)
        self.integrity = text(resolution, "integrity")
        self.pin = pin(id, _resolved(resolution), self.integrity) if self.kind else None


def _resolved(resolution: dict[str, Any]) -> str:
    if text(resolution, "type") != "git":
        return text(resolution, "tarball")
    repository, path = text(resolution, "repo"), text(resolution, "path")
    if repository.startswith(("https:", "http:", "ssh:")):
        repository = f"git+{repository}"
    return f"{repository}#{text(resolution, 'commit')}" + (f"&path:{path}" if path else "")


class _Ids:
    """``slashes``: format 5, with a slash before the version and an underscore behind it."""

    def __init__(self, *, slashes: bool) -> None:
        self._slashes = slashes

    def without_peers(self, id: str) -> str:
        return id if self._slashes else id.partition("(")[0]

    def split(self, id: str) -> tuple[str, str]:
        """Name and version; the version is a URL where the package is from elsewhere."""
        if self._slashes:
            # In front of the first slash is the host of a registry that is not the default one.
            path = id.partition("/")[2]
            scope, name = path.partition("/")[::2] if path.startswith("@") else ("", path)
            name, _, version = name.partition("/")
            return f"{scope}/{name}" if scope else name, version.partition("_")[0]
        return split_spec(self.without_peers(id).removeprefix("/"))

    def of(self, local: str, version: str, there: Container[str]) -> str:
        """The id that an edge means, or empty for what has no entry (a link)."""
        mark = "/" if self._slashes else "@"
        tries = (f"{local}{mark}{version}", f"/{local}{mark}{version}", version)
        return next((id for id in tries if id in there), "")


def _edges(said: Any, ids: _Ids, there: Container[str]) -> dict[str, Edge]:
    owner = entry(said, "an entry")
    specifiers = texts(owner, "specifiers")
    found = {}
    for section in _SECTIONS:
        for local, got in table(owner, section).items():
            inline = got if isinstance(got, dict) else {"version": got}
            specifier = text(inline, "specifier") or specifiers.get(local, "")
            target = ids.of(local, text(inline, "version"), there)
            if target:
                found[local] = Edge(target, specifier, section == "optionalDependencies")
    return found
