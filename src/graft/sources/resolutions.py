"""Whole resolutions: while nothing has changed that an answer stands on, it is the same answer.

Without a lock, what is resolved is a function of the manifest, the settings, and the packuments
that were consulted. A record holds the lock that came of them, its notes, and how each of those
packuments looked in the cache. It counts while all of them are current, so that no registry would
be asked, and all look the same: a packument that was fetched again, confirmed or removed ends it.
It lies beside them, so whoever clears the cache clears both.

Imports next to nothing: reading a record is a fifth of the shortest road that begins with one.
"""

from __future__ import annotations

import hashlib
import os

from graft import __version__
from graft.base.diagnostics import Diagnostic
from graft.base.files import read_file, write_atomic
from graft.base.lines import read_lines, write_lines
from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graft.model.difference import Difference

# The folder of the cache that records lie in.
RESOLUTIONS = "resolutions"
# Another resolver is another format: what it would answer is not what was answered.
_FIRST_LINE = "graft-resolution 4"
_NOTE = ("code", "message", "where", "fix")
_LINE = ("name", "after", "local", "unanticipated")


class Resolution(Record):
    """``lock`` is the text of a lock, ``notes`` what was said of it. It adds ``added`` packages, of
    which ``direct`` are those that the project asks for itself."""

    lock: bytes
    added: int
    direct: tuple[Difference, ...]
    notes: tuple[Diagnostic, ...]


class Consulted(Record):
    """A packument that had a say: its file in the cache, relative to the cache's folder, and since
    and until when it is current, in seconds since the epoch."""

    path: str
    since: float
    until: float


def remembered(
    lock: bytes, changes: Sequence[Difference], notes: tuple[Diagnostic, ...]
) -> Resolution:
    """What to keep of a resolution that began with no lock: then all changes are additions."""
    direct = tuple(each for each in changes if each.direct)
    return Resolution(lock=lock, added=len(changes), direct=direct, notes=notes)


def resolution_inputs(settings: str, manifest: bytes) -> str:
    """One name, of 64 hex digits, for what decides an answer but for what registries say.
    ``settings`` is the digest of those, ``manifest`` the text of package.json."""
    return hashlib.sha256(f"{__version__} {settings} ".encode() + manifest).hexdigest()


def write_resolution(
    cache_root: str,
    inputs: str,
    resolution: Resolution,
    consulted: Sequence[Consulted],
    holds: Callable[[Consulted], bool],
) -> None:
    """Remember it under ``inputs``, 64 hex digits, if the cache ``holds`` all that was consulted
    and nothing newer. Like everything there, it is no error if it cannot be written."""
    try:
        pairs = [
            ("since", repr(max(each.since for each in consulted))),
            ("until", repr(min(each.until for each in consulted))),
            ("lock", hashlib.sha256(resolution.lock).hexdigest()),
            ("added", str(resolution.added)),
            ("direct", str(len(resolution.direct))),
            ("notes", str(len(resolution.notes))),
        ]
        for each in resolution.direct:
            mark = "yes" if each.unanticipated else ""
            pairs += zip(_LINE, (each.name, each.after, each.local, mark), strict=True)
        for note in resolution.notes:
            if note.why:
                return  # no note has reasons; one that had would be cut short
            pairs += [(key, getattr(note, key)) for key in _NOTE]
        for packument in consulted:
            pairs.append((_look(os.path.join(cache_root, packument.path)), packument.path))
        # After the look: what another process puts there from now on looks different.
        if not all(map(holds, consulted)):
            return
        data = write_lines(_FIRST_LINE, pairs) + b"\n" + resolution.lock
        folder = os.path.join(cache_root, RESOLUTIONS)
        os.makedirs(folder, exist_ok=True)
        write_atomic(os.path.join(folder, inputs), data)
    except (OSError, ValueError):
        return


def read_resolution(cache_root: str, inputs: str, now: float) -> Resolution | None:
    """What resolving would answer now; None if that is not sure. ``now`` is in seconds since the
    epoch."""
    return read_record(cache_root, os.path.join(cache_root, RESOLUTIONS, inputs), now)


def read_record(cache_root: str, path: str, now: float) -> Resolution | None:
    """As ``read_resolution``, of the record that lies at ``path``."""
    head, _, lock = (read_file(path) or b"").partition(b"\n\n")
    pairs = read_lines(head + b"\n", _FIRST_LINE)
    if not pairs:
        return None
    try:
        (_, since), (_, until), (_, digest), (_, added), (_, lines), (_, notes), *rest = pairs
        # A time in the future is a clock that was set back: ask again.
        if not float(since) <= now < float(until) or hashlib.sha256(lock).hexdigest() != digest:
            return None
        direct, rest = _take(rest, int(lines), len(_LINE))
        said, rest = _take(rest, int(notes), len(_NOTE))
        if any(_look(f"{cache_root}/{path}") != look for look, path in rest):
            return None
        return Resolution(
            lock=lock,
            added=int(added),
            direct=tuple(map(_added, direct)),
            notes=tuple(
                Diagnostic(code=code, message=message, where=where, fix=fix)
                for code, message, where, fix in said
            ),
        )
    except (OSError, ValueError):
        return None


def _added(entry: Sequence[str]) -> Difference:
    from graft.model.difference import ADDED, Difference

    name, after, local, mark = entry
    return Difference(
        change=ADDED, name=name, after=after, local=local, direct=True, unanticipated=bool(mark)
    )


def _take(
    pairs: list[tuple[str, str]], count: int, size: int
) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """The values of ``count`` entries of ``size`` lines each, and what follows them."""
    texts = [text for _, text in pairs[: count * size]]
    entries = [texts[at : at + size] for at in range(0, count * size, size)]
    return entries, pairs[count * size :]


def _look(path: str) -> str:
    """How a file looks: whatever is written to it, or put in its place, changes this."""
    seen = os.stat(path)
    return f"{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}:{seen.st_ctime_ns}"
