"""What running something needs to know of a ``package.json``."""

from __future__ import annotations

import os

from graft.base.files import read_file
from graft.base.light_json import read_json
from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class Package(Record):
    """``path`` is where the file is, or empty where there is none; ``data`` is the document."""

    path: str
    data: Mapping[str, Any]
    scripts: Mapping[str, str]

    @property
    def bins(self) -> Mapping[str, str]:
        """Command -> path in the package."""
        name, said = self.data.get("name", ""), self.data.get("bin", {})
        if isinstance(said, str) and isinstance(name, str):
            said = {name.rpartition("/")[2]: said}
        if not isinstance(said, dict):
            return {}
        return {command: path for command, path in said.items() if isinstance(path, str)}


NO_PACKAGE = Package(path="", data={}, scripts={})


def read_package(folder: str) -> Package:
    """Dependencies are not looked at: a script may be what mends them.

    Raises ``manifest-missing``, ``manifest-unreadable`` or ``manifest-invalid``.
    """
    path = os.path.join(folder, "package.json")
    raw = read_file(path)
    try:
        data = read_json(raw or b"")
    except ValueError:
        data = None
    if not isinstance(data, dict):
        from graft.project.manifest import read_manifest

        data = read_manifest(folder).data  # which says what is wrong
    return Package(path=path, data=data, scripts=_scripts(data, path))


def find_package(folder: str) -> Package:
    """That of the nearest folder upward that has one, if it is sound, or ``NO_PACKAGE``."""
    while True:
        above = os.path.dirname(folder)
        if above == folder or os.path.isfile(os.path.join(folder, "package.json")):
            return sound_package(folder)
        folder = above


def sound_package(folder: str) -> Package:
    """As ``read_package``, or ``NO_PACKAGE``: for what can do without."""
    if not os.path.isfile(os.path.join(folder, "package.json")):
        return NO_PACKAGE
    try:
        return read_package(folder)
    except Exception:  # to name it, diagnostics would have to be loaded
        return NO_PACKAGE


def _scripts(data: Mapping[str, Any], path: str) -> dict[str, str]:
    scripts = data.get("scripts", {})
    if not isinstance(scripts, dict):
        raise _invalid(path, "scripts is not an object of name: command")
    for name, text in scripts.items():
        if not _is_line(text):
            raise _invalid(path, f"scripts: '{name}' is not a text that a shell could read")
    return scripts


def _is_line(text: object) -> bool:
    """Whether a shell could be given it: a JSON text may hold what no argument can."""
    try:
        return isinstance(text, str) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _invalid(path: str, why: str) -> Exception:
    from graft.base.diagnostics import GraftError

    return GraftError(
        "manifest-invalid",
        "package.json is not what it should be",
        where=path,
        why=(why,),
        fix="correct the lines above",
    )
