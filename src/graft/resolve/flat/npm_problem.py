"""What a project asks for, and what its lock has, as the solver takes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.origins import is_from_registry
from graft.project.overrides import Overrides
from graft.resolve.flat.npm_catalogue import NpmCatalogue, anticipate, only_prerelease
from graft.resolve.flat.problem import Problem
from graft.resolve.flat.scope import Scope
from graft.resolve.lines import Asked, Lines
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import parse_constraint
from graft.versions.ranges import Range
from graft.versions.specifier import INDEX, asks_for_anything, parse_specifier
from graft.versions.version import version_in_graph


def kept(
    previous: Graph | None,
    update: Collection[str] | None,
    asked: Sequence[Asked],
    lines: Lines,
    scope: Scope,
) -> dict[str, Manifest]:
    """The manifests of the lock that are preferred, by name: all that are not to be updated, and
    that the project's own lines still allow. Of several versions of one, none is."""
    found: dict[str, Manifest] = {}
    if previous is None or update is None:
        return found
    several = set()
    for node in previous.nodes.values():
        manifest = node.manifest
        if manifest.is_link or manifest.name in update or not _is_ours(scope, manifest):
            continue
        if found.setdefault(manifest.name, manifest).version != manifest.version:
            several.add(manifest.name)
    for each in asked:
        wanted = parse_specifier(each.requirement.local, each.specifier)
        had = found.get(wanted.package)
        if had is None:
            continue
        if wanted.range is None:
            was = lines.had(each, None)
            if was is None or was.id != had.id:
                several.add(had.name)
        elif not (
            wanted.range.contains(version_in_graph(had.version)) or asks_for_anything(wanted.range)
        ):
            several.add(had.name)
    return {name: manifest for name, manifest in found.items() if name not in several}


def _is_ours(scope: Scope, manifest: Manifest) -> bool:
    """Whether a package of the lock is one of the scope, from where those of its name come from."""
    if scope.serves(manifest.name):
        return scope.indices is not None and scope.indices.is_ours(manifest)
    return scope.everything and is_from_registry(manifest.origin)


def anticipated(
    had: Mapping[str, Manifest], asked: Sequence[Asked], overrides: Overrides
) -> dict[str, Range]:
    """The prereleases that the project names, by npm's rule, or has already."""
    found: dict[str, Range] = {}

    said = [(each.requirement.local, each.specifier) for each in asked]
    for local, text in (*said, *overrides.replacements()):
        wanted = parse_specifier(local, text)
        if text.startswith(INDEX):
            for version in parse_constraint(text.removeprefix(INDEX)).named:
                anticipate(found, wanted.package, only_prerelease(version))
        elif wanted.range is not None and not asks_for_anything(wanted.range):
            anticipate(found, wanted.package, wanted.range.prereleases)
    for name, manifest in had.items():
        anticipate(found, name, only_prerelease(version_in_graph(manifest.version)))
    return found


def problem_of(
    catalogue: NpmCatalogue,
    asked: Sequence[Asked],
    *,
    had: Mapping[str, Manifest],
    update: Collection[str] | None,
    incompatible: bool,
    left_out: Collection[tuple[str, str]],
    outward: bool,
) -> Problem:
    roots = set(catalogue.askers)
    constraints: dict[tuple[str, str], Constraint] = {}
    for each in asked:
        dependency = catalogue.dependency(each, None)
        if dependency is None or (
            dependency.optional
            and ((each.owner, dependency.name) in left_out or not catalogue.has(dependency))
        ):
            continue
        roots.add(dependency.name)
        constraints[dependency.name, dependency.constraint.text] = dependency.constraint
    return Problem(
        roots=tuple(sorted(roots)),
        constraints=tuple(
            (name, said) for (name, _), said in sorted(constraints.items(), key=_key)
        ),
        previous={name: version_in_graph(manifest.version) for name, manifest in had.items()},
        upgrade=frozenset(update or ()),
        incompatible=incompatible,
        outward=outward,
        anticipated=catalogue.anticipated,
        frees=True,  # what the lock has for a line counts while that admits it: see kept
    )


def _key(item: tuple[tuple[str, str], Constraint]) -> tuple[str, str]:
    return item[0]
