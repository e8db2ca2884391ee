"""A script of a user at work: the packages of one release, a sandbox, a limited time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO

from graft.base.diagnostics import GraftError
from graft.base.processes import Group
from graft.base.programs import find_program
from graft.base.records import Record
from graft.fleet.host.lease import Lease, lease
from graft.fleet.host.root import HostRoot, SetRoot, read_note
from graft.fleet.run.captured import Captured
from graft.fleet.run.enforcement import Enforcement, enforced, refused
from graft.fleet.run.environment import run_environment
from graft.fleet.run.policy import Policy
from graft.fleet.run.scratch import add_files, add_packages, scratch
from graft.link.importers import MODULES
from graft.link.state import read_state
from graft.scripts.build_environment import CERTIFICATES
from graft.scripts.sandbox import confined
from graft.store.paths import Store

_GRACE_SECONDS = 2.0
DESIRED = "desired"


class Wanted(Record):
    """What to run: ``command`` in ``folder``, or in the run's own folder where that is empty, which
    has ``files`` by name. ``environ`` is the caller's, of which ``asked`` names are handed on;
    ``variables`` are said anew. ``expect`` is a hash, ``desired``, or empty for whatever release is
    current. Without ``capture``, the script has the streams of this process."""

    command: tuple[str, ...]
    policy: Policy
    environ: Mapping[str, str]
    asked: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    folder: str = ""
    files: Mapping[str, str] = {}
    expect: str = ""
    capture: bool = False
    input: BinaryIO | int | None = None


class Ran(Record):
    """What came of it. ``release`` is the one that it ran with, ``exit_code`` 128 and the number
    for a signal. ``stdout`` and ``stderr`` are what was captured, or the beginning
    where ``truncated``. ``timed_out`` runs were ended."""

    set: str
    release: str
    exit_code: int
    timed_out: bool
    milliseconds: int
    enforcement: Enforcement
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "set": self.set,
            "release": self.release,
            "exitCode": self.exit_code,
            "timedOut": self.timed_out,
            "milliseconds": self.milliseconds,
            "enforcement": self.enforcement.as_json(),
            "stdout": self.stdout.decode(errors="replace"),
            "stderr": self.stderr.decode(errors="replace"),
            "truncated": self.truncated,
        }

    def check(self) -> None:
        """Raises ``fleet-run-timeout``."""
        if self.timed_out:
            raise GraftError(
                "fleet-run-timeout",
                "the script took longer than it may, and was ended",
                where=f"{self.set} {self.release}",
                why=[f"it had run for {self.milliseconds / 1000:.1f} seconds"],
                fix="give it more time with --timeout, or 0 for as long as it likes",
            )


def run_script(
    root: str,
    set: str,
    wanted: Wanted,
    *,
    started: Callable[[Group], None] = lambda _: None,
) -> Ran:
    """Run to the end, with what is current of the package set now; a switch meanwhile changes
    nothing. ``started`` is told what runs, to send it signals.

    Raises ``fleet-not-ready``, ``fleet-run-refused`` and ``command-missing``.
    """
    at = HostRoot(root).set(set)
    note = read_note(at)
    expected = note.desired if wanted.expect == DESIRED else wanted.expect
    with ExitStack() as stack:
        held = stack.enter_context(lease(root, set, expected))
        enforcement = enforced(wanted.policy, wanted.environ)
        if enforcement.bubblewrap:
            _check_folder(wanted)
        path = stack.enter_context(scratch(at.runs))
        add_files(path, wanted.files)
        program = _program(wanted)
        store = Store(read_state(os.path.join(held.tree, MODULES)).store or path)
        lacks = _lacks(at, held.hash, note.desired)
        inside = (held.tree, os.path.realpath(store.root))
        environ = run_environment(
            wanted.environ,
            wanted.asked,
            wanted.variables,
            scratch=path,
            node_options=add_packages(path, held.tree, inside, lacks),
            network=enforcement.has_network,
        )
        folder = wanted.folder or path
        command = enforcement.limit([program, *wanted.command[1:]])
        if enforcement.bubblewrap:
            readable = [wanted.folder, program, *(environ.get(name, "") for name in CERTIFICATES)]
            command = confined(
                enforcement.bubblewrap,
                command,
                folder=folder,
                scratch=path,
                # What could be hidden by the folder, which may be one that they lie in, goes last.
                readable=[*filter(None, readable), held.tree, store.objects, store.slots],
                network=wanted.policy.network,
            )
        return _attend(command, folder, environ, wanted, held, enforcement, set, started)


def _attend(
    command: Sequence[str],
    folder: str,
    environ: Mapping[str, str],
    wanted: Wanted,
    held: Lease,
    enforcement: Enforcement,
    set: str,
    started: Callable[[Group], None],
) -> Ran:
    began = time.monotonic()
    confined = bool(enforcement.bubblewrap)
    with ExitStack() as stack:
        streams = [stack.enter_context(Captured()) for _ in range(2 if wanted.capture else 0)]
        output, errors = (stream.file for stream in streams) if streams else (None, None)
        group = Group(
            command,
            cwd=folder,
            environ=environ,
            output=output,
            errors=errors,
            input=wanted.input,
            # What escapes from a group goes on holding the tree. Nothing escapes from a sandbox.
            kept=() if confined else (held.fileno(),),
            nested=confined,
        )
        for stream in streams:
            stream.begin()
        started(group)
        status = group.wait(wanted.policy.seconds, grace=_GRACE_SECONDS)
        kept = [stream.end() for stream in streams] or [b"", b""]
        return Ran(
            set=set,
            release=held.hash,
            exit_code=124 if status is None else status if status >= 0 else 128 - status,
            timed_out=status is None,
            milliseconds=round((time.monotonic() - began) * 1000),
            enforcement=enforcement,
            stdout=kept[0],
            stderr=kept[1],
            truncated=any(stream.truncated for stream in streams),
        )


def _check_folder(wanted: Wanted) -> None:
    """A sandbox that shows all of a user's files is none."""
    home = os.path.realpath(wanted.environ.get("HOME") or "/root")
    folder = os.path.realpath(wanted.folder or os.path.join(home, "none"))
    if os.path.commonpath((home, folder)) == folder:
        raise refused(
            "its folder is one that a sandbox does not show",
            f"keys and settings of a user lie in {folder}",
            "put it into a folder of its own, and run it there or name that with --dir",
        )


def _program(wanted: Wanted) -> str:
    name = wanted.command[0]
    # A path means a file of the folder that it shall run in.
    sought = os.path.join(wanted.folder, name) if "/" in name else name
    program = find_program(sought, wanted.environ.get("PATH", os.defpath))
    if not program:
        raise GraftError(
            "command-missing",
            f"there is no program '{name}' on this host",
            fix="install it, or see that PATH leads to it",
        )
    return program


def _lacks(at: SetRoot, hash: str, desired: str) -> str:
    said = f"release {hash[:12]} of the package set '{at.name}' has none that scripts may import"
    if desired and desired != hash:
        said += f"; release {desired[:12]} is on its way to this host, try again shortly"
    return said
