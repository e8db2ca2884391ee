"""What to say where a script or a command is not there: what was meant, or where it is."""

from __future__ import annotations

import os

from graft.base.diagnostics import GraftError
from graft.project.defaults import sound_modules_folder
from graft.workflows.broken_links import broken_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def script_missing(name: str, scripts: Mapping[str, str], path: str, folder: str) -> GraftError:
    from graft.base.suggestions import nearest

    near = nearest(name, scripts)
    fix = "'graft run' lists the scripts"
    if near:
        fix = f"did you mean 'graft run {near}'?"
    elif os.path.exists(os.path.join(folder, sound_modules_folder(folder), ".bin", name)):
        fix = f"'graft exec {name}' runs the command of that name"
    elif not scripts:
        fix = f'add "scripts": {{"{name}": "…"}} to package.json'
    return GraftError("script-missing", f"there is no script '{name}'", where=path, fix=fix)


def command_missing(name: str, folders: Iterable[str], where: str) -> GraftError:
    from graft.base.suggestions import did_you_mean

    commands = {command for folder in folders for command in _listed(folder)}
    near = did_you_mean(name, commands)
    fix = f"'graft x {name}' fetches a package for this once, 'graft add -D' for good"
    if name in commands:
        fix = f"run 'graft install': the link to '{name}' leads to nothing"
    elif near:
        fix = near
    elif "/" in name:
        fix = "name a file that can be executed, or a command without a slash"
    return GraftError("command-missing", f"there is no command '{name}'", where=where, fix=fix)


def said_of_dangling(folder: str) -> str:
    """What the user is told if links of graft's in a project lead to nothing; else nothing."""
    broken = list(broken_links(folder))
    if not broken:
        return ""
    more = f" ({len(broken)} in all)" if broken[1:] else ""
    return f"note: {broken[-1]}{more}: 'graft install' mends that"


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
