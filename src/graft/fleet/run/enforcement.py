"""What of a policy holds on this host, and how: nothing runs with less than it demands."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.files import read_file
from graft.base.programs import find_program
from graft.base.records import Record
from graft.fleet.run.policy import OFF, Policy
from graft.scripts.confinement import INSTALL_BUBBLEWRAP, confinement
from graft.scripts.limits import Limits, limited

# The whole of what there is, as who is not in a name space of users sees it.
_EVERYBODY = [b"0", b"0", b"4294967295"]


class Enforcement(Record):
    """``bubblewrap`` and ``prlimit`` are paths, empty where they are not used; then ``prefix`` goes
    before a command. ``limits`` are those that hold, ``unenforced`` says of others why they do
    not."""

    network: bool
    limits: Limits
    seconds: int
    bubblewrap: str = ""
    prlimit: str = ""
    prefix: tuple[str, ...] = ()
    unenforced: Mapping[str, str] = {}

    def limit(self, command: Sequence[str]) -> list[str]:
        if self.prlimit:
            command = limited(self.prlimit, command, self.limits)
        return [*self.prefix, *command]

    @property
    def has_network(self) -> bool:
        """Without a sandbox nothing keeps it away."""
        return self.network or not self.bubblewrap

    def as_json(self) -> dict[str, Any]:
        return {
            "sandbox": "bubblewrap" if self.bubblewrap else OFF,
            "network": self.has_network,
            "seconds": self.seconds,
            "limits": dict(self.limits.named),
            "unenforced": dict(self.unenforced),
        }

    def __str__(self) -> str:
        held = [f"sandbox {'bubblewrap' if self.bubblewrap else OFF}"]
        held.append("with network" if self.has_network else "no network")
        if self.seconds:
            held.append(f"{self.seconds} seconds")
        held += [f"{name.replace('_', ' ')} {value}" for name, value in self.limits.named.items()]
        held += [f"no limit of {name} ({why})" for name, why in self.unenforced.items()]
        return ", ".join(held)


def enforced(policy: Policy, environ: Mapping[str, str]) -> Enforcement:
    """Raises ``fleet-run-refused`` where a sandbox is required and there is none."""
    wants_sandbox = policy.sandbox != OFF
    found = confinement("auto" if wants_sandbox else OFF, environ)
    prlimit = find_program("prlimit", environ.get("PATH", os.defpath))
    if wants_sandbox and not found.bubblewrap:
        raise refused("there is no sandbox here", found.why, INSTALL_BUBBLEWRAP)
    if wants_sandbox and not prlimit:
        raise refused(
            "nothing here can limit what scripts use",
            "there is no program 'prlimit'",
            "install util-linux, or your system's package with prlimit",
        )
    limits = policy.limits.named
    unenforced = {name: "there is no program 'prlimit'" for name in limits if not prlimit}
    if "processes" in limits and not unenforced and (why := _uncounted(found.bubblewrap)):
        unenforced = {"processes": why}
    holding = {name: value for name, value in limits.items() if name not in unenforced}
    return Enforcement(
        network=policy.network,
        limits=Limits(**holding),
        seconds=policy.seconds,
        bubblewrap=found.bubblewrap,
        prlimit=prlimit,
        prefix=found.prefix,
        unenforced=unenforced,
    )


def refused(what: str, why: str, fix: str) -> GraftError:
    return GraftError(
        "fleet-run-refused",
        f"the script was not run: {what}",
        why=[why],
        fix=f"{fix}; or run it without protection, with --sandbox off",
    )


def _uncounted(bubblewrap: str) -> str:
    """Why the kernel would not count processes as it should; empty where it does."""
    if not bubblewrap:
        return "outside of a sandbox all of the user's would be counted"
    everybody = (read_file("/proc/self/uid_map") or b"").split() == _EVERYBODY
    return (
        "the system sets root none: have the host run as another user"
        if (os.getuid() == 0 and everybody)
        else ""
    )
