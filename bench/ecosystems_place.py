"""Where a fixture is installed: a world of its own, in which nothing is found by accident.

Node.js looks for packages in every folder above the one that asks, and a package in the store is
asked from there. So neither the place nor a folder above it may hold packages, home and temporary
folder are private, and of the environment no more is passed on than the way to the network.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecosystems_fixture import DATA, Fixture
from install_place import delete
from install_tools import UnusableError, environment, registry_words

_SHOWN = 24
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_TRACES = ("node_modules", "package.json")
# The superuser may write what is read-only, and no user of graft is one: these make the difference.
_POWERS = "-dac_override,-dac_read_search,-fowner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that came to its end; ``words`` is all it printed, ``out`` its stdout alone."""

    code: int
    out: str
    words: str

    def reason(self) -> str:
        """The last lines that say something: without colours, and without where in the code."""
        words = _COLOUR.sub("", self.words)
        lines = [line.rstrip() for line in words.splitlines() if line.strip()]
        said = [line for line in lines if not line.lstrip().startswith("at ")]
        return "\n".join([f"exit code {self.code}", *said[-_SHOWN:]])


class Place:
    """``store`` is kept by whoever gives it; without one the place has its own."""

    def __init__(self, work: Path, npmrc: str, store: Path | None) -> None:
        work.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="ecosystems-", dir=work.resolve()))
        self._folder = folder
        deep = folder / os.urandom(4).hex() / os.urandom(4).hex()
        self.home, self.temporary = deep / "home", deep / "tmp"
        self.store = store or deep / "store"
        self.project = deep / "projects" / os.urandom(4).hex()
        for path in (self.home, self.temporary, self.project.parent, self.store):
            path.mkdir(parents=True, exist_ok=True)
        _assert_alone(self.project.parent, self.store)
        (self.home / ".npmrc").write_text(npmrc)
        self._npmrc = npmrc

    def put(self, fixture: Fixture) -> None:
        """A fresh copy of the fixture is the project, below a name that no other had."""
        self.project = self.project.with_name(os.urandom(4).hex())
        leave_out = shutil.ignore_patterns("node_modules", DATA, "*-lock.json")
        shutil.copytree(fixture.folder, self.project, ignore=leave_out)

    def run(
        self, command: Sequence[str], *, timeout: float, env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command in the project; whatever it started has ended when this returns."""
        world = environment(self.home) | {
            "GRAFT_HOME": str(self.store),
            "TMPDIR": str(self.temporary),
            "CI": "1",
        }
        with tempfile.TemporaryFile(dir=self.temporary) as out, tempfile.TemporaryFile() as words:
            process = subprocess.Popen(
                [*_without_powers(), *command],
                cwd=self.project,
                env=world | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=words,
                start_new_session=True,
            )
            late = ""
            try:
                process.wait(timeout)
            except subprocess.TimeoutExpired:
                late = f"\nended after {timeout:.0f} s"
            finally:
                _end(process)
            printed = [_text(file) for file in (out, words)]
        return Ended(code=process.returncode, out=printed[0], words="\n".join(printed) + late)

    def shown(self, text: str) -> str:
        """The text without where this place happens to be, and without the registry's name."""
        for name in ("project", "store", "home", "temporary"):
            text = text.replace(str(getattr(self, name).resolve()), f"<{name}>")
        for word in registry_words(self._npmrc):
            text = text.replace(word, "<registry>")
        return text

    def leave(self) -> None:
        delete(self._folder)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and all that it left running."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def _text(file: object) -> str:
    assert hasattr(file, "seek") and hasattr(file, "read")
    file.seek(0)
    data: bytes = file.read()
    return data.decode(errors="replace")


def _assert_alone(*folders: Path) -> None:
    for folder in folders:
        for above in (folder, *folder.parents):
            for name in _TRACES:
                if os.path.lexists(above / name):
                    raise UnusableError(f"{above} holds a {name}: choose another --work")


def _without_powers() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--bounding-set", _POWERS, "--"] if os.geteuid() == 0 and setpriv else []
