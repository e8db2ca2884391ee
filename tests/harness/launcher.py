"""The launcher (bin/graft), beside a ``python`` that only leaves a mark: to tell who answered."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.project import Project

LAUNCHER = Path(__file__).resolve().parents[2] / "bin" / "graft"


def wait_for_stamp(project: Project, folder: str = "node_modules") -> None:
    for _ in range(50):
        project.graft("install")
        if project.exists(f"{folder}/.graft/stamp"):
            return
    raise AssertionError("no stamp")


def needs_python(
    project: Project, *arguments: str, env: dict[str, str | None] | None = None
) -> bool:
    folder = project.machine.root / "bin"
    if not folder.exists():
        folder.mkdir()
        shutil.copy(LAUNCHER, folder / "graft")
        (folder / "python").write_text("#!/bin/sh\necho python\n")
        (folder / "python").chmod(0o755)
    command = [str(folder / "graft"), *(arguments or ("install",))]
    result = project.machine.run(command, cwd=project.dir, env=env)
    assert (result.stdout == "python\n") != ("up to date" in result.stderr)
    return result.stdout == "python\n"
