"""``run``: a script of the project, with its pre and post scripts."""

from __future__ import annotations

import os

from graft.project.script_settings import read_script_settings
from graft.scripts.environment import script_environment
from graft.scripts.package import read_package
from graft.scripts.steps import steps_of
from graft.workflows.jobs import Job, Jobs, shell_at, tools_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from graft.scripts.steps import Step
    from graft.workflows.jobs import Place


def script_jobs(
    place: Place,
    name: str,
    arguments: Sequence[str],
    *,
    command: str,
    has_hooks: bool = True,
    if_present: bool = False,
) -> Jobs:
    """``command`` is graft's, in npm's words. With ``if_present``, nothing for no such script.

    Raises ``script-missing``, ``command-missing`` for the shell, and as ``read_package`` and
    ``read_script_settings`` do.
    """
    package = read_package(place.folder)
    settings = read_script_settings(place.folder, place.environ, place.home)
    steps = steps_of(
        package.scripts,
        name,
        arguments,
        has_hooks=has_hooks and settings.has_hooks,
        has_server=os.path.isfile(os.path.join(place.folder, "server.js")),
    )
    if steps is None and not if_present:
        from graft.workflows.missing import script_missing

        raise script_missing(name, package.scripts, package.path, place.folder)
    shell, tools = shell_at(place, settings.shell), tools_at(place)

    def job(step: Step) -> Job:
        environ = script_environment(
            place.environ,
            package,
            tools,
            folder=place.folder,
            called_in=place.called_in,
            command=command,
            event=step.event,
            script=step.text,
            node_options=settings.node_options,
        )
        return Job(
            program=shell,
            arguments=("-c", step.line),
            environ=environ,
            event=step.event,
            line=step.line,
        )

    return Jobs(folder=place.folder, jobs=tuple(map(job, steps or ())), notes=settings.notes)
