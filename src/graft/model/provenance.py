"""What a lock says of a package that came from another workspace."""

from __future__ import annotations

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# How it came: as a link into the parent, as files that are the project's own and may be written,
# these sharing blocks with the parent's, as bytes for the project's store, or not at all, as that
# had them.
LINK, COPY, REFLINK, BYTES, STORE = "link", "copy", "reflink", "bytes", "store"
MODES = (LINK, COPY, REFLINK, BYTES, STORE)
OWN_MODES = (COPY, REFLINK)
# What was the same: all that lies below it as well, just the package, or no more than its name.
CLOSURE, PACKAGE, NAME = "closure", "package", "name"
# What was looked at: the parent's lock alone, what is there with its sizes, or every byte.
LOCK, SHAPE, CONTENT = "lock", "shape", "content"
LEVELS = (LOCK, SHAPE, CONTENT)


class Provenance(Record):
    """``path`` is the absolute path of the workspace that it was taken from, and ``chain`` those
    that this one had it from, the nearest first. ``observed`` is what a ``trusted`` package calls
    itself, whatever the lock asks for. What is ``unsaid`` no lock says: it comes from another
    checkout of the same repository, which nobody named. ``because`` is why bytes were taken where a
    link was to be had."""

    path: str
    mode: str
    matched: str
    level: str
    trusted: bool = False
    chain: tuple[str, ...] = ()
    observed: str = ""
    because: str = ""
    unsaid: bool = False


def provenance_json(said: Provenance) -> dict[str, Any]:
    """As it stands in a lock's line."""
    every = {
        "path": said.path,
        "mode": said.mode,
        "matched": said.matched,
        "level": said.level,
        "trusted": said.trusted,
        "chain": list(said.chain),
        "observed": said.observed,
        "because": said.because,
    }
    return {key: value for key, value in every.items() if value}


def read_provenance(said: Mapping[str, Any]) -> Provenance:
    """Raises ValueError, KeyError or TypeError for what ``provenance_json`` did not write."""
    chain = said.get("chain", [])
    texts = [said["path"], said["mode"], said["matched"], said["level"]]
    texts += [said.get(key, "") for key in ("observed", "because")]
    if not isinstance(chain, list) or not all(isinstance(t, str) for t in (*texts, *chain)):
        raise TypeError("where a package came from is not said in texts")
    if not all(path.startswith("/") and path.isprintable() for path in (said["path"], *chain)):
        raise ValueError("a package came from what is no path")
    if said["mode"] not in MODES or said["level"] not in LEVELS:
        raise ValueError("how a package came is not known")
    return Provenance(
        path=said["path"],
        mode=said["mode"],
        matched=said["matched"],
        level=said["level"],
        trusted=said.get("trusted", False) is True,
        chain=tuple(chain),
        observed=said.get("observed", ""),
        because=said.get("because", ""),
    )
