"""graft that dies at a named point, as in a power cut."""

from __future__ import annotations

import sys
from typing import Literal

from harness.project import Project

_WRAPPER = """\
import sys
from graft.base import faults

name, occurrence, rename, *arguments = sys.argv[1:]
faults.arm(name, int(occurrence))
if rename == "two-steps":
    import graft.link.commit, graft.link.entries
    graft.link.commit.exchange = graft.link.entries.exchange = lambda *paths: False
sys.argv = ["graft", *arguments]
from graft.__main__ import main
sys.exit(main())
"""

Rename = Literal["one-step", "two-steps"]


def crash(
    project: Project, point: str, occurrence: int, *arguments: str, rename: Rename = "one-step"
) -> None:
    """Run graft until it comes to ``point`` for that time; fails if it never does.

    ``rename`` says whether the system can exchange two folders in one step.
    """
    command = [sys.executable, "-P", "-c", _WRAPPER, point, str(occurrence), rename, *arguments]
    result = project.machine.run(command, cwd=project.dir, check=False)
    assert result.code == -9, f"{point} was not reached\n{result}"
