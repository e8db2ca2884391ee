"""Which workspaces packages may be taken from, and how: flags before the environment, before
``[deps-source]`` of the project's ``graft.toml``, before the user's own.

A project may name its parents, by paths relative to it, and nothing more: whether anything there is
believed without being looked at is for the user to say, and what a repository names gives no bytes
to the store that other projects use.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import Record
from graft.project.defaults import DONORS

TABLE = DONORS
VARIABLE = "GRAFT_DEPS_SOURCE"
MODES = ("link", "copy", "reflink", "auto")
_KEYS = ("path", "mode", "modes", "trust", "include", "exclude")


class Donor(Record):
    """``path`` is absolute, as somebody wrote it. ``where`` says who did; ``vouched`` that this was
    no repository. ``include`` and ``exclude`` are patterns of names; nothing to include is all.
    ``modes`` are by patterns of names, the empty one for all; none where nobody said how packages
    are to be taken."""

    path: str
    where: str
    modes: Mapping[str, str] = {}
    trust: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    vouched: bool = True

    def serves(self, name: str) -> bool:
        included = not self.include or any(fnmatchcase(name, each) for each in self.include)
        return included and not any(fnmatchcase(name, each) for each in self.exclude)


class DonorOptions(Record):
    """What flags and environment say. ``paths`` are absolute; ``modes`` are by patterns of names,
    with an empty one for all. ``requires`` fails instead of fetching; ``takes_versions`` prefers
    the versions of the parents' locks; ``searches`` looks for other checkouts of the same
    repository. ``explains`` reports each package."""

    paths: tuple[str, ...] = ()
    where: str = ""
    modes: Mapping[str, str] = {}
    trust: bool = False
    requires: bool = False
    takes_versions: bool = False
    explains: bool = False
    searches: bool = True
    level: str = "shape"

    def mode_of(self, name: str, donor: Donor | None = None) -> str:
        """What was said, of this package or of all; empty for nothing."""
        return _mode_in(self.modes, name) or (_mode_in(donor.modes, name) if donor else "")


class Donors(Record):
    donors: tuple[Donor, ...]
    notes: tuple[Diagnostic, ...] = ()


def donors_in_force(
    options: DonorOptions,
    project: Mapping[str, Any],
    folder: str,
    user_config: str,
) -> Donors:
    """``project`` is what the project's ``graft.toml`` holds. Raises ``settings-unreadable``."""
    if options.paths:
        donors = [Donor(path=p, where=options.where, trust=options.trust) for p in options.paths]
        return Donors(donors=tuple(donors))
    if TABLE in project:
        return _of_project(project[TABLE], folder, options.trust)
    return Donors(donors=_of_user(user_config, options.trust))


def _mode_in(modes: Mapping[str, str], name: str) -> str:
    """The first pattern that is for this package says it, and what is said for all only then."""
    fitting = (mode for pattern, mode in modes.items() if pattern and fnmatchcase(name, pattern))
    return next(fitting, "") or modes.get("", "")


def read_modes(said: Iterable[str]) -> dict[str, str]:
    """``copy`` is for all packages, ``lodash=copy`` for one. Raises ``usage``."""
    modes = {}
    for text in said:
        name, _, mode = text.rpartition("=")
        if mode not in MODES:
            raise GraftError(
                "usage",
                f"--deps-source-mode: '{mode}' is none of {', '.join(MODES)}",
                fix="for one package: --deps-source-mode lodash=copy",
            )
        modes[name] = mode
    return modes


def _of_project(said: Any, folder: str, trust: bool) -> Donors:
    where = os.path.join(folder, "graft.toml")
    notes = []
    donors = []
    for table in _tables(said, where):
        if table.get("trust"):
            notes.append(
                Diagnostic(
                    code="setting-in-project",
                    message="ignored 'trust': a project may not set it",
                    where=where,
                    why=("packages would be run as they lie there, whatever the lock says",),
                    fix="if you want it, say --trust-deps-source",
                )
            )
        path = table["path"]
        if os.path.isabs(path) or path.startswith("~"):
            raise _unreadable(where, f"'{path}' is not relative to the project")
        donors.append(_donor(table, os.path.join(folder, path), where, trust=trust, vouched=False))
    return Donors(donors=tuple(donors), notes=tuple(notes))


def _of_user(path: str, trust: bool) -> tuple[Donor, ...]:
    from graft.base.files import read_file

    data = read_file(path) if path else None
    if not data or TABLE.encode() not in data:
        return ()
    import tomllib

    try:
        said = tomllib.loads(data.decode())
    except ValueError as error:
        raise _unreadable(path, str(error)) from error
    found = []
    for table in _tables(said.get(TABLE, []), path):
        at = os.path.expanduser(table["path"])
        if not os.path.isabs(at):
            raise _unreadable(path, f"'{at}' is not an absolute path")
        found.append(_donor(table, at, path, trust=trust or table.get("trust", False)))
    return tuple(found)


def _donor(
    table: Mapping[str, Any], path: str, where: str, *, trust: bool, vouched: bool = True
) -> Donor:
    return Donor(
        path=path,
        where=where,
        modes={**table.get("modes", {}), "": table.get("mode", "")},
        trust=trust,
        include=tuple(table.get("include", ())),
        exclude=tuple(table.get("exclude", ())),
        vouched=vouched,
    )


def _tables(said: Any, where: str) -> list[Mapping[str, Any]]:
    """One table, or a list of them, each checked."""
    tables = said if isinstance(said, list) else [said]
    for table in tables:
        if not isinstance(table, dict) or not isinstance(table.get("path"), str):
            raise _unreadable(where, f"[{TABLE}] needs a path")
        unknown = sorted(table.keys() - set(_KEYS))
        if unknown:
            raise _unreadable(where, f"[{TABLE}] has no '{unknown[0]}': {', '.join(_KEYS)}")
        modes = table.get("modes", {})
        said = [table.get("mode", MODES[0]), *(modes.values() if isinstance(modes, dict) else [""])]
        if any(mode not in MODES for mode in said):
            raise _unreadable(where, f"[{TABLE}] a mode is one of {', '.join(MODES)}")
        for key in ("include", "exclude"):
            names = table.get(key, [])
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise _unreadable(where, f"[{TABLE}] {key} is no list of names")
    return tables


def _unreadable(where: str, message: str) -> GraftError:
    return GraftError(
        "settings-unreadable", message, where=where, fix="mend the file; nothing was changed"
    )
