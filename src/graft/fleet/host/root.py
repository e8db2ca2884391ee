"""Where a host keeps what it has of package sets.

``sets/<set>/`` holds ``trees/<hash>/``, the link ``current`` to one of them, files in ``leases/``
that running scripts hold, ``runs/`` for their scratch folders, and ``host.json``. ``blobs/`` holds
archives on their way, and those that are kept for other hosts. ``home/`` is the home of the store,
unless ``GRAFT_HOME`` names another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, write_atomic
from graft.base.records import Record
from graft.fleet.records import is_set_name
from graft.fleet.release import is_release_hash
from graft.model.integrity import Integrity

PART = ".part"


class HostNote(Record):
    """What the host last learned and did of one set, for those who ask without a network:
    ``desired`` is what the server wants, ``hash`` what ``current`` led to afterwards. Of the last
    full look at every byte, ``verified_at`` is the time."""

    desired: str = ""
    epoch: int = 0
    hash: str = ""
    status: str = ""
    error: str = ""
    at: int = 0
    verified_at: int = 0


class HostRoot(Record, kw_only=False):
    """``path`` is absolute."""

    path: str

    def set(self, name: str) -> SetRoot:
        """Raises ``fleet-invalid`` for what is no name of a set."""
        if not is_set_name(name):
            raise GraftError(
                "fleet-invalid",
                f"'{name}' is no name of a package set",
                fix="use small letters, digits, '.', '_' and '-'",
            )
        return SetRoot(os.path.join(self.path, "sets", name), name)

    def sets(self) -> list[str]:
        """The names of all sets that there is anything of."""
        try:
            names = os.listdir(os.path.join(self.path, "sets"))
        except FileNotFoundError:
            return []
        return sorted(filter(is_set_name, names))

    @property
    def home(self) -> str:
        return os.path.join(self.path, "home")

    @property
    def blobs(self) -> str:
        return os.path.join(self.path, "blobs")

    def archive(self, integrity: Integrity) -> str:
        """A whole archive that is kept for others."""
        return os.path.join(self.blobs, integrity.file_name)

    def part(self, integrity: Integrity) -> str:
        """What has come of one so far; locked by whoever brings it."""
        return os.path.join(self.blobs, f"{integrity.file_name}{PART}")


class SetRoot(Record, kw_only=False):
    """One package set on this host."""

    path: str
    name: str

    @property
    def trees(self) -> str:
        return os.path.join(self.path, "trees")

    def tree(self, hash: str) -> str:
        if not is_release_hash(hash):
            raise GraftError("fleet-invalid", f"'{hash[:80]}' is no hash of a release")
        return os.path.join(self.trees, hash)

    @property
    def current(self) -> str:
        return os.path.join(self.path, "current")

    @property
    def runs(self) -> str:
        return os.path.join(self.path, "runs")

    @property
    def leases(self) -> str:
        return os.path.join(self.path, "leases")

    @property
    def mutex(self) -> str:
        """Held by the one who changes anything here."""
        return os.path.join(self.path, "lock")

    @property
    def note(self) -> str:
        return os.path.join(self.path, "host.json")

    def make(self) -> None:
        for folder in (self.trees, self.leases):
            os.makedirs(folder, exist_ok=True)

    def hashes(self) -> Iterator[str]:
        """The trees that are there, whole or not."""
        try:
            names = os.listdir(self.trees)
        except FileNotFoundError:
            return
        yield from sorted(filter(is_release_hash, names))


def read_note(at: SetRoot) -> HostNote:
    """An empty one where there is none, or it makes no sense: it only ever hurries or informs."""
    try:
        said = json.loads(read_file(at.note) or b"{}")
        note = HostNote(**{key: said[key] for key in _TYPES if key in said})
    except (ValueError, TypeError):
        return HostNote()
    sound = all(type(getattr(note, key)) is kind for key, kind in _TYPES.items())
    sound = sound and (not note.desired or is_release_hash(note.desired))
    return note if sound else HostNote()


def write_note(at: SetRoot, note: HostNote) -> None:
    said = {"set": at.name} | {key: getattr(note, key) for key in _TYPES}
    write_atomic(at.note, json.dumps(said, indent=1).encode() + b"\n")


def default_root(environ: Mapping[str, str], home: str) -> str:
    """``$GRAFT_FLEET_ROOT``, else in the user's data folder."""
    data = environ.get("XDG_DATA_HOME", "").strip() or os.path.join(home, ".local", "share")
    said = environ.get("GRAFT_FLEET_ROOT", "").strip()
    return os.path.abspath(said) if said else os.path.join(data, "graft-fleet")


_TYPES = {
    **dict.fromkeys(("desired", "hash", "status", "error"), str),
    **dict.fromkeys(("epoch", "at", "verified_at"), int),
}
