"""What to say where there is no answer, in the words of who wrote the package.json."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from graft.base.diagnostics import GraftError
from graft.model.names import split_name
from graft.project.defaults import GRAFT_TOML
from graft.resolve.flat.causes import Asks, Bound
from graft.resolve.flat.derivation import explained
from graft.resolve.flat.npm_catalogue import NpmCatalogue
from graft.resolve.flat.npm_overrides import Way
from graft.resolve.flat.packages import Packages
from graft.resolve.flat.problem import Candidate, Problem
from graft.resolve.flat.remedies import Change, Edit, alone, remedies
from graft.resolve.flat.solve import Kind, NoSolutionError
from graft.resolve.lines import Asked
from graft.versions.constraint import Constraint, constraint_of
from graft.versions.index_constraint import parse_constraint
from graft.versions.npm import parse_range
from graft.versions.specifier import INDEX, parse_specifier

_MESSAGES = {
    Kind.UNKNOWN_ROOT: "the project asks for a package that does not exist",
    Kind.NO_VERSION: "the project asks for a version that does not exist",
    Kind.UNKNOWN_PACKAGE: "a package is needed that does not exist",
    Kind.CONFLICT: "there is no one version of each package that does for all",
    Kind.INCOMPATIBLE: "what the project asks for would have to change incompatibly",
}
# What lets versions live side by side is no cure for what does not exist.
_FEW = 4  # names that are listed
_NESTED = 'remove "resolution": "flat", and versions may live side by side'


def refusal(
    problem: Problem,
    packages: Packages,
    catalogue: NpmCatalogue,
    error: NoSolutionError,
    asked: Sequence[Asked],
    way: Way,
    where: str,
) -> GraftError:
    """Why there is no answer, as steps, and edits that were tried: with each there is one, and by
    ``way``, if there is any, as well."""
    explanation = explained(packages, error.proof)
    core = explanation.core
    spell = partial(_spell, catalogue)
    if catalogue.is_flat and error.kind in (Kind.CONFLICT, Kind.INCOMPATIBLE):
        offered = alone(problem, packages, core, spell, (Change.ASK, Change.PIN))
        last = [_NESTED]
    else:
        offered = remedies(problem, packages, core, spell)
        last = []
    fixes = [_edits(edits, catalogue, asked) for edits in offered]
    if way.overrides:
        fixes.append(_overrides(way.overrides, catalogue) + _to_test(way.surprised))
    fixes += last
    yanked = [*_yanked(catalogue, error)]
    is_yanked = bool(yanked) and error.kind is Kind.NO_VERSION
    return GraftError(
        "version-yanked" if is_yanked else "flat-conflict",
        "what the project asks for was yanked" if is_yanked else _MESSAGES[error.kind],
        where=where,
        why=[*explanation.lines(), *yanked],
        fix="; or ".join(fixes),
    )


def _yanked(catalogue: NpmCatalogue, error: NoSolutionError) -> Iterator[str]:
    """The versions of indices that would have been wanted, had nobody taken them back."""
    seen = set()
    for fact in error.proof.facts():
        if isinstance(fact, Bound | Asks):
            for version, reason in catalogue.yanked(fact.name, fact.constraint).items():
                if (fact.name, version) not in seen:
                    seen.add((fact.name, version))
                    yield f"{fact.name} {version} is yanked: {reason}"


def refused_rules(where: str, keys: Sequence[str]) -> GraftError:
    """For rules that hold below some packages only."""
    said = ", ".join(f"'{key}'" for key in keys)
    return GraftError(
        "override-unsupported",
        "where there is one version of each package, an override holds for all who ask",
        where=where,
        why=[f"{said} would hold below another package alone"],
        fix="write the override without the package that it is below",
    )


def refused_several(where: str, name: str, ids: str) -> GraftError:
    """For what comes from several places, which is more than one version of it."""
    return GraftError(
        "flat-conflict",
        f"{name} is asked for from more than one place",
        where=where,
        why=[f"what is asked for leads to {ids}"],
        fix=f'say for all where it comes from: "overrides": {{"{name}": "<specifier>"}}',
    )


def _spell(catalogue: NpmCatalogue, change: Change, name: str, candidate: Candidate) -> Constraint:
    text = candidate.text
    if catalogue.is_of_index(name):
        marked = text if change is Change.ASK else f"={text}"
        return parse_constraint(f"{marked}!" if change is Change.OVERRIDE else marked)
    return constraint_of(parse_range(f"^{text}" if change is Change.ASK else text))


def _edits(edits: Sequence[Edit], catalogue: NpmCatalogue, asked: Sequence[Asked]) -> str:
    overrides: dict[str, str] = {}
    others: list[str] = []
    for edit in edits:
        if edit.constraint is not None and catalogue.is_of_index(edit.name):
            others.append(_line(edit, asked))
        elif edit.change is Change.OVERRIDE and edit.version:
            overrides[edit.name] = edit.version
        else:
            others.append(_edit(edit, asked))
    if overrides:
        others.insert(0, _overrides(overrides, catalogue))
    return " and ".join(others)


def _overrides(versions: Mapping[str, str], catalogue: NpmCatalogue) -> str:
    """A rule speaks of what is asked for by the name that who asks uses."""
    rules = dict(versions)
    for name, version in versions.items():
        rules |= dict.fromkeys(catalogue.aliases(name), f"npm:{name}@{version}")
    said = ", ".join(f"{json.dumps(key)}: {json.dumps(rules[key])}" for key in sorted(rules))
    return f'add "overrides": {{{said}}}'


def _to_test(names: Sequence[str]) -> str:
    few = ", ".join(names[:_FEW]) + (f" and {len(names) - _FEW} others" if names[_FEW:] else "")
    return f" and test {few}: not what they ask for" if names else ""


def _line(edit: Edit, asked: Sequence[Asked]) -> str:
    """As the manifest has it that asks for a package of an index; only graft.toml can override."""
    assert edit.constraint is not None
    text = edit.constraint.text
    in_package_json = any(
        each.requirement.local == edit.name and not each.specifier.startswith(INDEX)
        for each in asked
    )
    if in_package_json and edit.change is Change.ASK:
        return f'ask for "{edit.name}": "^{text}"'
    namespace, name = split_name(edit.name)
    section = f"[dependencies.{namespace}]" if namespace else "[dependencies]"
    instead = ", in place of the line in package.json" if in_package_json else ""
    return f'write {name} = "{text}" below {section} of {GRAFT_TOML}{instead}'


def _edit(edit: Edit, asked: Sequence[Asked]) -> str:
    owners = sorted(
        {
            each.owner
            for each in asked
            if parse_specifier(each.requirement.local, each.specifier).package == edit.name
        }
    )
    where = "" if owners in ([], ["."]) else f" in {', '.join(map(_file, owners))}"
    if edit.constraint is None:
        return f"do without {edit.name}{where}"
    return f'ask for "{edit.name}": "{edit.constraint.text}"{where}'


def _file(path: str) -> str:
    return "package.json" if path == "." else f"{path}/package.json"
