"""Descriptors of existing indices in Lua: what such a ``package = { … }`` says, in graft's terms.

That format knows three systems and no processors; a version is offered for those that name it. What
is asked of other packages holds for all versions of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graft.indices.archives import checked_urls, sri_of
from graft.indices.descriptor import Archive, Descriptor, Release
from graft.indices.fields import Fields
from graft.indices.toml_descriptor import newest_first
from graft.model.namespaces import joined, name_fault, namespace_fault
from graft.model.platform import PlatformLimits
from graft.model.requirement import Kind, Requirement
from graft.versions.index_version import parse_index_version
from graft.versions.mistakes import MalformedError
from graft.versions.npm import parse_range
from graft.versions.specifier import INDEX
from graft.versions.version import Version

_SYSTEMS = {"linux": "linux", "macosx": "darwin", "windows": "win32"}
# Which mirror is tried first.
_MIRRORS = ("GLOBAL", "CN")
_FEW_NUMBERS = re.compile(r"([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?")


def lua_descriptor_of(raw: Mapping[str, Any], where: str, namespace: str) -> Descriptor:
    """``namespace`` is the index's own: that of a package which names none, and of what it asks for
    without one. Raises ``Fault``."""
    fields = Fields(raw)
    own, name = _identity(fields, namespace)
    archives, aliases, unusable = _versions(fields.table("xpm"))
    requirements = _requirements(fields, namespace, joined(own, name))
    releases: dict[str, Release] = {}
    texts: dict[Version, str] = {}
    for text, of_systems in archives.items():
        version = _version(text)
        if version is None:
            unusable[text] = "it is no version of the form 1.2.3"
        elif texts.setdefault(version, text) != text:
            unusable[text] = f"it is the same version as '{texts[version]}'"
        else:
            releases[text] = Release(
                version=version,
                text=text,
                archives=of_systems,
                requirements=requirements,
            )
    return Descriptor(
        namespace=own,
        name=name,
        releases=newest_first(releases),
        aliases={alias: text for alias, text in aliases.items() if text in releases},
        unusable={text: why for text, why in unusable.items() if text not in releases},
        description=fields.text("description"),
        license=" AND ".join(fields.texts("licenses")) or fields.text("license"),
        repository=fields.text("repo"),
        where=where,
    )


def _identity(fields: Fields, inherited: str) -> tuple[str, str]:
    namespace, name = fields.text("namespace"), fields.text("name")
    if not name:
        raise fields.fault("'name' is missing", "name")
    own = namespace or inherited
    if own and (fault := namespace_fault(own)):
        raise fields.fault(f"the namespace '{own}' {fault}", "namespace")
    short = name.removeprefix(f"{own}.") if own else name  # as older ones write it
    fault = name_fault(short)
    if fault:
        head, _, last = name.rpartition(".")
        mend = f': write namespace = "{head}", name = "{last}"' if "has a dot" in fault else ""
        raise fields.fault(f"the name '{name}' {fault}{mend}", "name")
    return own, short


def _versions(
    systems: Fields,
) -> tuple[dict[str, tuple[Archive, ...]], dict[str, str], dict[str, str]]:
    """Archives by version, aliases, and what cannot be used."""
    archives: dict[str, list[Archive]] = {}
    aliases: dict[str, str] = {}
    unusable: dict[str, str] = {}
    for system, os in _SYSTEMS.items():
        table = systems.table(_same_as(systems, system))
        for text, said in table.each():
            if isinstance(said, str) and text[:1].isdigit():
                unusable[text] = "it does not say where its archive is"
            if not isinstance(said, dict):
                continue  # what hooks of other tools need
            entry = Fields(said, (*table.path, text))
            if "ref" in entry:
                aliases.setdefault(text, entry.text("ref"))
            elif "url" in entry:
                archive = _archive(entry, os)
                if archive is None:
                    unusable[text] = "it has no sha256: what it holds cannot be verified"
                else:
                    archives.setdefault(text, []).append(archive)
    return {text: _merged(each) for text, each in archives.items()}, aliases, unusable


def _same_as(systems: Fields, system: str) -> str:
    """One system can stand for another: ``macosx = { ref = "linux" }``."""
    said = systems.data.get(system)
    ref = said.get("ref") if isinstance(said, dict) else None
    if ref is not None and ref not in _SYSTEMS:
        raise systems.fault(f"'{ref}' is none of {', '.join(_SYSTEMS)}", system, "ref")
    return ref if ref is not None else system


def _archive(entry: Fields, os: str) -> Archive | None:
    digest = entry.text("sha256")
    try:
        return (
            Archive(
                urls=checked_urls(_urls(entry)),
                integrity=sri_of(digest),
                platforms=PlatformLimits(os=(os,)),
            )
            if digest
            else None
        )
    except ValueError as error:
        raise entry.fault(str(error)) from None


def _urls(entry: Fields) -> list[str]:
    said = entry.value("url")
    if isinstance(said, str):
        return [said]
    mirrors = entry.table("url").data
    first = [mirrors[place] for place in _MIRRORS if place in mirrors]
    urls = [*first, *(mirrors[place] for place in sorted(mirrors) if place not in _MIRRORS)]
    if not urls or not all(isinstance(url, str) for url in urls):
        raise entry.fault("'url' must be a text, or a table of mirrors", "url")
    return urls


def _merged(archives: list[Archive]) -> tuple[Archive, ...]:
    """Systems that share an archive, as one; the mirrors that any of them names have the same
    bytes."""
    found: dict[str, list[Archive]] = {}
    for archive in archives:
        found.setdefault(archive.integrity, []).append(archive)
    return tuple(
        Archive(
            urls=tuple(dict.fromkeys(url for each in same for url in each.urls)),
            integrity=integrity,
            platforms=PlatformLimits(
                os=tuple(sorted({system for each in same for system in each.platforms.os}))
            ),
        )
        for integrity, same in found.items()
    )


def _version(text: str) -> Version | None:
    """Such indices have versions of one or two numbers too: the others are 0."""
    few = _FEW_NUMBERS.fullmatch(text)
    if few:
        text = ".".join(str(int(number or 0)) for number in few.groups())
    try:
        return parse_index_version(text)
    except MalformedError:
        return None


def _requirements(fields: Fields, namespace: str, identity: str) -> tuple[Requirement, ...]:
    mcpp = fields.data.get("mcpp")
    if not isinstance(mcpp, dict):  # a text names a file in the package, which has no say here
        return ()
    table = Fields(mcpp, ("mcpp",))
    found: dict[str, Requirement] = {}
    for kind, deps in _dependencies(table):
        for selector, said in deps.each():
            text = said.get("version", "") if isinstance(said, dict) else said
            if not isinstance(text, str):
                raise deps.fault(f"the version of '{selector}' must be a text", selector)
            try:
                name = _selected(selector, namespace)
                specifier = _specifier(text.strip())
            except ValueError as error:
                raise deps.fault(str(error), selector) from None
            if name != identity:
                requirement = Requirement(
                    local=name,
                    specifier=specifier,
                    kind=kind,
                    optional=kind is Kind.OPTIONAL,
                )
                found.setdefault(name, requirement)
    return tuple(found[name] for name in sorted(found))


def _dependencies(mcpp: Fields) -> Iterator[tuple[Kind, Fields]]:
    """Those of all systems first; those of one system are for where they can be had."""
    yield Kind.PROD, mcpp.table("deps")
    for system in _SYSTEMS:
        yield Kind.OPTIONAL, mcpp.table(system).table("deps")


def _selected(selector: str, namespace: str) -> str:
    above, _, name = selector.rpartition(".")
    fault = name_fault(name) or (namespace_fault(above) if above else "")
    if fault:
        raise ValueError(f"'{selector}' names no package: it {fault}")
    return joined(above or namespace, name)


def _specifier(text: str) -> str:
    """A bare version is just that one; ``>=1, <2`` and the like are as npm reads them."""
    if text in ("", "*"):
        return INDEX
    version = _version(text.removeprefix("=").strip())
    if version is not None:
        return f"{INDEX}={version}"
    range = " ".join(part.strip() for part in text.split(","))
    try:
        parse_range(range)
    except ValueError:
        raise ValueError(f"'{text}' is no constraint on versions") from None
    return range
