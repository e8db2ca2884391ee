"""``[indices]``: which repositories or folders the packages of a namespace come from.

The project's ``graft.toml`` has the first word, then the user's configuration: whoever is nearest
says all of a namespace's index. In a workspace the root speaks for all members, as one lock pins
one index a namespace.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.model.graph import IndexPin
from graft.model.namespaces import DEFAULT
from graft.project.graft_toml import GraftToml, Wrong, line_of, refusal
from graft.project.manifests import INDICES
from graft.project.namespaces import Namespaces


class IndexSource(Record):
    """``namespace`` is the one that it was declared for. It has a ``url`` and a ``ref`` as
    ``IndexPin`` has them, or a ``folder`` with its absolute path, and the ``path`` that the project
    writes for that. ``where`` is the line that says so."""

    namespace: str
    where: str
    url: str = ""
    ref: str = ""
    path: str = ""
    folder: str = ""

    @property
    def place(self) -> str:
        return self.url or self.folder

    def pin(self, commit: str = "") -> IndexPin:
        return IndexPin(url=self.url, ref=self.ref, commit=commit, path=self.path)

    def is_asked_by(self, pin: IndexPin) -> bool:
        """Whether a lock's pin was made for what is asked now."""
        return self.pin(pin.commit) == pin


class Indices(Record):
    """``sources`` are by namespace, ``scopes`` the registries that ``.npmrc`` binds scopes to."""

    sources: Mapping[str, IndexSource] = {}
    scopes: Mapping[str, str] = {}

    @property
    def namespaces(self) -> Namespaces:
        return Namespaces(indices=self.sources.keys(), scopes=self.scopes.keys())

    def route(self, namespace: str) -> IndexSource | None:
        """The index that serves a namespace (empty: the default one); None if a registry does."""
        serving = self.namespaces.index_of(namespace) if namespace else DEFAULT
        return self.sources.get(serving)


def read_indices(toml: GraftToml | None, user_config: str, scopes: Mapping[str, str]) -> Indices:
    """``toml`` is the one of the project's root. Raises ``manifest-invalid``,
    ``settings-unreadable`` and ``index-conflict``."""
    sources = _users_sources(user_config)
    if toml is not None:
        wrong: list[Wrong] = []
        sources |= _sources(toml, wrong, is_projects=True)
        if wrong:
            raise refusal(toml, wrong)
    found = Indices(sources=sources, scopes=scopes)
    for scope in sorted(scopes):
        if source := found.route(scope):
            raise GraftError(
                "index-conflict",
                f"two places say where packages of the namespace '{scope}' come from",
                where=source.where,
                why=[
                    f"[indices] takes {source.namespace} from {source.place}",
                    f".npmrc takes it from a registry: @{scope}:registry={scopes[scope]}",
                ],
                fix="take one of the two lines out",
            )
    return found


def _users_sources(path: str) -> dict[str, IndexSource]:
    raw = read_file(path) or b""
    if INDICES.encode() not in raw:  # mostly; what reads TOML takes its time to load
        return {}
    from graft.project.user_config import parse_user_config, unreadable_config

    toml = GraftToml(path=path, raw=raw, data=parse_user_config(raw, path))
    wrong: list[Wrong] = []
    found = _sources(toml, wrong, is_projects=False)
    if wrong:
        raise unreadable_config(path, f"line {line_of(toml, wrong[0].keys)}: {wrong[0].message}")
    return found


def _sources(toml: GraftToml, wrong: list[Wrong], *, is_projects: bool) -> dict[str, IndexSource]:
    table = toml.data.get(INDICES, {})
    if not isinstance(table, dict):
        wrong.append(Wrong((INDICES,), "indices is not a table"))
        return {}
    from graft.project.index_entries import entries

    found: dict[str, IndexSource] = {}
    for keys, entry in entries(table, wrong):
        namespace = ".".join(keys)
        at = (INDICES, *keys)
        if namespace in found:
            wrong.append(Wrong(at, f"{namespace} is there twice"))
        path = entry.get("path", "")
        found[namespace] = IndexSource(
            namespace=namespace,
            where=f"{toml.path}:{line_of(toml, at)}",
            url=entry.get("url", ""),
            ref=entry.get("ref", ""),
            path=path if is_projects else "",
            folder=_folder(toml.path, path) if path else "",
        )
    return found


def _folder(file: str, path: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(file)), path))
