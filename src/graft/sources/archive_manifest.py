"""The manifest of a package that no registry speaks for: what its archive says of it."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Collection
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.model.integrity import Integrity
from graft.model.manifest import Manifest
from graft.model.names import is_sound
from graft.model.origins import shown_origin
from graft.sources.version_document import VersionDocument, read_manifest
from graft.store.archive import read_archive
from graft.store.archive_names import ArchiveRefused
from graft.versions.version import parse_version

# npm's for a package that says none.
_NO_VERSION = "0.0.0"


class ArchivePackage(Record):
    """An archive's bytes, and what is in them. ``document`` is its package.json."""

    body: bytes
    manifest: Manifest
    document: dict[str, Any]


def read_archive_package(
    body: bytes, *, origin: str, local: str, integrity: Integrity | None = None
) -> ArchivePackage:
    """``local`` is what the package is called by who asks: its name if it says none itself.

    Raises ``archive-refused`` and ``source-invalid``.
    """
    subject = f"{local} ({shown_origin(origin)})" if local else shown_origin(origin)
    package_json: bytes | None = None
    files = set()
    try:
        for file in read_archive(body):
            files.add(file.path)
            if file.path == "package.json":
                package_json = bytes(file.data)
    except ArchiveRefused as refused:
        raise GraftError(
            "archive-refused",
            f"the archive of {subject} is refused: {refused}",
            where=shown_origin(origin),
            fix="ask its publisher for a clean archive, or use another version",
        ) from None
    document = read_document(package_json, subject=subject, where=shown_origin(origin))
    manifest = manifest_of(
        document,
        files,
        origin=origin,
        local=local,
        integrity=str(integrity or digest_of(body)),
    )
    return ArchivePackage(body=body, manifest=manifest, document=document)


def digest_of(body: bytes) -> Integrity:
    import hashlib

    return Integrity("sha512", hashlib.sha512(body).digest())


def read_document(package_json: bytes | None, *, subject: str, where: str) -> dict[str, Any]:
    if package_json is None:
        raise _invalid(subject, where, "it has no package.json")
    try:
        document = json.loads(package_json.removeprefix(b"\xef\xbb\xbf"))
        # What a lock could not hold: half of a character, written as its number.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _invalid(subject, where, f"its package.json cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise _invalid(subject, where, "its package.json is not an object")
    return document


def manifest_of(
    document: dict[str, Any],
    files: Collection[str],
    *,
    origin: str,
    local: str,
    integrity: str = "",
) -> Manifest:
    """What a registry would have made of package.json when it was published."""
    said = document.get("name")
    name = said if isinstance(said, str) and is_sound(said) else local
    where = shown_origin(origin)
    if not is_sound(name):
        raise _invalid(where, where, "its package.json gives no name")
    try:
        return read_manifest(
            _published(document, files),
            name=name,
            version=_version(document, name, where),
            registry=where,
            origin=origin,
            integrity=integrity,
        )
    except GraftError as error:
        if error.diagnostic.code != "registry-answer":
            raise
        raise _invalid(name, where, error.diagnostic.message) from None


def _published(document: dict[str, Any], files: Collection[str]) -> VersionDocument:
    field = document.get
    return VersionDocument(
        dependencies=field("dependencies"),
        optional_dependencies=field("optionalDependencies"),
        peer_dependencies=field("peerDependencies"),
        peer_dependencies_meta=field("peerDependenciesMeta"),
        bundle_dependencies=_bundled(document, files),
        bin=field("bin") or _bin_folder(document, files),
        os=field("os"),
        cpu=field("cpu"),
        libc=field("libc"),
        engines=field("engines"),
        has_install_script=_builds_itself(document, files),
        scripts=field("scripts"),
    )


def _bundled(document: dict[str, Any], files: Collection[str]) -> list[str]:
    """Of what is said to be bundled, what really is: a repository mostly holds none of it."""
    said = document.get("bundleDependencies", document.get("bundledDependencies"))
    if said is True:
        dependencies = document.get("dependencies")
        said = list(dependencies) if isinstance(dependencies, dict) else []
    names = said if isinstance(said, list) else []
    return [
        name
        for name in names
        if isinstance(name, str) and f"node_modules/{name}/package.json" in files
    ]


def _bin_folder(document: dict[str, Any], files: Collection[str]) -> dict[str, str] | None:
    """``directories.bin``: every file in that folder is a command."""
    directories = document.get("directories")
    folder = directories.get("bin") if isinstance(directories, dict) else None
    if not isinstance(folder, str):
        return None
    within = posixpath.normpath(folder.strip("/")) + "/"
    found = sorted(path for path in files if path.startswith(within))
    commands = {posixpath.basename(path): path for path in found}
    return {command: path for command, path in commands.items() if not command.startswith(".")}


def _builds_itself(document: dict[str, Any], files: Collection[str]) -> bool:
    """npm runs node-gyp where there is something for it, and no script of the package's own."""
    scripts = document.get("scripts")
    own = scripts if isinstance(scripts, dict) else {}
    return (
        "binding.gyp" in files
        and document.get("gypfile") is not False
        and not {"install", "preinstall"} & own.keys()
    )


def _version(document: dict[str, Any], name: str, where: str) -> str:
    said = document.get("version", _NO_VERSION)
    try:
        text = str(parse_version(said.strip().lstrip("=v"))) if isinstance(said, str) else ""
    except ValueError:
        text = ""
    if not text:
        raise _invalid(name, where, f"its version is not one: {said!r}")
    return text


def _invalid(subject: str, where: str, reason: str) -> GraftError:
    return GraftError(
        "source-invalid",
        f"{subject} is not a package: {reason}",
        where=where,
        fix="name another source, or mend its package.json",
    )
