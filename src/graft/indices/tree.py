"""An index as a folder: the descriptor of a package, without reading those of others.

A descriptor lies where its package's name says, or, in old formats, at one of two such places; what
it declares decides. Only where nothing lies there are all others looked at, once, and for a
snapshot, which never changes, what came of that is remembered.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cached_property

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, write_atomic
from graft.indices.descriptor import Descriptor
from graft.indices.info import IndexInfo, read_info
from graft.indices.paths import INFO, PACKAGES, descriptor_path, is_sound_path, lua_paths
from graft.indices.reading import (
    LUA,
    MAX_BYTES,
    TOML,
    Parsed,
    invalid,
    quick_identity,
    read_descriptor,
)


class IndexTree:
    """``root`` is the index's folder and ``where`` what messages call it. ``namespace`` is the one
    that the project binds to it, ``parsed`` keeps what was made of files. ``snapshot`` is a file to
    remember in what a search came to; without it the folder may change at any time."""

    def __init__(
        self,
        root: str,
        *,
        where: str = "",
        namespace: str = "",
        parsed: Parsed | None = None,
        snapshot: str = "",
    ) -> None:
        self.opened = 0
        self._root = root
        self._where = where or root
        self._bound = namespace
        self._parsed = parsed or Parsed()
        self._snapshot = snapshot
        self._found: dict[str, Descriptor | None] = {}

    @cached_property
    def info(self) -> IndexInfo:
        """Raises ``index-invalid`` and ``index-too-new``."""
        return read_info(self._read(INFO), self._shown(INFO))

    def find(self, name: str) -> Descriptor | None:
        """What there is of the package with this canonical name, which is sound; None if there is
        nothing. Raises ``index-invalid`` and ``index-too-new``."""
        if name not in self._found:
            self._found[name] = self._looked_up(name)
        return self._found[name]

    def names(self) -> list[str]:
        """Of all packages, sorted, as their files seem to declare them."""
        return sorted(self._paths)

    def file_at(self, path: str) -> str:
        """The file of this machine that a path within the index means, like the url of an archive
        in it. Raises ``index-invalid`` for one that leads out."""
        if not is_sound_path(path) or not self._is_inside(path):
            raise invalid(f"'{path}' leads out of the index", self._where)
        return os.path.join(self._root, path)

    def path_of(self, descriptor: Descriptor) -> str:
        """Its file, by the path within the index."""
        return os.path.relpath(descriptor.where, self._where).replace(os.sep, "/")

    def _looked_up(self, name: str) -> Descriptor | None:
        _ = self.info  # of an index that is too new, nobody knows what it lacks
        hits = [
            found
            for path in lua_paths(name)
            if (found := self._descriptor(path)) and found.identity == name
        ]
        own = self._descriptor(descriptor_path(name))
        if own is not None and own.identity != name:
            raise invalid(f"it declares {own.identity}, and lies where {name} belongs", own.where)
        hits = [own, *hits] if own is not None else hits
        if not hits:
            hits = [
                found
                for path in self._paths.get(name, ())
                if (found := self._descriptor(path, is_there=True)) and found.identity == name
            ]
        if len(hits) > 1:
            also = ", ".join(hit.where for hit in hits[1:])
            raise invalid(f"'{name}' is declared by {also} as well", hits[0].where)
        return hits[0] if hits else None

    @cached_property
    def _real_root(self) -> str:
        return os.path.realpath(self._root)

    @property
    def _namespace(self) -> str:
        served = self.info.namespaces
        return served[0] if len(served) == 1 else self._bound

    def _descriptor(self, path: str, *, is_there: bool = False) -> Descriptor | None:
        data = self._read(path)
        if data is None:
            if is_there:
                raise invalid("it is not there any more", self._shown(path))
            return None
        return read_descriptor(
            data, self._shown(path), namespace=self._namespace, parsed=self._parsed
        )

    @cached_property
    def _paths(self) -> Mapping[str, list[str]]:
        """Canonical name -> the files that seem to declare it."""
        known = self._remembered()
        if known is None:
            known = {}
            for path in self._files(PACKAGES):
                name = self._declared(path)
                if name:
                    known.setdefault(name, []).append(path)
            self._remember(known)
        return known

    def _declared(self, path: str) -> str:
        """The name that a file seems to declare; empty for one that nobody can use."""
        try:
            name = quick_identity(self._read(path) or b"", path, namespace=self._namespace)
            found = None if name else self._descriptor(path)
        except GraftError:
            return ""
        return found.identity if found else name

    def _files(self, folder: str) -> Iterator[str]:
        """Links are left out: what they lead to is no part of the index."""
        try:
            with os.scandir(os.path.join(self._root, folder)) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self._files(path)
            elif entry.name.endswith((TOML, LUA)) and entry.is_file(follow_symlinks=False):
                yield path

    def _read(self, path: str) -> bytes | None:
        full = os.path.join(self._root, path)
        try:
            size = os.lstat(full).st_size
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not self._is_inside(path):
            raise invalid(
                "it is a link or lies behind one, and an index has none", self._shown(path)
            )
        if size > MAX_BYTES:
            message = f"it has {size:,} bytes, and up to {MAX_BYTES:,} are read"
            raise invalid(message, self._shown(path))
        self.opened += 1
        return read_file(full)

    def _is_inside(self, path: str) -> bool:
        real = os.path.join(self._real_root, path)
        return os.path.realpath(real) == real

    def _shown(self, path: str) -> str:
        return os.path.join(self._where, path)

    def _remembered(self) -> dict[str, list[str]] | None:
        try:
            data = read_file(self._snapshot) if self._snapshot else None
            return dict(json.loads(data)) if data else None
        except (OSError, ValueError):
            return None

    def _remember(self, known: Mapping[str, list[str]]) -> None:
        if self._snapshot:
            try:
                os.makedirs(os.path.dirname(self._snapshot), exist_ok=True)
                write_atomic(self._snapshot, json.dumps(known).encode())
            except OSError:
                pass
