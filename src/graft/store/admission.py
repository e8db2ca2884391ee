"""How an archive comes into the store: only as what it was said to be, and whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.files import remove_tree, temporary_sibling, write_atomic
from graft.model.integrity import Integrity, parse_integrity
from graft.model.manifest import Manifest
from graft.store.archive_names import ArchiveRefused
from graft.store.objects import (
    MANIFEST_VERSION,
    StoredObject,
    has_inventory,
    holds_just,
    object_folder,
    object_record,
)
from graft.store.paths import Store
from graft.store.trash import publish


def required_integrity(manifest: Manifest) -> Integrity:
    """The integrity that a package must have. Raises ``integrity-missing``."""
    try:
        return parse_integrity(manifest.integrity)
    except ValueError:
        raise GraftError(
            "integrity-missing",
            f"nothing says what the archive of {manifest.id} must contain",
            where=manifest.id,
            why=["the registry gives neither an integrity nor a shasum for it"],
            fix="use a version that was published with an integrity",
        ) from None


def weak_integrity_note(manifests: Iterable[Manifest]) -> list[Diagnostic]:
    weak = sorted(m.id for m in manifests if "sha1-" in m.integrity and required_integrity(m).weak)
    if not weak:
        return []
    return [
        Diagnostic(
            code="weak-integrity",
            message=f"verified by sha1 alone, as they were published: {', '.join(weak)}",
        )
    ]


def admit(
    store: Store, data: bytes, integrity: Integrity, *, subject: str, bare: bool = False
) -> StoredObject:
    """Check an archive's bytes against ``integrity`` and store its files.

    ``subject`` is the package with its version, for diagnostics; ``bare`` says that it may lack a
    package.json. Raises ``integrity-mismatch`` or
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
    final = os.path.join(store.objects, integrity.file_name)
    staged = temporary_sibling(final)
    try:
        from graft.store.unpack import unpack  # most installs admit nothing

        package, files = unpack(data, staged, subject=subject, bare=bare)
        folder = object_folder(store, integrity, package)
        # Another process, or an earlier life of this one, may have been here first and not have
        # written its manifest yet.
        stored = StoredObject(package=package, folder=folder, files=files)
        publish(
            store,
            staged,
            final,
            lambda: has_inventory(store, integrity, stored) and holds_just(folder, files),
        )
        write_atomic(object_record(store, integrity), object_text(stored, integrity))
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
    return stored


def object_text(stored: StoredObject, integrity: Integrity) -> bytes:
    """The manifest of an object, which ``find_object`` reads."""
    said = {
        "manifest": MANIFEST_VERSION,
        "package": stored.package,
        "integrity": str(integrity),
        "files": stored.files,
    }
    return json.dumps(said, separators=(",", ":")).encode()


def _same_kind(data: bytes, integrity: Integrity) -> Integrity:
    return Integrity(integrity.algorithm, hashlib.new(integrity.algorithm, data).digest())
