"""``exec``: a tool, or a line of shell, in the environment of the project's scripts."""

from __future__ import annotations

import os

from graft.base.programs import find_program
from graft.project.script_settings import read_script_settings
from graft.scripts.environment import bin_folders, script_environment
from graft.scripts.package import find_package
from graft.scripts.steps import quoted
from graft.workflows.jobs import Job, Jobs, shell_at, tools_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from graft.project.script_settings import ScriptSettings
    from graft.workflows.jobs import Place

# What npm calls a script that is none.
_EVENT = "npx"


def tool_jobs(place: Place, words: Sequence[str], *, bins: tuple[str, ...] = ()) -> Jobs:
    """A command with its arguments, found in ``bins``, in ``node_modules/.bin`` of the folder and
    of those above it, or on the path. Raises ``command-missing``."""
    name, *arguments = words
    settings = read_script_settings(place.folder, place.environ, place.home)
    environ = _environment(place, settings, quoted(name), bins)
    # A path means a file of the folder that it shall run in.
    wanted = os.path.join(place.folder, name) if "/" in name else name
    program = find_program(wanted, environ["PATH"])
    if not program:
        from graft.workflows.missing import command_missing

        raise command_missing(name, (*bins, *bin_folders(place.folder)), place.folder)
    job = Job(program=program, arguments=tuple(arguments), environ=environ)
    return Jobs(folder=place.folder, jobs=(job,), notes=settings.notes)


def line_jobs(place: Place, line: str) -> Jobs:
    """A line for the shell. Raises ``command-missing`` where there is none."""
    settings = read_script_settings(place.folder, place.environ, place.home)
    job = Job(
        program=shell_at(place, settings.shell),
        arguments=("-c", line),
        environ=_environment(place, settings, line, ()),
    )
    return Jobs(folder=place.folder, jobs=(job,), notes=settings.notes)


def _environment(
    place: Place, settings: ScriptSettings, script: str, bins: tuple[str, ...]
) -> dict[str, str]:
    return script_environment(
        place.environ,
        find_package(place.folder),
        tools_at(place),
        folder=place.folder,
        called_in=place.called_in,
        command="exec",
        event=_EVENT,
        script=script,
        node_options=settings.node_options,
        bins=bins,
    )
