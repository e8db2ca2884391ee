"""Objects: what an archive held, stored once per integrity, read-only.

An object is complete when its manifest, ``<object>.json``, exists. The manifest is published after
the folder, so a crash at any instant leaves nothing that reads as complete.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graft.base.diagnostics import GraftError
from graft.base.faults import point
from graft.base.files import (
    read_file,
    remove_file,
    remove_tree,
    temporary_sibling,
    write_atomic,
    write_file,
)
from graft.model.integrity import Integrity
from graft.store.archive import ArchiveFile, ArchiveRefused, read_archive, shown
from graft.store.paths import Store
from graft.store.trash import discard, publish

_MANIFEST_VERSION = 1

# Nothing may be added to an object or a slot once it is there, by a generator or by hand.
FOLDER_MODE = 0o555


@dataclass(frozen=True, slots=True)
class ObjectFile:
    """``path`` is relative and ``/``-separated; ``digest`` is the sha256 of the bytes, in hex."""

    path: str
    executable: bool
    size: int
    digest: str

    @property
    def mode(self) -> int:
        """The mode on disk. The package's own modes are 0755 and 0644; nothing in a store has
        write bits."""
        return 0o555 if self.executable else 0o444


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A complete object: its folder and its files, sorted by path."""

    folder: str
    files: tuple[ObjectFile, ...]


def find_object(store: Store, integrity: Integrity) -> StoredObject | None:
    """The object if it is complete; an unreadable manifest counts as absent and is made again."""
    folder = os.path.join(store.objects, integrity.file_name)
    data = read_file(f"{folder}.json")
    if data is None:
        return None
    try:
        said = json.loads(data)
        files = tuple(ObjectFile(*entry) for entry in said["files"])
    except (ValueError, KeyError, TypeError):
        return None
    if said.get("manifest") != _MANIFEST_VERSION or not os.path.isdir(folder):
        return None
    return StoredObject(folder, files)


def has_object(store: Store, integrity: Integrity) -> bool:
    return os.path.exists(os.path.join(store.objects, f"{integrity.file_name}.json"))


def discard_object(store: Store, integrity: Integrity) -> None:
    """Remove an object; its manifest first, so that it is never complete without its files."""
    folder = os.path.join(store.objects, integrity.file_name)
    remove_file(f"{folder}.json")
    if os.path.isdir(folder):
        discard(store, folder)


def admit(store: Store, data: bytes, integrity: Integrity, *, subject: str) -> StoredObject:
    """Check an archive's bytes against ``integrity`` and store its files.

    ``subject`` is the package, for diagnostics. Raises ``integrity-mismatch`` or
    ``archive-refused``, and then leaves nothing behind.
    """
    if not integrity.matches(data):
        raise GraftError(
            "integrity-mismatch",
            f"the archive of {subject} is not the one that was asked for",
            where=subject,
            why=(f"expected {integrity}", f"received {_same_kind(data, integrity)}"),
            fix="if the registry really replaced it, take the new one with 'graft update'",
        )
    folder = os.path.join(store.objects, integrity.file_name)
    staged = temporary_sibling(folder)
    try:
        files = _write_files(staged, data, subject)
        manifest = {
            "manifest": _MANIFEST_VERSION,
            "integrity": str(integrity),
            "files": [[file.path, file.executable, file.size, file.digest] for file in files],
        }
        point("object-staged")
        # Another process, or an earlier life of this one, may have been here first and not have
        # written its manifest yet.
        publish(store, staged, folder, lambda: holds_just(folder, files))
        point("object-renamed")
        write_atomic(f"{folder}.json", json.dumps(manifest, separators=(",", ":")).encode())
        point("object-published")
    except ArchiveRefused as refused:
        raise GraftError(
            "archive-refused",
            f"the archive of {subject} is refused: {refused}",
            where=subject,
            fix="ask its publisher for a clean archive, or use another version",
        ) from None
    finally:
        if os.path.lexists(staged):
            remove_tree(staged)
    return StoredObject(folder, files)


def _write_files(folder: str, data: bytes, subject: str) -> tuple[ObjectFile, ...]:
    os.makedirs(folder)
    folders = {"": folder}
    written: dict[str, ObjectFile] = {}
    package_json: bytes | None = None
    for file in read_archive(data):
        make_folders(folder, file.path.rpartition("/")[0], folders)
        if file.path == "package.json":
            package_json = bytes(file.data)
        entry = _described(file)
        if written.setdefault(file.path, entry) is entry:
            write_file(os.path.join(folder, file.path), file.data, mode=entry.mode)
        elif written[file.path] != entry:
            raise ArchiveRefused(f"'{shown(file.path)}' is there twice, with different contents")
    if package_json is None:
        raise ArchiveRefused(f"it holds no package.json, so it is not {subject}")
    commands = _bin_targets(package_json)
    files = []
    for entry in written.values():
        if entry.path in commands and not entry.executable:
            # Many packages are published without the bit on what their own manifest calls a
            # command; npm sets it when it links, which a read-only store cannot.
            entry = ObjectFile(entry.path, True, entry.size, entry.digest)
            os.chmod(os.path.join(folder, entry.path), entry.mode)
        files.append(entry)
    for made in folders.values():
        os.chmod(made, FOLDER_MODE)
    return tuple(sorted(files, key=lambda file: file.path))


def make_folders(root: str, path: str, made: dict[str, str]) -> None:
    """Create ``root/path`` and what lies between, each once. ``made`` maps paths relative to
    ``root`` to folders, and starts with the root itself under the empty path."""
    if path in made:
        return
    make_folders(root, path.rpartition("/")[0], made)
    made[path] = f"{root}/{path}"
    os.mkdir(made[path])


def _described(file: ArchiveFile) -> ObjectFile:
    digest = hashlib.sha256(file.data).hexdigest()
    return ObjectFile(file.path, file.executable, len(file.data), digest)


def _bin_targets(package_json: bytes) -> frozenset[str]:
    try:
        said = json.loads(package_json.removeprefix(b"\xef\xbb\xbf"))
        bins = said.get("bin")
    except (ValueError, AttributeError, RecursionError):
        return frozenset()
    targets = bins.values() if isinstance(bins, dict) else [bins]
    return frozenset(os.path.normpath(path) for path in targets if isinstance(path, str) and path)


def holds_just(folder: str, files: Iterable[ObjectFile]) -> bool:
    """Every file is there with its bytes, and nothing else is; rehashes all of them."""
    return all(holds(os.path.join(folder, file.path), file) for file in files) and (
        set(entries(folder)) == {file.path for file in files}
    )


def holds(path: str, file: ObjectFile) -> bool:
    """``path`` is that file: its bytes, and whether it may be run."""
    try:
        with open(path, "rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            same = hashlib.file_digest(opened, "sha256").hexdigest() == file.digest
    except OSError:
        return False
    return same and stat.S_ISREG(mode) and bool(mode & stat.S_IXUSR) == file.executable


def entries(folder: str) -> Iterator[str]:
    """Everything below a folder that is not a folder itself, by relative path."""
    for place, folders, files in os.walk(folder):
        below = os.path.relpath(place, folder)
        for name in (*files, *(f for f in folders if os.path.islink(os.path.join(place, f)))):
            yield name if below == "." else f"{below}/{name}"


def _same_kind(data: bytes, integrity: Integrity) -> Integrity:
    return Integrity(integrity.algorithm, hashlib.new(integrity.algorithm, data).digest())
