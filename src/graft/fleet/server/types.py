"""What editors ask for: the declarations of a package, as the current release has it.

An answer may be kept for ever only once it is that of the release: while it is not there, and for a
release that is not current any more, nothing may be kept of what is said.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from graft.base.diagnostics import GraftError
from graft.fleet.declarations import Files, closure, is_of_use, package_of
from graft.fleet.server.answers import TypeFile, Types
from graft.fleet.server.auth import Reads
from graft.fleet.server.names import Hash, SetName, checked_hash, checked_package
from graft.fleet.server.refusals import RefusedError
from graft.fleet.server.releases import FOR_EVER, need_release
from graft.fleet.server.services import Served, Services
from graft.fleet.state.blob_index import find
from graft.fleet.state.releases import state
from graft.fleet.state.storage import read_storage
from graft.link.importers import ROOT
from graft.lockfile.format import read_lock
from graft.model.graph import Graph
from graft.model.integrity import parse_integrity
from graft.store.archive import read_archive
from graft.store.archive_names import ArchiveRefused

router = APIRouter(prefix="/v1/sets/{set}/types", tags=["packages"])


@router.get("/{hash}/{specifier:path}")
def types(
    served: Served, _: Reads, set: SetName, hash: Hash, specifier: str, response: Response
) -> Types:
    checked_hash(hash)
    checked_package(package_of(specifier))
    with served.database.reading() as t:
        current = state(t, set).hash
    if not current:
        raise _not_ready(f"nothing is published of the package set '{set}' yet")
    if hash != current:
        raise RefusedError(
            409,
            "fleet-not-found",
            "that release is not the current one",
            where=set,
            fix="ask for the state again",
        )
    graph = read_lock(need_release(served, set, hash).release.lock, where=f"the release {hash}")
    found = closure(specifier, lambda name: _files(served, graph, name))
    response.headers["Cache-Control"] = FOR_EVER
    return Types(
        specifier=specifier,
        files=[TypeFile(path=path, content=content) for path, content in found.files],
        has_own_types=found.has_own_types,
        has_at_types=found.has_at_types,
        not_found=found.not_found,
        truncated=found.truncated,
    )


def _files(served: Services, graph: Graph, name: str) -> Files | None:
    """Of what can be imported, and of declarations that anything in the release brought along."""
    id = graph.importers[ROOT].edges.get(name, "")
    if not id and name.startswith("@types/"):
        id = next((id for id, node in graph.nodes.items() if node.manifest.name == name), "")
    if not id:
        return None
    integrity = parse_integrity(graph.nodes[id].manifest.integrity)
    with served.database.reading() as t:
        indexed = find(t, [str(integrity)]).get(str(integrity))
        active = read_storage(t).active
    if indexed is None:
        raise _not_ready(f"the archive of {name} is not there yet")
    data = served.archives.get(
        integrity,
        lambda: served.stores.read(integrity, active=active, indexed=indexed.store).data,
    )
    try:
        return {file.path: bytes(file.data) for file in read_archive(data) if is_of_use(file.path)}
    except ArchiveRefused as refused:
        raise GraftError("archive-refused", f"the archive of {name}: {refused}") from None


def _not_ready(message: str) -> GraftError:
    return GraftError("fleet-not-ready", message, fix="ask again in a moment")
