"""What a project is for those who depend on it: what an index would say of this version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record, replace
from graft.indices.descriptor import Archive, Descriptor, Release
from graft.indices.toml_descriptor import identity_of
from graft.model.bins import said_bins
from graft.model.names import split_name
from graft.model.platform import ANYWHERE, PlatformLimits
from graft.model.requirement import Kind, Requirement
from graft.project.manifest import MANIFEST_NAME, ProjectManifest
from graft.project.published import outside_workspace
from graft.project.toml_package import own_table
from graft.versions.index_version import parse_index_version
from graft.versions.mistakes import MalformedError
from graft.versions.specifier import INDEX, parse_specifier
from graft.versions.version import Version
from graft.workflows.pack import Package

_WORKSPACE = "workspace:"


class Described(Record):
    """``descriptor`` has one release, whose archive has no place and no digest yet."""

    descriptor: Descriptor
    release: Release


def described(package: Package) -> Described:
    """``[package]`` of graft.toml counts before package.json. Raises ``publish-refused`` with all
    that keeps the package from being published, and ``source-invalid``."""
    manifest = package.manifest
    own = own_table(manifest.toml.toml) if manifest.toml else {}
    said = {**_described_in(manifest.data), **own}
    wrong: list[str] = []
    name = _identity(manifest, own, wrong)
    version = _version(said.get("version"), wrong)
    if own.get("private") is True or (not own and manifest.data.get("private") is True):
        wrong.append("it is private")
    facts = _facts(package)
    requirements = _requirements(facts.requirements, package, wrong)
    if wrong or version is None:
        raise GraftError(
            "publish-refused",
            "this package cannot be published to an index",
            where=manifest.path,
            why=wrong,
            fix="correct that; docs/concepts/indices.md says what a package in an index may be",
        )
    namespace, bare = split_name(name)
    release = Release(
        version=version,
        text=said["version"],
        archives=(Archive(platforms=_platforms(own) or facts.platforms),),
        requirements=requirements,
        bins=said_bins(own.get("bin"), name) or facts.bins,
        node=facts.node,
        has_scripts=facts.has_scripts,
    )
    descriptor = Descriptor(
        namespace=namespace,
        name=bare,
        releases={},
        description=_text(said.get("description")),
        license=_text(said.get("license")),
        repository=_text(said.get("repository")),
    )
    return Described(descriptor=descriptor, release=release)


class _Facts(Record):
    requirements: tuple[Requirement, ...] = ()
    bins: tuple[tuple[str, str], ...] = ()
    platforms: PlatformLimits = ANYWHERE
    node: str = ""
    has_scripts: bool = False


def _facts(package: Package) -> _Facts:
    """Of package.json as it is published, the same that a registry would make of it."""
    raw = next((file.data for file in package.files if file.path == MANIFEST_NAME), None)
    if raw is None:
        return _Facts()
    from graft.sources.archive_manifest import manifest_of, read_document

    where = package.manifest.path
    document = read_document(raw, subject=MANIFEST_NAME, where=where)
    paths = {file.path for file in package.files}
    # npm has no wraps, and the version is looked at elsewhere.
    document["version"] = "0.0.0"
    manifest = manifest_of(document, paths, origin="", local="package")
    return _Facts(
        requirements=tuple(r for r in manifest.requirements if r.local not in manifest.bundled),
        bins=manifest.bins,
        platforms=manifest.platforms,
        node=manifest.node,
        has_scripts=manifest.has_scripts,
    )


def _identity(manifest: ProjectManifest, own: Mapping[str, Any], wrong: list[str]) -> str:
    toml = manifest.toml.name if manifest.toml and own.get("name") else ""
    name = toml or manifest.name
    if toml and manifest.raw and manifest.name and manifest.name != toml:
        wrong.append(f"graft.toml calls it {toml}, and package.json {manifest.name}")
    if not name:
        wrong.append("it has no name: write [package] namespace and name in graft.toml")
        return ""
    try:
        return identity_of(name)
    except ValueError as error:
        wrong.append(str(error))
        return ""


def _version(text: object, wrong: list[str]) -> Version | None:
    if not isinstance(text, str) or not text:
        wrong.append("it has no version")
        return None
    try:
        return parse_index_version(text)
    except MalformedError as error:
        wrong.append(str(error))
        return None


def _requirements(
    published: tuple[Requirement, ...], package: Package, wrong: list[str]
) -> tuple[Requirement, ...]:
    toml = package.manifest.toml
    own = [r for r in toml.requirements if r.kind is not Kind.DEV] if toml else []
    members = package.checkout.manifests.values()
    versions = {member.name: str(member.data.get("version", "")) for member in members}
    found: dict[str, Requirement] = {}
    for asked in (*published, *own):
        text = outside_workspace(asked.local, asked.specifier, versions)
        fault = _asked_fault(asked.local, text)
        if fault:
            wrong.append(f"{asked.local} is '{text}': {fault}")
        found[asked.local] = replace(asked, specifier=text)
    return tuple(found[name] for name in sorted(found))


def _asked_fault(name: str, text: str) -> str:
    if text.startswith(INDEX):
        return "'!' is for projects" if text.endswith("!") else ""
    specifier = parse_specifier(name, text)
    if specifier.range is not None:
        return ""
    if text.startswith(_WORKSPACE):
        return "no member of the workspace has that name and a version"
    if specifier.foreign:
        return "others cannot get it from there; publish it, and ask for a version"
    return "a tag means something else tomorrow; ask for versions"


def _described_in(document: Mapping[str, Any]) -> dict[str, Any]:
    """Of a package.json, whose repository may be a table."""
    keys = ("version", "description", "license", "repository")
    said = {key: document[key] for key in keys if key in document}
    repository = said.get("repository")
    if isinstance(repository, dict):
        said["repository"] = repository.get("url")
    return said


def _platforms(own: Mapping[str, Any]) -> PlatformLimits:
    table = own.get("platforms")
    said = table if isinstance(table, dict) else {}
    words = {
        field: tuple(sorted(word for word in each if isinstance(word, str)))
        for field in ("os", "cpu", "libc")
        if isinstance(each := said.get(field), list)
    }
    return PlatformLimits(**words)


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""
