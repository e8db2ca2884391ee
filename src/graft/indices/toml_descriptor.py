"""Descriptors in TOML: docs/concepts/indices.md shows the format."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from graft.indices.archives import ARCHIVE_KEYS, read_archive
from graft.indices.descriptor import Archive, Descriptor, Release
from graft.indices.fields import Fault, Fields
from graft.model.bins import is_safe_bin, normal_bin_path
from graft.model.names import canonical_name, is_sound, split_name
from graft.model.namespaces import DEFAULT, joined, name_fault, namespace_fault
from graft.model.requirement import Kind, Requirement
from graft.versions.index_constraint import parse_constraint
from graft.versions.index_name import check_name
from graft.versions.index_version import parse_index_version
from graft.versions.mistakes import MalformedError
from graft.versions.npm import parse_range
from graft.versions.specifier import INDEX, parse_specifier

SPEC = 1
_ANY_NODE = ("", "*")
# Table -> kind, whether it may stay unmet, and whether it is in the grammar of indices.
SECTIONS: Mapping[str, tuple[Kind, bool, bool]] = {
    "dependencies": (Kind.PROD, False, True),
    "optional-dependencies": (Kind.OPTIONAL, True, True),
    "weak-dependencies": (Kind.PEER, True, True),
    "npm-dependencies": (Kind.PROD, False, False),
    "npm-optional-dependencies": (Kind.OPTIONAL, True, False),
    "npm-peer-dependencies": (Kind.PEER, False, False),
    "npm-optional-peer-dependencies": (Kind.PEER, True, False),
}
_KEYS = frozenset(
    ("spec", "namespace", "name", "description", "license", "repository", "versions"),
)
_RELEASE_KEYS = frozenset(
    (*ARCHIVE_KEYS, *SECTIONS, "archives", "bins", "node", "install-scripts", "yanked"),
)


def descriptor_of(raw: Mapping[str, Any], where: str) -> tuple[Descriptor, list[Fault]]:
    """And the keys in it that mean nothing. Raises ``Fault``."""
    fields = Fields(raw)
    namespace, name = fields.text("namespace"), fields.text("name")
    for key, fault in (
        ("namespace", "is missing" if not namespace else own_namespace_fault(namespace)),
        ("name", "is missing" if not name else name_fault(name)),
    ):
        if fault:
            said = fields.text(key)
            raise fields.fault(f"the {key} '{said}' {fault}" if said else f"'{key}' {fault}", key)
    own = "" if namespace == DEFAULT else namespace
    try:
        check_name(f"{own}:{name}" if own else name)
    except MalformedError as error:
        raise fields.fault(str(error), "name") from None
    versions = fields.table("versions")
    releases: dict[str, Release] = {}
    keys: dict[Any, str] = {}
    for text, said in versions.each():
        release = _release(versions, text, said, joined(own, name))
        same = keys.setdefault(release.version.key, text)
        if same != text:
            raise versions.fault(f"'{same}' and '{text}' are one version", text)
        releases[text] = release
    descriptor = Descriptor(
        namespace=own,
        name=name,
        releases=newest_first(releases),
        description=fields.text("description"),
        license=fields.text("license"),
        repository=fields.text("repository"),
        where=where,
    )
    fields.end(_KEYS)
    return descriptor, fields.unknown


def own_namespace_fault(namespace: str) -> str:
    """As ``namespace_fault``, of a text in which the default namespace has its name."""
    return "" if namespace == DEFAULT else namespace_fault(namespace)


def newest_first(releases: Mapping[str, Release]) -> dict[str, Release]:
    return dict(sorted(releases.items(), key=lambda pair: pair[1].version.key, reverse=True))


@lru_cache(maxsize=1 << 16)
def identity_of(spelling: str) -> str:
    """``acme:tool``, ``@acme/tool`` or ``tool`` as a canonical name of an index. Raises ValueError
    with what is wrong."""
    name = canonical_name(spelling)
    namespace, bare = split_name(name)
    if name.startswith("@"):
        fault = namespace_fault(namespace)
        if fault:
            raise ValueError(f"the namespace of '{spelling}' {fault}")
    fault = name_fault(bare)
    if fault:
        raise ValueError(f"the name '{spelling}' {fault}")
    check_name(f"{namespace}:{bare}" if namespace else bare)
    return name


def _release(versions: Fields, text: str, said: Any, identity: str) -> Release:
    if not isinstance(said, dict):
        raise versions.fault(f"the version '{text}' must be a table", text)
    try:
        version = parse_index_version(text)
    except MalformedError as error:
        raise versions.fault(str(error), text) from None
    fields = Fields(said, (*versions.path, text), versions.unknown)
    node = fields.text("node").strip()
    if node not in _ANY_NODE:
        try:
            parse_range(node)
        except ValueError:
            raise fields.fault(f"'{node}' is no range of versions of node", "node") from None
    release = Release(
        version=version,
        text=text,
        archives=_archives(fields),
        requirements=_requirements(fields, identity),
        bins=_bins(fields),
        node="" if node in _ANY_NODE else node,
        has_scripts=fields.flag("install-scripts"),
        yanked=_yanked(fields),
    )
    fields.end(_RELEASE_KEYS)
    return release


def _archives(fields: Fields) -> tuple[Archive, ...]:
    if "archives" not in fields:
        return (read_archive(fields),)
    for key in ("url", "git"):
        if key in fields:
            raise fields.fault(f"'{key}' and 'archives' are two places for one thing", key)
    found: dict[Any, Archive] = {}
    for table in fields.tables("archives"):
        archive = read_archive(table)
        table.end(ARCHIVE_KEYS)
        limits = archive.platforms
        if found.setdefault((limits.os, limits.cpu, limits.libc), archive) is not archive:
            raise table.fault("it is for the same platforms as another archive")
    if not found:
        raise fields.fault("there is no archive in 'archives'", "archives")
    return tuple(found.values())


def _requirements(fields: Fields, identity: str) -> tuple[Requirement, ...]:
    found: dict[str, Requirement] = {}
    for section, (kind, is_optional, is_index) in SECTIONS.items():
        if section not in fields:
            continue
        table = fields.table(section)
        for spelling, text in table.each():
            if not isinstance(text, str):
                raise table.fault(f"what is asked of '{spelling}' must be a text", spelling)
            try:
                read = _index_requirement if is_index else _npm_requirement
                name, specifier = read(spelling, text)
            except ValueError as error:
                raise table.fault(str(error), spelling) from None
            if name == identity:
                raise table.fault("a package cannot ask for itself", spelling)
            if name in found:
                raise table.fault(f"'{name}' is asked for twice", spelling)
            found[name] = Requirement(
                local=name, specifier=specifier, kind=kind, optional=is_optional
            )
    return tuple(found[name] for name in sorted(found))


def _index_requirement(spelling: str, text: str) -> tuple[str, str]:
    if parse_constraint(text).override:
        raise ValueError("'!' is for projects: no package overrides what others ask for")
    return identity_of(spelling), INDEX + text


def _npm_requirement(spelling: str, text: str) -> tuple[str, str]:
    name = canonical_name(spelling)
    if not is_sound(name):
        raise ValueError(f"'{spelling}' is not a package name")
    if parse_specifier(name, text).range is None:
        raise ValueError(f"'{text}' is no range of versions")
    return name, text


def _bins(fields: Fields) -> tuple[tuple[str, str], ...]:
    if "bins" not in fields:
        return ()
    bins: dict[str, str] = {}
    table = fields.table("bins")
    for command, path in table.each():
        normal = normal_bin_path(path) if isinstance(path, str) else ""
        if not is_safe_bin(command, normal):
            raise table.fault(f"the command '{command}' leads to no file of the package", command)
        bins[command] = normal
    return tuple(sorted(bins.items()))


def _yanked(fields: Fields) -> str:
    said = fields.value("yanked")
    if said is True:
        return "no reason is given"
    return fields.text("yanked") if said is not False else ""
