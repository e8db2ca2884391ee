"""Programs made ready to run in graft's place, and the running of them.

Everything is made ready first, so that what can fail does so before anything has run. The last
program of all then replaces graft: there is nothing left to do but to wait for it.
"""

from __future__ import annotations

import os
import sys

from graft import __version__
from graft.base.foreground import attend, become, end_like
from graft.base.programs import find_program
from graft.base.records import Record
from graft.scripts.environment import Tools
from graft.workflows.host import this_platform
from graft.workflows.lease import lease_modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from graft.base.diagnostics import Diagnostic


class Place(Record):
    """``folder`` is where to work and ``called_in`` where graft was called, both absolute.
    ``home`` is the user's."""

    folder: str
    called_in: str
    environ: Mapping[str, str]
    home: str

    @property
    def path(self) -> str:
        return self.environ.get("PATH", os.defpath)


class Job(Record):
    """A program by its path, with arguments and all of its environment. ``event`` is the script
    that it is, ``line`` what to show of it; both are empty for a tool."""

    program: str
    arguments: tuple[str, ...]
    environ: Mapping[str, str]
    event: str = ""
    line: str = ""


class Jobs(Record):
    """One after the other in ``folder``. ``notes`` are for the user to see."""

    folder: str
    jobs: tuple[Job, ...]
    notes: tuple[Diagnostic, ...] = ()


def carry_out(place: Place, jobs: Jobs, announce: Callable[[str], None]) -> int:
    """The exit code, if it returns: the last job replaces this process. The first that fails ends
    it. ``announce`` is told what is about to run, and what is not run any more."""
    unknown = lease_modules(place, jobs.folder)
    if unknown:
        from graft.workflows.missing import said_of_dangling

        said = said_of_dangling(unknown)
        if said:
            announce(said)
    os.chdir(jobs.folder)
    for at, job in enumerate(jobs.jobs):
        if job.line:
            announce("$ " + job.line.strip().replace("\n", "\n> "))
        if job is jobs.jobs[-1]:
            become(job.program, job.arguments, job.environ)
        code = attend(job.program, job.arguments, job.environ)
        if code:
            rest = ", ".join(f"'{later.event}'" for later in jobs.jobs[at + 1 :])
            how = f"exit code {code}" if code > 0 else f"signal {-code}"
            announce(f"'{job.event}' ended with {how}: not run: {rest}")
            return end_like(code)
    return 0


def shell_at(place: Place, name: str) -> str:
    """The shell's path. It is looked for where the user's programs are: a package's command that is
    called 'sh' is no shell. Raises ``command-missing``."""
    program = find_program(name, place.path)
    if program:
        return program
    from graft.base.diagnostics import GraftError

    raise GraftError(
        "command-missing",
        f"there is no program '{name}' to run scripts",
        where=place.folder,
        fix="correct 'script-shell' in .npmrc, or PATH",
    )


def tools_at(place: Place) -> Tools:
    """What scripts are told of the programs that they may call."""
    # Links to node are kept: a version manager's may be one program that goes by the name it is
    # called by.
    own = os.path.join(os.path.dirname(sys.executable), "graft")
    host = this_platform()
    return Tools(
        node=find_program("node", place.path),
        graft=find_program(own, "") or find_program("graft", place.path),
        user_agent=f"graft/{__version__} npm/? node/? {host.os} {host.cpu}",
    )
