"""The settings that have a say in how the project's own scripts run."""

from __future__ import annotations

from graft.base.records import Record
from graft.project.defaults import glance, npmrc_files, sets_anything

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from graft.base.diagnostics import Diagnostic

_KEYS = ("script-shell", "ignore-scripts", "node-options")


class ScriptSettings(Record):
    """``shell`` is a name or a path, ``has_hooks`` whether pre and post scripts run. ``notes`` are
    about these settings alone."""

    shell: str = "sh"
    has_hooks: bool = True
    node_options: str = ""
    notes: tuple[Diagnostic, ...] = ()


def read_script_settings(folder: str, environ: Mapping[str, str], home: str) -> ScriptSettings:
    """Raises ``settings-unreadable``."""
    if not _says_anything(folder, environ, home):
        return ScriptSettings()
    from graft.project.npmrc import read_npmrc
    from graft.project.settings import settings_files
    from graft.project.values import boolean

    global_file = npmrc_files(folder, environ, home)[0]
    files = settings_files(folder, environ, home, [global_file] if global_file else [])
    npmrc = read_npmrc(files, environ, {})
    return ScriptSettings(
        shell=npmrc.get("script-shell") or "sh",
        has_hooks=not boolean(npmrc, "ignore-scripts"),
        node_options=npmrc.get("node-options"),
        notes=tuple(
            note for note in npmrc.notes if any(f"'{key}'" in note.message for key in _KEYS)
        ),
    )


def _says_anything(folder: str, environ: Mapping[str, str], home: str) -> bool:
    """A glance, before which nothing that takes time is loaded; in doubt true."""
    if sets_anything(environ):
        return True
    files = [glance(path) for path in npmrc_files(folder, environ, home)]
    return any(key.encode() in text or b"\\" in text for text in files for key in _KEYS)
