"""``graft run NAME`` where it is one script and nothing else has a say.

Imports nothing that takes time. What is unusual, errors among it, is left to the full command;
nothing has run by then.
"""

from __future__ import annotations

import os
import sys

from graft.project.defaults import home_folder
from graft.workflows.jobs import Place, carry_out
from graft.workflows.run import script_jobs

# Commands that are scripts, with their aliases, as far as this road knows them.
_NAMED = {"test": "test", "t": "test", "start": "start", "stop": "stop"}


def run_shortest(arguments: list[str]) -> int | None:
    """None if the full command has to look at it."""
    command, *tail = arguments
    # A flag may be graft's own: in front of a name, or behind one that is a command itself.
    if tail[:1] and tail[0].startswith("-"):
        return None
    if command in _NAMED:
        command = _NAMED[command]
        tail = [command, *tail]
    else:
        command = "run"
    if not tail or tail[1:2] in (["--"], ["--if-present"]):
        return None
    folder = os.getcwd()
    place = Place(folder=folder, called_in=folder, environ=os.environ, home=home_folder())
    try:
        jobs = script_jobs(place, tail[0], tail[1:], command=command)
        if len(jobs.jobs) != 1 or jobs.notes:
            return None
        return carry_out(place, jobs, lambda line: print(line, file=sys.stderr))
    except Exception:
        return None
