"""Every importer of a project that has more than one, or rules, or catalogs: what each asks for,
and which of its lines lead to folders of the project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graft.base.records import replace
from graft.model.links import Links
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.project.catalogs import Catalogs, read_catalogs
from graft.project.checkout import Checkout
from graft.project.defaults import GRAFT_TOML, MODULES
from graft.project.folders import LOCAL, Folders
from graft.project.manifest import MANIFEST_NAME, ProjectManifest
from graft.project.manifests import ROOT, Manifests
from graft.project.overrides import Rules, read_rules
from graft.project.pnpm_settings import PnpmSettings, read_pnpm_settings
from graft.project.said import said_text
from graft.project.workspace import members_at, members_by_name, patterns_of
from graft.versions.specifier import beats_packages


def read_importers(
    folder: str,
    root: ProjectManifest,
    pnpm: PnpmSettings,
    reader: Manifests,
    edited: Mapping[str, bytes],
) -> Checkout:
    """What ``checkout.read_checkout`` describes."""
    members, names = {ROOT: root}, {}
    files: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    if patterns := patterns_of(root.data, pnpm, where=root.path):
        others, looked = members_at(folder, patterns, reader)
        members |= others
        names = members_by_name(members)
        files = tuple(_files(path for path in looked.folders if path != ROOT))
        scanned = tuple(looked.scanned)
    catalogs = read_catalogs(root.data, pnpm, where=root.path)
    asked = {path: _expanded(member, catalogs) for path, member in members.items()}
    own = _own(asked)
    rules = read_rules(root.data, own, where=root.path, pnpm=pnpm, catalogs=catalogs)
    folders = Folders(folder, members, names, reader)
    manifests = dict(members)
    leads: dict[tuple[str, str], Manifest] = {}
    ruled = {
        (name, text): link
        for name, text in rules.overrides.replacements()
        if text.startswith(LOCAL)
        if (link := folders.meant(name, text, asker=ROOT, where=root.path))
    }
    queue = list(members)
    for path in queue:
        who = None if path == ROOT else folders.by_path[path]
        for requirement in asked[path]:
            link = _lead(folders, rules, path, who, requirement, manifests[path].path)
            if link is not None:
                leads[path, requirement.local] = link
        for found in folders.found.keys() - manifests.keys():
            manifests[found] = folders.found[found]
            lines = _expanded(folders.found[found], catalogs)
            # As for any package: what it is developed with is nobody else's need.
            asked[found] = tuple(line for line in lines if line.kind is not Kind.DEV)
            queue.append(found)
    outside = sorted(manifests.keys() - members.keys())
    return Checkout(
        folder=folder,
        manifests=manifests,
        asked=asked,
        said=_said(root, pnpm, manifests, folders.beside),
        edited=edited,
        members=tuple(members),
        links=Links(
            importers={path: folders.by_path[path] for path in manifests if path != ROOT},
            asked=leads,
            ruled=ruled,
            members={name: link for name, link in folders.by_name.items() if names[name] != ROOT},
        ),
        rules=rules,
        beside=folders.beside,
        files=(*files, *_files((*outside, *folders.beside))),
        folders=scanned,
        modules=root.toml.folder if root.toml and not (root.raw or pnpm.raw) else MODULES,
    )


def _files(paths: Iterable[str]) -> Iterator[str]:
    return (f"{path}/{name}" for path in paths for name in (MANIFEST_NAME, GRAFT_TOML))


def read_other_rules(checkout: Checkout, data: Mapping[str, Any]) -> Rules:
    """What the rules would be if the root's manifest said ``data``."""
    pnpm = read_pnpm_settings(checkout.folder)
    catalogs = read_catalogs(data, pnpm, where=checkout.root.path)
    own = _own({path: checkout.asked[path] for path in checkout.members})
    return read_rules(data, own, where=checkout.root.path, pnpm=pnpm, catalogs=catalogs)


def _own(asked: Mapping[str, Iterable[Requirement]]) -> dict[str, str]:
    """What the root asks for, and what of members' lines counts for all."""
    members = (line for lines in asked.values() for line in lines)
    beating = {line.local: line.specifier for line in members if beats_packages(line.specifier)}
    return beating | {line.local: line.specifier for line in asked[ROOT]}


def _expanded(manifest: ProjectManifest, catalogs: Catalogs) -> tuple[Requirement, ...]:
    """Its lines, with what the catalogs say in place of references to them."""

    def expanded(line: Requirement) -> Requirement:
        text = catalogs.meaning(line.local, line.specifier, asker=manifest.path)
        return (
            line
            if text is line.specifier
            else replace(line, specifier=text, catalog=line.specifier.strip())
        )

    return tuple(map(expanded, manifest.requirements))


def _lead(
    folders: Folders,
    rules: Rules,
    path: str,
    who: Manifest | None,
    requirement: Requirement,
    where: str,
) -> Manifest | None:
    text = rules.overrides.of_importer(who, requirement)
    if text is None:
        return None
    # What a rule says is relative to where the rules are.
    asker = path if text == requirement.specifier else ROOT
    return folders.meant(requirement.local, text.strip(), asker=asker, where=where)


def _said(
    root: ProjectManifest,
    pnpm: PnpmSettings,
    manifests: Mapping[str, ProjectManifest],
    beside: Mapping[str, ProjectManifest | None],
) -> bytes:
    others = []
    for path, manifest in {**beside, **manifests}.items():
        if path != ROOT:
            others.append((path, manifest.raw if manifest else b""))
        if manifest and manifest.toml:
            others.append((f"{path}/{GRAFT_TOML}", manifest.toml.toml.raw))
            # What a line means depends on it as well.
            others.append((f"{path} namespaces", manifest.toml.namespaces.text.encode()))
    return said_text(root.raw, pnpm.raw, others)
