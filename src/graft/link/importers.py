"""Where an importer's ``node_modules`` lies in its project, and how that is kept from leaving it.

Where a project has no ``package.json``, it has another name, the same for all its importers: that
is what ``name`` stands for here and in what uses this (``project.defaults.modules_folder``).

Importers are named by their path from the project's folder, ``/``-separated; ``.`` is the project
itself. Such names also come from records inside a project, which anyone may have written.
"""

from __future__ import annotations

import os

from graft.project.defaults import MODULES as MODULES
from graft.project.defaults import modules_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "."
STAGING = ".graft-staging"
# In it, graft keeps what it has made.
STATE_FOLDER = ".graft"
_MEMBER = "%"  # in front of a member's folder in the staging folder


def folder_of(project: str, importer: str) -> str:
    return project if importer == ROOT else os.path.join(project, importer)


def modules_of(project: str, importer: str, name: str = MODULES) -> str:
    return os.path.join(folder_of(project, importer), name)


def present_modules(project: str, importer: str) -> str:
    """The same for a project as it lies there. Raises what reading its ``graft.toml`` raises."""
    return modules_of(project, importer, modules_folder(project))


def owned(project: str, path: str, *, whole: bool = False) -> str:
    """Where writing to ``path`` would write, if that is the project's own; empty if it is not. All
    that writes or removes something in a project asks this first.

    A link to another place in the project is followed. With ``whole``, for what is switched or
    removed as it stands there, no link may be on the way. An absolute path that is not below the
    project is for whoever named it.
    """
    if whole:
        place = project
        for part in path.split("/"):
            place = os.path.join(place, part)
            if part in ("", "..") or os.path.islink(place):
                return ""
        return place
    full = os.path.normpath(os.path.join(project, path))
    if os.path.isabs(path) and not full.startswith(os.path.join(os.path.normpath(project), "")):
        return full
    real = os.path.realpath(full)
    return real if real.startswith(os.path.join(os.path.realpath(project), "")) else ""


def refuse_strange(project: str, path: str) -> None:
    """Raise ``link-refused`` where writing to ``path`` would write into what is not the project's
    own."""
    if not owned(project, path):
        from graft.base.diagnostics import GraftError

        full = os.path.join(project, path)
        raise GraftError(
            "link-refused",
            f"{os.path.relpath(full, project)} leads to {os.path.realpath(full)}, and graft writes "
            "only in the project",
            where=full,
            fix="put the file itself in the place of the link, or run graft where it lies",
        )


def is_own_folder(project: str, importer: str) -> bool:
    """Whether it is a folder of the project: there, and not behind a link."""
    is_package = MODULES in importer.split("/")
    return not is_package and os.path.isdir(owned(project, importer, whole=True))


def refuse_strange_importer(project: str, importer: str, name: str = MODULES) -> None:
    """Raise ``link-refused`` where nothing may be written for this importer."""
    if importer != ROOT and not is_own_folder(project, importer):
        from graft.base.diagnostics import GraftError

        raise GraftError(
            "link-refused",
            f"'{importer}' is no folder of this project, and graft writes only there",
            where=folder_of(project, importer),
            why=["it is not there, or it is a link, or lies behind one"],
            fix="make it a folder inside the project, or take it out of the workspace",
        )
    refuse_strange_modules(folder_of(project, importer), name)


def refuse_strange_modules(folder: str, name: str = MODULES) -> None:
    """A ``node_modules`` that is a link leads into somebody else's; nothing is written through. And
    whoever has a folder of another name has it for something else, unless graft made it."""
    modules = os.path.join(folder, name)
    if not os.path.lexists(modules):
        return
    from graft.base.diagnostics import GraftError

    if not owned(folder, name, whole=True):
        raise GraftError(
            "link-refused",
            f"{name} is a link to {os.readlink(modules)}, and graft writes only its own",
            where=modules,
            fix="remove the link (not what it leads to) and run 'graft install'",
        )
    if os.path.ismount(modules) or not os.path.isdir(modules):
        what = "a mount point" if os.path.ismount(modules) else "not a folder"
        raise GraftError(
            "link-refused",
            f"{name} is {what}, and cannot be switched for another in one step",
            where=modules,
            fix="mount the project's folder instead, or remove what is there",
        )
    if name != MODULES and os.listdir(modules) and not os.path.lexists(f"{modules}/{STATE_FOLDER}"):
        raise GraftError(
            "link-refused",
            f"{name} holds what graft did not make, and is where packages are to appear",
            where=modules,
            fix='name another folder in graft.toml: [install] folder = "…"',
        )


def staged_of(project: str, importer: str) -> str:
    """The importer's part of the staging folder: that folder itself, or one of its folders."""
    folder = os.path.join(project, STAGING)
    if importer == ROOT:
        return folder
    return os.path.join(folder, _MEMBER + importer.replace("%", "%25").replace("/", "%2F"))


def staged_importers(project: str) -> Iterator[str]:
    """The importers that have a part in the staging folder, the project itself last."""
    for name in sorted(os.listdir(os.path.join(project, STAGING))):
        importer = name[1:].replace("%2F", "/").replace("%25", "%")
        part = f"{STAGING}/{name}"
        if name[0] == _MEMBER and is_own_folder(project, importer) and is_own_folder(project, part):
            yield importer
    yield ROOT
