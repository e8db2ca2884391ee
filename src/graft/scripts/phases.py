"""Which scripts a package runs when it is installed, and the digest by which they are approved.

The package's own files decide, as they lie in the store: what a registry says of scripts is a hint.
"""

from __future__ import annotations

import hashlib
import os

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_INSTALL = ("preinstall", "install", "postinstall")
_PREPARE = ("prepublish", "preprepare", "prepare", "postprepare", "prepack")
_GYP_FILE = "binding.gyp"
_GYP = "node-gyp rebuild"


class Phase(Record, kw_only=False):
    """A script by its name, and the line for the shell."""

    event: str
    line: str


def install_phases(data: Mapping[str, Any], files: Iterable[str]) -> tuple[Phase, ...]:
    """In the order in which they run. ``data`` is the package's ``package.json``, ``files`` the
    paths in its folder: with a ``binding.gyp`` and neither an ``install`` nor a ``preinstall``
    script, npm builds the addon, unless ``gypfile`` is false."""
    scripts = _lines(data)
    has_gyp = _GYP_FILE in files and data.get("gypfile") is not False
    if has_gyp and not (scripts.get("install") or scripts.get("preinstall")):
        scripts["install"] = _GYP
    return _phases(scripts, _INSTALL)


def prepare_phases(data: Mapping[str, Any]) -> tuple[Phase, ...]:
    """What makes of a package that comes as a repository what would be published: what npm runs
    when it installs in one, then what is run before packing.
    Its development dependencies have to be there."""
    return _phases(_lines(data), _PREPARE)


def scripts_digest(phases: Iterable[Phase]) -> str:
    """64 hex digits. A script that is added, taken away or changed changes them."""
    text = "\x1e".join(f"{phase.event}\0{phase.line}" for phase in phases)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _lines(data: Mapping[str, Any]) -> dict[str, str]:
    scripts = data.get("scripts")
    return dict(scripts) if isinstance(scripts, dict) else {}


def _phases(scripts: Mapping[str, object], events: Iterable[str]) -> tuple[Phase, ...]:
    return tuple(
        Phase(event, line)
        for event in events
        if isinstance(line := scripts.get(event), str) and line.strip() and _can_run(line)
    )


def _can_run(line: str) -> bool:
    try:
        return b"\0" not in os.fsencode(line)
    except UnicodeEncodeError:
        return False
