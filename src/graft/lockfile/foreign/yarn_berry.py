"""``yarn.lock`` of yarn 2 and newer, which is YAML. An entry's key lists the requirements that it
answers, each with the protocol, as in ``a@npm:^1.0.0, a@npm:^1.1.0``; ``resolution`` says what they
got. The project and the members of its workspace are entries as well.

Its checksums are those of yarn's own archives: nothing else can be compared with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graft.lockfile.foreign.faults import unknown_format
from graft.lockfile.foreign.fields import entry, table, text, texts
from graft.lockfile.foreign.lock import Edge, ForeignLock, package, source_kind
from graft.lockfile.foreign.patterns import Patterns
from graft.lockfile.foreign.pins import pin
from graft.lockfile.foreign.places import between
from graft.lockfile.foreign.yaml_text import documents
from graft.model.names import split_spec

METADATA = "__metadata"


def read(data: bytes, where: str) -> ForeignLock:
    """Raises ``import-unreadable``, ``import-version``, and ValueError for a field that makes no
    sense."""
    (document, *_) = documents(data, where)
    version = text(table(document, METADATA), "version")
    if not version.isdecimal() or not 4 <= int(version) <= 10:
        raise unknown_format(where, version or "none", "4 to 10 of yarn's", "update graft")
    entries = {keys: entry(said, keys) for keys, said in document.items() if keys != METADATA}
    lookup = Patterns({_plain(key): id for id in entries for key in id.split(", ")})
    got = {id: split_spec(text(said, "resolution")) for id, said in entries.items()}
    kinds = {id: _kind(resolution) for id, (_, resolution) in got.items()}
    kept = {id for id, kind in kinds.items() if not kind}
    owners = between({id: lookup.edges(_asked(said)) for id, said in entries.items()}, kept)
    pinned = {id: pin(id, got[id][1]) for id, kind in kinds.items() if kind}
    return ForeignLock(
        format=f"yarn berry lockfile {version}",
        importers=_importers(got, owners),
        packages={id: package(got[id][0], _version(got[id][1]), "", owners[id]) for id in kept},
        # Members are links, and yarn patches some packages by itself: nobody asked for either.
        left_out={
            id: kind
            for id, kind in kinds.items()
            if kind and kind != "workspace" and "builtin<" not in id
        },
        pins={
            split_spec(_plain(key)): known
            for id, known in pinned.items()
            if known is not None
            for key in id.split(", ")
        },
    )


def _importers(
    got: dict[str, tuple[str, str]], owners: dict[str, dict[str, Edge]]
) -> dict[str, dict[str, Edge]]:
    mark = "workspace:"
    return {
        resolution.removeprefix(mark): owners[id]
        for id, (_, resolution) in got.items()
        if resolution.startswith(mark)
    }


def _kind(resolution: str) -> str:
    if resolution.startswith(("npm:", "patch:")):
        return resolution.partition(":")[0].removeprefix("npm")
    return source_kind(resolution)


def _version(resolution: str) -> str:
    """``npm:1.0.0``, with the archive's address behind it where that is not the usual one."""
    return resolution.removeprefix("npm:").partition("::")[0]


def _asked(said: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    meta = table(said, "dependenciesMeta")
    for local, specifier in texts(said, "dependencies").items():
        optional = text(entry(meta.get(local, {}), local), "optional") == "true"
        yield local, split_spec(_plain(f"{local}@{specifier}"))[1], optional


def _plain(pattern: str) -> str:
    """Without the protocol that older yarns leave out: ``a@npm:^1`` -> ``a@^1``. An alias, as in
    ``a@npm:b@^1``, keeps it."""
    local, specifier = split_spec(pattern)
    bare = specifier.removeprefix("npm:")
    return pattern if "@" in bare[1:] else f"{local}@{bare}"
