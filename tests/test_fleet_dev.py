"""A fleet on this machine by one command: from what is allowed to scripts that import it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from graft.base.processes import descendants
from harness.command import GRAFT, Result
from harness.fleet_runs import needs_node, needs_sandbox
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry

pytest.importorskip("uvicorn")
_PATIENCE_SECONDS = 60


class DevFleet:
    """``graft fleet dev`` at work in ``fleet`` of a machine."""

    def __init__(self, machine: Machine, *flags: str) -> None:
        self.machine = machine
        self.log = machine.root / "dev.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*GRAFT, "fleet", "dev", "--json", "--data", "fleet", "--set", "apps", *flags],
                cwd=machine.root,
                env=machine.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout
        said = ""
        while not said.endswith("\n}\n"):
            line = self.process.stdout.readline()
            assert line, self.log.read_text()
            said += line
        self.said: Any = json.loads(said)

    def graft(self, *arguments: str, check: bool = True) -> Result:
        env = {"GRAFT_FLEET_SERVER": self.said["url"], "GRAFT_FLEET_TOKEN": self.said["token"]}
        return self.machine.run([*GRAFT, "fleet", *arguments], env=env, check=check)

    def converged(self, release: str) -> None:
        """Wait until all hosts have it."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < end:
            hosts = self.graft("hosts", "--json").json["hosts"]
            if len(hosts) == 2 and all(each["hash"] == release for each in hosts):
                return
            time.sleep(0.1)
        raise AssertionError(f"hosts did not converge\n{self.log.read_text()}")

    def end(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        try:
            return self.process.wait(30)
        finally:
            os.killpg(self.process.pid, signal.SIGKILL) if self.process.poll() is None else None


@pytest.fixture
def fleet(project: Project, registry: LocalRegistry) -> Iterator[DevFleet]:
    registry.publish("below@1.0.0")
    registry.publish("lib@1.0.0", dependencies={"below": "1"})
    registry.publish("lib@1.1.0", dependencies={"below": "1"})
    started = DevFleet(project.machine)
    yield started
    for process in descendants(started.process.pid):
        os.kill(process, signal.SIGKILL)
    started.process.kill()
    started.process.wait()
    if started.process.stdout:
        started.process.stdout.close()


@needs_node
@needs_sandbox
def test_from_a_package_that_is_allowed_to_scripts_on_every_host(
    fleet: DevFleet, registry: LocalRegistry
) -> None:
    scripts = fleet.machine.root / "scripts"
    scripts.mkdir()
    (scripts / "script.mjs").write_text("import lib from 'lib'; console.log(lib.version)")

    def printed() -> list[str]:
        return [
            fleet.graft(
                *("run", "apps", "-C", str(scripts), "--root", host["root"]),
                *("--expect", "desired", "--", "node", "script.mjs"),
            ).stdout
            for host in fleet.said["hosts"]
        ]

    fleet.graft("add", "apps", "lib@1.0.0")
    first = fleet.graft("install", "apps", "--json").json["report"]["hash"]
    fleet.converged(first)
    assert printed() == ["1.0.0\n"] * 2
    asked = len(registry.requests)
    fleet.graft("add", "apps", "lib@1.1.0")
    second = fleet.graft("install", "apps", "--json").json["report"]["hash"]
    fleet.converged(second)
    assert printed() == ["1.1.0\n"] * 2
    # Of the second release hosts pulled what is new in it.
    hosts = fleet.graft("hosts", "--json").json["hosts"]
    assert [each["pulled_blobs"] for each in hosts] == [1, 1]
    assert len(registry.requests) > asked
    asked = len(registry.requests)
    fleet.graft("rollback", "apps")
    fleet.converged(first)
    assert printed() == ["1.0.0\n"] * 2 and len(registry.requests) == asked
    # Ctrl-C ends all of it, and nothing is left: no process, no token that is good for anything.
    parts = descendants(fleet.process.pid)
    assert len(parts) == 3
    assert fleet.end() == 0
    assert not [part for part in parts if os.path.exists(f"/proc/{part}")]
    data = str(fleet.machine.root / "fleet/server")
    listed = fleet.machine.run([*GRAFT, "fleet", "token", "list", "--json", "--data", data]).json
    assert [bool(each["revoked_at"]) for each in listed["tokens"]] == [True] * 3
    for path in (fleet.machine.root / "fleet").rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert fleet.said["token"].encode() not in path.read_bytes(), path


def test_a_part_that_cannot_go_on_ends_all_of_it(project: Project) -> None:
    machine = project.machine
    flags = ("--data", "fleet", "--listen", "192.0.2.1:1")
    done = machine.run([*GRAFT, "fleet", "dev", *flags], check=False)
    assert done.code == 110 and "server ended with exit code" in done.stderr
    shutil.rmtree(machine.root / "fleet")
