"""Scripts of a package at work: in their environment, in a sandbox if there is one, with a time
limit, and with what they print kept for where they fail."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import BinaryIO

from graft.base.diagnostics import GraftError
from graft.base.processes import Group
from graft.base.records import Record, replace
from graft.scripts.build_environment import CERTIFICATES, Addons, build_environment
from graft.scripts.confinement import Confinement, confinement
from graft.scripts.package import Package
from graft.scripts.phases import Phase
from graft.scripts.sandbox import confined
from graft.store.paths import Store
from graft.workflows.builds import package_data
from graft.workflows.jobs import Place, shell_at, tools_at
from graft.workflows.node import Node, find_npm, gyp_commands, gyp_script, npm_script
from graft.workflows.project import Context

_SHOWN_LINES = 20
_SHOWN_BYTES = 64 * 1024


class Site(Record):
    """Where scripts run: ``package`` is the folder that they may change, ``modules`` the
    ``node_modules`` with what it may require, ``scratch`` an empty folder for home and temporary
    files. ``id`` is the package's."""

    id: str
    package: str
    modules: str
    scratch: str
    network: bool = False


class Runner:
    """Runs scripts for one command, from several threads; ``stop`` may come from another."""

    def __init__(self, context: Context, store: Store, node: Node, *, show: bool = False) -> None:
        """``show`` tells what scripts print also where they succeed."""
        self._context = context
        self._store = store
        self._node = node
        self._show = show
        self._groups: set[Group] = set()
        self._lock = Lock()
        self._stopped = False

    @cached_property
    def confinement(self) -> Confinement:
        """Looked for once there is something to run. Raises ``sandbox-missing``: ask before any
        build begins, of which that would be no failure."""
        return confinement(self._context.settings.builds.sandbox, os.environ)

    def run(self, site: Site, phase: Phase) -> None:
        """Raises ``build-failed``."""
        progress = self._context.progress
        progress.say(
            f"{site.id} {phase.event}: {phase.line}{' (network allowed)' if site.network else ''}"
        )
        command, environ = self._prepared(site, phase)
        with tempfile.TemporaryFile() as output:
            status = self._attend(command, site.package, environ, output)
            if status == 0 and not self._show:
                return
            said = _last_lines(output)
        if status != 0:
            raise self._failure(site, phase, status, said)
        for line in said:
            progress.say(f"  {line}")

    def stop(self) -> None:
        """End what runs, and begin no more."""
        with self._lock:
            self._stopped = True
            for group in self._groups:
                group.kill()

    @cached_property
    def _npm(self) -> str:
        return find_npm(os.environ, self._node)

    @cached_property
    def _addons(self) -> Addons:
        npm, headers = self._npm, self._node.prefix
        if not npm:
            return Addons(headers=headers)
        return Addons(commands=gyp_commands(npm), script=gyp_script(npm), headers=headers)

    def _prepared(self, site: Site, phase: Phase) -> tuple[list[str], dict[str, str]]:
        home, temporary = f"{site.scratch}/home", f"{site.scratch}/tmp"
        for folder in (home, temporary):
            os.makedirs(folder, exist_ok=True)
        called_in = self._context.folder
        place = Place(folder=site.package, called_in=called_in, environ=os.environ, home=home)
        tools = replace(tools_at(place), node=self._node.program)
        if self._npm:
            tools = replace(tools, graft=npm_script(self._npm))
        path = f"{site.package}/package.json"
        bubblewrap = self.confinement.bubblewrap
        environ = build_environment(
            os.environ,
            Package(path=path, data=package_data(site.package), scripts={}),
            phase,
            tools,
            self._addons,
            modules=site.modules,
            called_in=called_in,
            home=home,
            temporary=temporary,
            network=site.network or not bubblewrap,
        )
        command = [shell_at(place, "sh"), "-c", phase.line]
        if not bubblewrap:
            return [*self.confinement.prefix, *command], environ
        headers = f"{self._node.prefix}/include/node" if self._node.prefix else ""
        certificates = [environ.get(name, "") for name in CERTIFICATES]
        known = (self._node.program, self._npm, headers, *certificates)
        command = confined(
            bubblewrap,
            command,
            folder=site.package,
            scratch=site.scratch,
            # The store goes last: it may lie below one of the others.
            readable=[*filter(None, known), self._store.objects, self._store.slots],
            network=site.network,
            writable=[site.package],
        )
        return command, environ

    def _attend(
        self, command: Sequence[str], folder: str, environ: Mapping[str, str], output: BinaryIO
    ) -> int | None:
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            group = Group(command, cwd=folder, environ=environ, output=output)
            self._groups.add(group)
        try:
            return group.wait(self._context.settings.builds.timeout)
        finally:
            with self._lock:
                self._groups.discard(group)

    def _failure(
        self, site: Site, phase: Phase, status: int | None, said: Sequence[str]
    ) -> GraftError:
        how = f"exit code {status}"
        fix = f"mend the cause, or do without: 'graft approve-builds --deny {site.id}'"
        if status is None:
            timeout = self._context.settings.builds.timeout
            how = f"it took longer than {timeout:g} seconds, and was ended"
            fix = "give it more with build-timeout=<seconds> in .npmrc"
        elif status < 0:
            how = f"signal {-status}"
        elif self.confinement.bubblewrap and not site.network:
            allow = f"graft approve-builds --network {site.id}"
            fix = f"if it needs the network: '{allow}'; else {fix}"
        why = [f"{phase.event} is: {phase.line}"]
        if "node-gyp" in phase.line and not self._npm:
            why.append("there is no node-gyp: it comes with npm, which is not on the path")
        if not self._node.program:
            why.append("there is no node on the path")
        return GraftError(
            "build-failed",
            f"the {phase.event} script of {site.id} failed: {how}",
            where=site.id,
            why=[*why, *said],
            fix=fix,
        )


def _last_lines(output: BinaryIO) -> list[str]:
    """The end of what was printed, without control characters."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - _SHOWN_BYTES))
    text = output.read().decode("utf-8", "replace")
    lines = ["".join(c for c in line if c.isprintable() or c == "\t") for line in text.splitlines()]
    return [line for line in lines if line.strip()][-_SHOWN_LINES:]
