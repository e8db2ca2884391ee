"""Where an importer's ``node_modules`` lies in its project, and how that is kept from leaving it.

Importers are named by their path from the project's folder, ``/``-separated; ``.`` is the project
itself. Such names also come from records inside a project, which anyone may have written.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "."
MODULES = "node_modules"
STAGING = ".graft-staging"
_MEMBER = "%"  # in front of a member's folder in the staging folder


def folder_of(project: str, importer: str) -> str:
    return project if importer == ROOT else os.path.join(project, importer)


def modules_of(project: str, importer: str) -> str:
    return os.path.join(folder_of(project, importer), MODULES)


def is_own_folder(project: str, importer: str) -> bool:
    """Whether it is a folder of the project: there, and not behind a link."""
    path = project
    for part in importer.split("/"):
        path = os.path.join(path, part)
        if part in ("", "..", MODULES) or os.path.islink(path) or not os.path.isdir(path):
            return False
    return True


def refuse_strange_importer(project: str, importer: str) -> None:
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
    refuse_strange_modules(folder_of(project, importer))


def refuse_strange_modules(folder: str) -> None:
    """A ``node_modules`` that is a link leads into somebody else's; nothing is written through."""
    modules = os.path.join(folder, MODULES)
    if not os.path.lexists(modules):
        return
    from graft.base.diagnostics import GraftError

    if os.path.islink(modules):
        raise GraftError(
            "link-refused",
            f"node_modules is a link to {os.readlink(modules)}, and graft writes only its own",
            where=modules,
            fix="remove the link (not what it leads to) and run 'graft install'",
        )
    if os.path.ismount(modules) or not os.path.isdir(modules):
        what = "a mount point" if os.path.ismount(modules) else "not a folder"
        raise GraftError(
            "link-refused",
            f"node_modules is {what}, and cannot be switched for another in one step",
            where=modules,
            fix="mount the project's folder instead, or remove what is there",
        )


def inside(project: str, path: str) -> str:
    """The file that ``path``, below the project, comes to: a link may lead to another place in the
    project, and stays. Empty where it leads out of it."""
    real = os.path.realpath(os.path.join(project, path))
    return real if real.startswith(os.path.join(os.path.realpath(project), "")) else ""


def refuse_strange_file(project: str, path: str) -> None:
    """Raise ``link-refused`` where writing a file of the project would write somewhere else."""
    if not inside(project, path):
        from graft.base.diagnostics import GraftError

        real = os.path.realpath(os.path.join(project, path))
        raise GraftError(
            "link-refused",
            f"{path} leads to {real}, and graft writes only in the project",
            where=os.path.join(project, path),
            fix="put the file itself in the place of the link, or run graft where it lies",
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
