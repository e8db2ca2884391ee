"""Running scripts from a Python program, with the packages that a host has:

    from graft.fleet.api import FleetHost

    host = FleetHost("/srv/fleet", environ=os.environ)
    ran = host.run_text("reports", "import _ from 'lodash'; console.log(_.VERSION)")
    ran.check()
    print(ran.release, ran.exit_code, ran.stdout.decode())

Hosts are kept up to date by ``graft fleet agent``. Everything here may be called from several
threads at once.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.fleet.host.root import HostRoot
from graft.fleet.host.switch import current_hash
from graft.fleet.run.policy import Policy, changed, read_policy
from graft.fleet.run.run import DESIRED, Ran, Wanted, run_script

__all__ = ("DESIRED", "FleetHost", "GraftError", "Policy", "Ran")


class FleetHost:
    """A host by its root, the folder that its agent was given. ``environ`` is where programs are
    looked for, and what scripts may be handed variables of; without one they are looked for where
    the system has its own.

    What scripts may do is what the host's stored policy says, with what ``policy`` changes of it.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        environ: Mapping[str, str] | None = None,
        policy: Mapping[str, str | int | bool] | None = None,
    ) -> None:
        self._root = os.path.abspath(root)
        self._environ = dict(environ or {})
        self._changes = dict(policy or {})

    def release(self, set: str) -> str:
        """The hash of the release that a run would have now, or empty."""
        return current_hash(HostRoot(self._root).set(set))

    def policy(self) -> Policy:
        """Raises ``fleet-run-refused`` where what is stored cannot be read."""
        return changed(read_policy(self._root), self._changes)

    def run(
        self,
        set: str,
        command: Sequence[str],
        *,
        folder: str | os.PathLike[str],
        timeout: int | None = None,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        asked: Sequence[str] = (),
        expect: str = "",
    ) -> Ran:
        """Run ``command`` in ``folder``, which is all that it can read beside the release. Bare
        imports of what it runs find the release's packages and no others.

        ``timeout`` is in seconds, 0 for none; None is what the policy says. ``variables`` are set
        for it, ``asked`` are names of variables of ``environ`` that it gets. ``expect`` is the hash
        of the one release that will do, or ``DESIRED`` for the one that the host last heard it is
        to have.

        A script that fails, or takes too long, is no exception here: see ``Ran``. Raises
        ``GraftError``: ``fleet-not-ready`` where the host has no release, or not the one that is
        expected; ``fleet-run-refused`` where what the policy demands cannot be had;
        ``command-missing``.
        """
        return self._run(
            set,
            command,
            folder=os.path.abspath(folder),
            files={},
            timeout=timeout,
            stdin=stdin,
            variables=variables or {},
            asked=asked,
            expect=expect,
        )

    def run_text(
        self,
        set: str,
        text: str,
        *arguments: str,
        name: str = "script.mjs",
        runtime: Sequence[str] = ("node",),
        timeout: int | None = None,
        stdin: bytes = b"",
        variables: Mapping[str, str] | None = None,
        asked: Sequence[str] = (),
        expect: str = "",
    ) -> Ran:
        """The same for a script that is given as text. It lies under ``name`` in a folder of its
        own, which has the packages: a runtime that knows nothing of graft finds them too."""
        return self._run(
            set,
            (*runtime, name, *arguments),
            folder="",
            files={name: text},
            timeout=timeout,
            stdin=stdin,
            variables=variables or {},
            asked=asked,
            expect=expect,
        )

    def _run(
        self,
        set: str,
        command: Sequence[str],
        *,
        folder: str,
        files: Mapping[str, str],
        timeout: int | None,
        stdin: bytes,
        variables: Mapping[str, str],
        asked: Sequence[str],
        expect: str,
    ) -> Ran:
        policy = self.policy()
        if timeout is not None:
            policy = changed(policy, {"seconds": timeout})
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            wanted = Wanted(
                command=tuple(command),
                policy=policy,
                environ=self._environ,
                asked=tuple(asked),
                variables=variables,
                folder=folder,
                files=files,
                expect=expect,
                capture=True,
                input=file,
            )
            return run_script(self._root, set, wanted)
