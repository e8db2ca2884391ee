"""What a registry says of all versions of one package.

Registries hold what was published over fifteen years of changing rules: any field of a version may
have any type. A field that makes no sense counts as absent; a name that could escape from its
folder, or a document that is no packument, is an error.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec

from graft.base.diagnostics import GraftError
from graft.model.manifest import Manifest
from graft.sources.version_document import VersionDocument, digests, read_manifest
from graft.versions.version import RELEASE, Key, is_prerelease, read_keys


class _Document(msgspec.Struct):
    """Each version stays as the bytes it came in until somebody picks it.

    That makes reading a packument ten times as fast, for few versions of a package are ever looked
    at.
    """

    name: str = ""
    tags: Any = msgspec.field(name="dist-tags", default=None)
    versions: dict[str, msgspec.Raw] | None = None


_decode_document = msgspec.json.Decoder(_Document).decode
_decode_version = msgspec.json.Decoder(VersionDocument).decode


class Packument:
    """``registry`` is the URL that it came from, and ``origin`` what manifests say of that."""

    def __init__(self, body: bytes, *, name: str, registry: str, origin: str = "") -> None:
        """Raises ``registry-answer`` if ``body`` is not the packument of ``name``."""
        try:
            document = _decode_document(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _garbage(name, registry, str(error)) from error
        if document.versions is None:
            raise _garbage(name, registry, "it has no 'versions'")
        if document.name and document.name != name:
            raise _garbage(name, registry, f"it is that of '{document.name[:214]}'")
        tags = document.tags if isinstance(document.tags, dict) else {}
        self.name = name
        self.registry = registry
        self.origin = origin
        self.tags: dict[str, str] = {
            tag: version for tag, version in tags.items() if isinstance(version, str)
        }
        self._raw = _spelt(document.versions)
        self._documents: dict[str, VersionDocument] = {}
        self._manifests: dict[str, Manifest] = {}

    def __contains__(self, version: str) -> bool:
        return version in self._raw

    def offers_what(self, other: Packument) -> bool:
        """Whether ``other``, a packument of the same package, has the same versions and tags."""
        return self.tags == other.tags and self._raw.keys() == other._raw.keys()

    def newest_first(self, *, prereleases: bool) -> list[tuple[Key, str]]:
        """Keys of its readable versions, each beside its text; what cannot be read is nobody's
        choice. Without ``prereleases``, of releases alone: some packages have ten times as many of
        the others, and few ranges ask for them."""
        return self._all_keys if prereleases else self._release_keys

    @cached_property
    def _release_keys(self) -> list[tuple[Key, str]]:
        keys = read_keys([text for text in self._raw if not is_prerelease(text)])
        return [entry for entry in keys if entry[0][3] >= RELEASE]

    @cached_property
    def _all_keys(self) -> list[tuple[Key, str]]:
        return read_keys(self._raw)

    @property
    def versions(self) -> list[str]:
        """In the order of the document, which is mostly that of publication."""
        return list(self._raw)

    def manifest(self, version: str) -> Manifest:
        """KeyError for a version that is not listed; ``registry-answer`` for one that is unsafe."""
        manifest = self._manifests.get(version)
        if manifest is None:
            manifest = self._manifests[version] = read_manifest(
                self._document(version),
                name=self.name,
                version=version,
                registry=self.registry,
                origin=self.origin,
            )
        return manifest

    def is_deprecated(self, version: str) -> bool:
        return bool(self._document(version).deprecation)

    def tarball_url(self, version: str) -> str:
        """``dist.tarball`` as the registry says it; empty if it says none that is http(s)."""
        return self._document(version).tarball_url

    def digests(self, version: str) -> str:
        """All that the registry says of a version's archive, as one SRI text; may be empty."""
        return digests(self._document(version).dist)

    def unpacked(self, version: str) -> int:
        """What the registry says that its files come to, in bytes; -1 if it says nothing."""
        dist = self._document(version).dist
        said = dist.get("unpackedSize") if isinstance(dist, dict) else None
        return said if type(said) is int and 0 <= said < 1 << 53 else -1

    def _document(self, version: str) -> VersionDocument:
        document = self._documents.get(version)
        if document is None:
            try:
                document = _decode_version(self._raw[version])
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise _garbage(f"{self.name}@{version}", self.registry, str(error)) from error
            self._documents[version] = document
        return document


def _spelt(versions: dict[str, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    """Those whose names can be part of a path, a URL and a line. That others are versions too, but
    for white space around them, helps nobody."""
    if _is_spelt("".join(versions)):
        return versions
    return {version: raw for version, raw in versions.items() if _is_spelt(version)}


def _is_spelt(text: str) -> bool:
    return (
        text.isascii() and text.isprintable() and not (" " in text or "/" in text or "\\" in text)
    )


def _garbage(subject: str, registry: str, reason: str) -> GraftError:
    return GraftError(
        "registry-answer",
        f"{subject}: the registry's answer is not a packument",
        where=registry,
        why=(reason,),
        fix="check that the registry's URL is right, and that no proxy answers in its place",
    )
