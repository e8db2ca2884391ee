"""One version in a packument, and the manifest that it amounts to."""

from __future__ import annotations

import binascii
from typing import Any

import msgspec

from graft.base.diagnostics import GraftError
from graft.model.bins import said_bins
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.model.names import check_name, split_name
from graft.model.platform import ANYWHERE, PlatformLimits
from graft.model.requirement import Kind, Requirement
from graft.versions.npm import parse_range

_MAX_URL = 4096
_INSTALL_SCRIPTS = ("preinstall", "install", "postinstall")


class VersionDocument(msgspec.Struct, rename="camel"):
    """The fields that an install needs, of whatever type they came with."""

    dependencies: Any = None
    optional_dependencies: Any = None
    peer_dependencies: Any = None
    peer_dependencies_meta: Any = None
    bundle_dependencies: Any = None
    bundled_dependencies: Any = None
    bin: Any = None
    directories: Any = None
    os: Any = None
    cpu: Any = None
    libc: Any = None
    engines: Any = None
    dist: Any = None
    deprecated: Any = None
    has_install_script: Any = None
    scripts: Any = None

    @property
    def deprecation(self) -> str:
        """``true`` and empty texts exist beside messages: empty means that it is not deprecated."""
        if isinstance(self.deprecated, str):
            return self.deprecated
        return "deprecated" if self.deprecated is True else ""

    @property
    def tarball_url(self) -> str:
        """Without user and password; empty if it is no http(s) URL."""
        said = _table(self.dist).get("tarball")
        if not isinstance(said, str) or not said.isprintable() or " " in said:
            return ""
        scheme, separator, rest = said.partition("://")
        authority, slash, path = rest.partition("/")
        # Registries hand out no passwords; one in a packument would end in the lock.
        host = authority.rpartition("@")[2]
        if (scheme := scheme.lower()) not in ("https", "http") or not host or len(said) > _MAX_URL:
            return ""
        return f"{scheme}{separator}{host}{slash}{path}"

    @property
    def has_scripts(self) -> bool:
        if self.has_install_script is True:
            return True
        scripts = _table(self.scripts)
        return any(isinstance(scripts.get(name), str) for name in _INSTALL_SCRIPTS)


def read_manifest(
    document: VersionDocument,
    *,
    name: str,
    version: str,
    registry: str,
    origin: str,
    integrity: str = "",
) -> Manifest:
    """``integrity`` replaces what the document says. Raises ``registry-answer`` if a dependency's
    name is not safe."""
    try:
        requirements, bundled = _requirements(document)
    except GraftError as error:
        raise GraftError(
            "registry-answer",
            f"{name}@{version}: {error.diagnostic.message}",
            where=registry,
            fix="use another version, and tell who runs the registry",
        ) from error
    return Manifest(
        name=name,
        version=version,
        origin=origin,
        integrity=integrity or _integrity(_table(document.dist)),
        tarball=tarball_path(document.tarball_url, name=name, version=version, registry=registry),
        requirements=requirements,
        bins=said_bins(document.bin, name),
        platforms=_platforms(document),
        node=_node_range(document.engines),
        bundled=bundled,
        has_scripts=document.has_scripts,
        deprecated=document.deprecation,
    )


def usual_path(name: str, version: str) -> str:
    """Where an archive lies below its registry's URL unless the packument says otherwise."""
    return f"{name}/-/{split_name(name)[1]}-{version}.tgz"


def tarball_path(url: str, *, name: str, version: str, registry: str) -> str:
    """``url`` as a manifest holds it: empty at the usual path, relative below ``registry``."""
    if not url:
        return ""
    if not url.startswith(registry):
        return url
    path = url[len(registry) :]
    # Some registries write a scope's slash as %2f; it is the same path.
    if path.replace("%2f", "/", 1).replace("%2F", "/", 1) == usual_path(name, version):
        return ""
    # A path that climbs out of the registry's folder is no path below it.
    return url if ".." in path or "//" in path or path.startswith("/") else path


def _requirements(
    document: VersionDocument,
) -> tuple[tuple[Requirement, ...], tuple[str, ...]]:
    """What is asked for, and the names of what is bundled and therefore not. npm's rules: optional
    beats prod, either beats peer."""
    prod = _ranges(document.dependencies)
    optional = _ranges(document.optional_dependencies)
    meta = _table(document.peer_dependencies_meta)
    found = {
        local: Requirement(
            local=local,
            specifier=specifier,
            kind=Kind.PEER,
            optional=_table(meta.get(local)).get("optional") is True,
        )
        for local, specifier in _ranges(document.peer_dependencies).items()
    }
    # A peer that only the meta names is an optional peer of any version (npm and pnpm agree).
    for local, said in meta.items():
        if local not in found and _table(said).get("optional") is True:
            found[local] = Requirement(local=local, specifier="*", kind=Kind.PEER, optional=True)
    for local, specifier in prod.items():
        found[local] = Requirement(local=local, specifier=specifier, kind=Kind.PROD)
    for local, specifier in optional.items():
        found[local] = Requirement(
            local=local, specifier=specifier, kind=Kind.OPTIONAL, optional=True
        )
    bundled = _bundled(document, {**prod, **optional})
    asked = [found[local] for local in sorted(found) if check_name(local)]
    return (
        tuple(requirement for requirement in asked if requirement.local not in bundled),
        tuple(requirement.local for requirement in asked if requirement.local in bundled),
    )


def _bundled(document: VersionDocument, dependencies: dict[str, str]) -> frozenset[str]:
    said = document.bundle_dependencies
    if said is None:
        said = document.bundled_dependencies
    if said is True:
        return frozenset(dependencies)
    return frozenset(_texts(said))


def digests(dist: Any) -> str:
    """All that a registry says of an archive's bytes, as one SRI text."""
    return " ".join(filter(None, (_sri(_table(dist)), _shasum(_table(dist)))))


def _integrity(dist: dict[str, Any]) -> str:
    """``dist.integrity``, else the old ``shasum`` in the same form; empty if there is neither."""
    return _sri(dist) or _shasum(dist)


def _sri(dist: dict[str, Any]) -> str:
    said = dist.get("integrity")
    if not isinstance(said, str):
        return ""
    try:
        parse_integrity(said)
    except ValueError:
        return ""
    return said


def _shasum(dist: dict[str, Any]) -> str:
    shasum = dist.get("shasum")
    if not isinstance(shasum, str) or len(shasum) != 40:
        return ""
    try:
        return f"sha1-{binascii.b2a_base64(binascii.unhexlify(shasum), newline=False).decode()}"
    except (binascii.Error, ValueError):
        return ""


def _platforms(document: VersionDocument) -> PlatformLimits:
    if not (document.os or document.cpu or document.libc):
        return ANYWHERE
    return PlatformLimits(
        os=tuple(_texts(document.os)),
        cpu=tuple(_texts(document.cpu)),
        libc=tuple(_texts(document.libc)),
    )


def _node_range(engines: Any) -> str:
    """What ``engines`` says of node, where that is a range which leaves anything out."""
    said = _table(engines).get("node")
    text = said.strip() if isinstance(said, str) else ""
    if text in ("", "*", "x") or not text.isprintable():
        return ""
    try:
        parse_range(text)
    except ValueError:
        return ""
    return text


def _ranges(said: Any) -> dict[str, str]:
    return {
        local: specifier for local, specifier in _table(said).items() if isinstance(specifier, str)
    }


def _table(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {}


def _texts(said: Any) -> list[str]:
    if isinstance(said, str):
        return [said] if said else []
    return [item for item in said if isinstance(item, str)] if isinstance(said, list) else []
