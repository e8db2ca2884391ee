"""What the shortest road has to know of a workspace: which files decide, and that no member came.

The lock names the members, one line each, so nothing has to be parsed; and whatever is read wrong
here, or has changed, makes for another digest, which no graph has.
"""

from __future__ import annotations

import os

from graft.base.files import read_file
from graft.link.importers import ROOT, modules_of
from graft.project.defaults import PNPM_SETTINGS
from graft.project.said import said_text
from graft.project.subfolders import subfolders_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from graft.store.graphs import GraphRecord

_MANIFEST = "package.json"
_FIRST = b'"importers": {\n'
_OPENS = b'": {'


def importers_in(lock: bytes) -> list[str]:
    """The paths of the importers that a lock names, as graft writes it; the root's is one."""
    found = []
    inside = False
    for line in lock.partition(_FIRST)[2].split(b"\n"):
        if line.startswith(b'"') and line.endswith(_OPENS):
            inside = True
            found.append(os.fsdecode(line[1 : -len(_OPENS)]))
        elif line[:1] == b"}":
            if not inside:
                break  # the end of all importers
            inside = False
    return found


def said_here(folder: str, manifest: bytes, importers: list[str]) -> bytes | None:
    """The text of all files that decide, where these are all; None if one is not there."""
    pnpm = read_file(os.path.join(folder, PNPM_SETTINGS)) or b""
    others = []
    for path in importers:
        if path != ROOT:
            raw = read_file(os.path.join(folder, path, _MANIFEST))
            if raw is None:
                return None
            others.append((path, raw))
    return said_text(manifest, pnpm, others)


def is_as_known(folder: str, record: GraphRecord, importers: list[str]) -> bool:
    """Whether there are just these members, nothing has been installed for any, and what was looked
    at to find them is the same."""
    known = {f"{path}/{_MANIFEST}" for path in importers}
    return (
        record.trees.keys() <= {*importers}
        and not any(os.path.lexists(modules_of(folder, path)) for path in importers)
        and not any(
            os.path.lexists(os.path.join(folder, path))
            for path in record.manifests
            if path not in known
        )
        and all(subfolders_digest(folder, path) == was for path, was in record.scanned.items())
    )
