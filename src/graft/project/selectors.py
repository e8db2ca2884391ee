"""Which members of a workspace a ``--filter`` means: pnpm's selectors.

``name``, ``@scope/*``, ``./folder``, ``{folder}``, ``[git-ref]`` for what changed since then, or
several of these together; ``...`` in front adds the members that need them, behind it those that
they need; with ``^`` beside the dots they themselves are left out; ``!`` in front takes away.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.project.globs import matches

_PARTS = re.compile(
    r"(?P<name>[^.{}\[\]][^{}\[\]]*)?(\{(?P<folder>[^}]+)\})?(\[(?P<ref>[^\]]+)\])?"
)


class Selector(Record):
    """``name`` is a pattern of names, ``folder`` one of paths relative to the root, ``ref`` what
    git knows; empty for what was not said. ``dependents`` and ``dependencies`` are added to what
    these mean, which is left out itself unless ``itself``."""

    text: str
    name: str = ""
    folder: str = ""
    ref: str = ""
    exclude: bool = False
    dependents: bool = False
    dependencies: bool = False
    itself: bool = True


class Members(Record):
    """``names`` of members by path, with the root; ``needs`` says of each which others it needs."""

    names: Mapping[str, str]
    needs: Mapping[str, Collection[str]]


def read_selector(text: str, called_in: str) -> Selector:
    """``called_in`` is the path, relative to the root, that folders are relative to. Raises
    ``usage``."""
    rest = text.removeprefix("!")
    exclude = rest != text
    dependencies = rest.endswith("...")
    rest = rest.removesuffix("...")
    inner = rest.removesuffix("^") if dependencies else rest
    dependents = inner.startswith("...")
    bare = inner.removeprefix("...")
    core = bare.removeprefix("^") if dependents else bare
    itself = inner == rest and core == bare
    folder = name = ref = ""
    if core.startswith(("./", "../")) or core in (".", ".."):
        folder = core
    else:
        found = _PARTS.fullmatch(core)
        if not core or found is None:
            raise GraftError(
                "usage",
                f"'{text}' selects nothing that could be understood",
                where="--filter",
                fix="write a name, ./folder, {folder} or [git-ref], with ... for what is around it",
            )
        name, folder, ref = (found[part] or "" for part in ("name", "folder", "ref"))
    if folder:
        folder = posixpath.normpath(posixpath.join(called_in, folder))
    return Selector(
        text=text,
        name=name,
        folder=folder,
        ref=ref,
        exclude=exclude,
        dependents=dependents,
        dependencies=dependencies,
        itself=itself,
    )


def select(
    members: Members,
    selectors: Sequence[Selector],
    changed: Callable[[str], Collection[str]],
    *,
    all: Collection[str],
) -> list[str]:
    """The paths that are meant, sorted. ``changed`` says which files, relative to the root, differ
    from a git reference; ``all`` is where selectors begin that only take away."""
    found: set[str] = set()
    if not any(not selector.exclude for selector in selectors):
        found = set(all)
    for selector in selectors:
        if not selector.exclude:
            found |= _meant(members, selector, changed)
    for selector in selectors:
        if selector.exclude:
            found -= _meant(members, selector, changed)
    return sorted(found)


def below(needs: Mapping[str, Collection[str]], start: Iterable[str]) -> set[str]:
    """Everything that is needed, however far down, without ``start`` unless it is on a cycle."""
    found: set[str] = set()
    queue = [need for path in start for need in needs.get(path, ())]
    while queue:
        path = queue.pop()
        if path not in found:
            found.add(path)
            queue.extend(needs.get(path, ()))
    return found


def _meant(
    members: Members, selector: Selector, changed: Callable[[str], Collection[str]]
) -> set[str]:
    base = set(members.names)
    if selector.name:
        base &= _named(members, selector.name)
    if selector.folder:
        base &= _placed(members, selector.folder)
    if selector.ref:
        base &= {_owner(members, file) for file in changed(selector.ref)}
    found = set(base) if selector.itself else set()
    if selector.dependencies:
        found |= below(members.needs, base) - (set() if selector.itself else base)
    if selector.dependents:
        needed: dict[str, set[str]] = {}
        for path, needs in members.needs.items():
            for need in needs:
                needed.setdefault(need, set()).add(path)
        found |= below(needed, base) - (set() if selector.itself else base)
    return found


def _named(members: Members, pattern: str) -> set[str]:
    """A name without a scope means one with a scope where there is no other, and just one."""
    found = {path for path, name in members.names.items() if name and fnmatchcase(name, pattern)}
    if found or pattern.startswith("@") or "/" in pattern:
        return found
    scoped = [path for path, name in members.names.items() if fnmatchcase(name, f"@*/{pattern}")]
    return set(scoped) if len(scoped) == 1 else set()


def _placed(members: Members, folder: str) -> set[str]:
    """The member in a folder, else all below it; or what a pattern says."""
    if folder in members.names:
        return {folder}
    inside = f"{folder}/"
    return {path for path in members.names if path.startswith(inside) or matches([folder], path)}


def _owner(members: Members, file: str) -> str:
    """The member that a file is in: the innermost one, and the root for what is in none."""
    path = posixpath.dirname(file)
    while path and path not in members.names:
        path = posixpath.dirname(path)
    return path or "."
