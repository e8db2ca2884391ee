"""Whether there is a sandbox here, and what has to do where there is none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.processes import run
from graft.base.programs import find_program
from graft.base.records import Record
from graft.scripts.sandbox import confined

_PROBE_SECONDS = 10.0
INSTALL_BUBBLEWRAP = (
    "install bubblewrap: 'apt install bubblewrap', or your system's package of that name"
)


class Confinement(Record):
    """``bubblewrap`` is its path, or empty; then ``prefix`` goes before a command instead, and
    ``why`` says why there is no sandbox."""

    bubblewrap: str = ""
    prefix: tuple[str, ...] = ()
    why: str = ""

    def note(self, subjects: str) -> tuple[Diagnostic, ...]:
        """For packages whose scripts have run. Nothing where they were in a sandbox."""
        if self.bubblewrap:
            return ()
        return (
            Diagnostic(
                code="build-unconfined",
                message=f"scripts of {subjects} ran without a sandbox, with all that you may do",
                why=(self.why,),
                fix=f"{INSTALL_BUBBLEWRAP}; sandbox=required in ~/.npmrc insists on it",
            ),
        )


def confinement(wanted: str, environ: Mapping[str, str]) -> Confinement:
    """``wanted`` is the setting: ``auto``, ``required`` or ``off``. Raises ``sandbox-missing``."""
    path = environ.get("PATH", os.defpath)
    # Scripts cannot gain rights through programs that have more, such as sudo.
    setpriv = find_program("setpriv", path)
    prefix = (setpriv, "--no-new-privs", "--") if setpriv else ()
    if wanted == "off":
        return Confinement(prefix=prefix, why="your settings say sandbox=off")
    bubblewrap = find_program("bwrap", path)
    why = _fault(bubblewrap, environ) if bubblewrap else "there is no program 'bwrap' here"
    if not why:
        return Confinement(bubblewrap=bubblewrap)
    if wanted == "required":
        raise GraftError(
            "sandbox-missing",
            "there is no sandbox for the scripts of packages, and sandbox=required is set",
            why=[why],
            fix=INSTALL_BUBBLEWRAP,
        )
    return Confinement(prefix=prefix, why=why)


def _fault(bubblewrap: str, environ: Mapping[str, str]) -> str:
    """Why it does not work here, as in a container that may make no name spaces; or empty."""
    with tempfile.TemporaryDirectory(prefix="graft-") as folder:
        os.mkdir(f"{folder}/tmp")
        command = confined(
            bubblewrap, ["true"], folder=folder, scratch=folder, readable=(), network=False
        )
        done = run(command, cwd=folder, environ=environ, timeout=_PROBE_SECONDS)
    if done.status == 0:
        return ""
    lines = done.stderr.strip().splitlines() or [f"exit code {done.status}"]
    return f"bubblewrap does not work here: {lines[-1]}"
