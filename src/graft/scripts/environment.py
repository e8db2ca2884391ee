"""The environment that scripts and tools get: npm's, without its settings.

npm hands its settings on as ``npm_config_…``. Here none is added but the user agent: whoever wants
settings reads the files where they are, and no token comes into an environment that it was not in.
"""

from __future__ import annotations

import os

from graft.base.records import Record
from graft.project.defaults import sound_modules_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from graft.scripts.package import Package

# Of another package, where one script runs another project's.
_STALE = ("npm_package_", "npm_lifecycle_")
_FIELDS = ("name", "version", "config", "engines")


class Tools(Record):
    """Absolute paths of the programs ``node`` and ``graft``, either empty if unknown, and what
    graft calls itself."""

    node: str
    graft: str
    user_agent: str


def script_environment(
    environ: Mapping[str, str],
    package: Package,
    tools: Tools,
    *,
    folder: str,
    called_in: str,
    command: str,
    event: str,
    script: str,
    node_options: str = "",
    bins: tuple[str, ...] = (),
) -> dict[str, str]:
    """``environ`` and what npm adds to it. ``folder`` is where the script runs, ``called_in`` where
    graft was called, ``command`` graft's, in npm's words; ``bins`` go first on the path."""
    made = {name: value for name, value in environ.items() if not name.startswith(_STALE)}
    said = {field: package.data[field] for field in _FIELDS if field in package.data}
    fields = _flat(said | {"bin": dict(package.bins)}, "npm_package_")
    made |= {name: value for name, value in fields if _can_be_said(name, value)}
    if package.path:
        made["npm_package_json"] = package.path
    if tools.node:
        made["NODE"] = made["npm_node_execpath"] = tools.node
    if tools.graft:
        made["npm_execpath"] = tools.graft
    if node_options:
        made["NODE_OPTIONS"] = node_options
    if folder != called_in:
        made["PWD"] = folder
    return made | {
        "INIT_CWD": called_in,
        "PATH": search_path(folder, environ.get("PATH", os.defpath), bins),
        "npm_command": command,
        "npm_config_user_agent": tools.user_agent,
        "npm_lifecycle_event": event,
        "npm_lifecycle_script": script,
    }


def search_path(folder: str, path: str, bins: tuple[str, ...] = ()) -> str:
    """``path`` behind the commands of the project and of every folder above it."""
    return os.pathsep.join((*bins, *bin_folders(folder), path))


def bin_folders(folder: str) -> Iterator[str]:
    """``node_modules/.bin``, or what a project has in its place, of a folder and of all above it,
    whether they are there or not."""
    while True:
        yield os.path.join(folder, sound_modules_folder(folder), ".bin")
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _flat(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Fields as variables, in npm's way: ``config: {a: [1, 2]}`` is ``config_a_0`` and ``_1``."""
    for key, inner in value.items():
        if isinstance(inner, list):
            inner = {str(index): item for index, item in enumerate(inner)}
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{key}_")
        else:
            yield f"{prefix}{key}", _text(inner)


def _text(value: Any) -> str:
    """As JavaScript writes it, and nothing for null and false."""
    if value is None or value is False:
        return ""
    if value is True:
        return "true"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return str(value)


def _can_be_said(name: str, value: str) -> bool:
    """Whether a system can hold it: a JSON text may have what no variable can."""
    try:
        said = os.fsencode(name + value)
    except UnicodeEncodeError:
        return False
    return b"\0" not in said and "=" not in name
