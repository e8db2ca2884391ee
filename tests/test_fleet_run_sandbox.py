"""What a user's script can reach on a host, what it may use, and that nothing runs unprotected
without anybody's word."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.fleet.api import FleetHost
from graft.fleet.run.policy import FILE, Policy, read_policy, write_policy
from graft.fleet.run.run import run_script
from harness.command import GRAFT, Result, run
from harness.fleet_runs import RunningHost, needs_node, needs_sandbox, printed, running, wanted
from harness.tree import snapshot

__all__ = ("running",)
pytestmark = needs_node

# Each attempt by name, as JavaScript: what it comes to, or the code of what it raises.
_PROBE = """
import fs from 'node:fs'; import net from 'node:net'; import { createRequire } from 'node:module';
import child from 'node:child_process';
const require = createRequire(import.meta.url), found = {};
for (const [name, code] of Object.entries(ATTEMPTS)) {
  try { found[name] = String(await eval(code) ?? 'done'); }
  catch (error) { found[name] = 'refused ' + (error.code ?? error.message); }
}
console.log(JSON.stringify(found));
"""


def probe(running: RunningHost, name: str, attempts: dict[str, str], **policy: Any) -> Any:
    script = _PROBE.replace("ATTEMPTS", json.dumps(attempts))
    folder = running.scripts(name, {"script.mjs": script})
    said = wanted(["node", "script.mjs"], folder, policy=Policy(**policy))
    return printed(run_script(running.root, "apps", said))


def allowed(found: dict[str, str]) -> dict[str, str]:
    return {name: what for name, what in found.items() if not what.startswith("refused")}


@needs_sandbox
def test_a_script_reads_its_folder_and_the_release_and_writes_to_neither(
    running: RunningHost,
) -> None:
    beside = running.scripts("beside", {"secret": "x"})
    at = running.host.root.set("apps")
    readable = {
        "home": Path.home(),
        "beside": beside / "secret",
        "note": Path(at.note),
        "other runs": Path(at.runs).parent,
        "projects of the store": Path(running.host.store.projects),
        "shadow": Path("/etc/shadow"),
        "var": Path("/var"),
        "run": Path("/run"),
    }
    attempts = {
        f"read {name}": f"fs.readdirSync({json.dumps(str(path))}).join()"
        if path.is_dir()
        else f"fs.readFileSync({json.dumps(str(path))}, 'utf8')"
        for name, path in readable.items()
        if path.exists()
    }
    attempts["read other runs"] += ".match(/host.json|lock/)[0]"
    package, tree = "require.resolve('a')", json.dumps(at.tree(running.release.hash))
    attempts |= {
        "change a package": f"fs.appendFileSync({package}, 'x')",
        "chmod a package": f"fs.chmodSync({package}, 0o777)",
        "remove a package": f"fs.rmSync({package})",
        "add to the tree": f"fs.writeFileSync({tree} + '/node_modules/new', 'x')",
        "retire the tree": f"fs.writeFileSync({tree} + '/.retired-at', '1')",
        "switch": f"fs.rmSync({json.dumps(at.current)})",
        "change the script": "fs.appendFileSync('script.mjs', 'x')",
        "add beside the script": "fs.writeFileSync('new', 'x')",
        "add to the system": "fs.writeFileSync('/usr/bin/evil', 'x')",
        "end the host's agent": f"process.kill({os.getpid()}, 0)",
        "set the system": "fs.openSync('/proc/sys/kernel/core_pattern', 'r+')",
        "command the kernel": "fs.openSync('/proc/sysrq-trigger', 'r+')",
        "mount": "child.execFileSync('mount', ['-o', 'remount,rw,bind', '/usr'], "
        "{ stdio: 'ignore' })",
    }
    before = snapshot(Path(running.host.store.root))
    found = probe(running, "reaching", attempts)
    assert found.keys() == attempts.keys() and allowed(found) == {}
    assert snapshot(Path(running.host.store.root)) == before
    status = "fs.readFileSync('/proc/self/status', 'utf8').match(/%s:\\s*(\\w+)/)[1]"
    rights = probe(running, "rights", {"caps": status % "CapEff", "new": status % "NoNewPrivs"})
    assert (int(rights["caps"], 16), rights["new"]) == (0, "1")


@needs_sandbox
def test_there_is_no_network_unless_the_policy_allows_it(running: RunningHost) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        connect = (
            f"new Promise((good, bad) => {{ const s = net.connect({server.getsockname()[1]},"
            "'127.0.0.1'); s.on('connect', () => { s.destroy(); good('connected') });"
            "s.on('error', bad) })"
        )
        assert allowed(probe(running, "connecting", {"local": connect})) == {}
        found = probe(running, "connecting", {"local": connect}, network=True)
        assert found == {"local": "connected"}


@needs_sandbox
def test_a_script_has_no_more_memory_time_and_disk_than_the_policy_says(
    running: RunningHost,
) -> None:
    def code(text: str, **policy: Any) -> int:
        said = wanted(["node", "-e", text], running.scripts("using", {"x": ""}))
        return run_script(
            running.root, "apps", wanted([*said.command], said.folder, policy=Policy(**policy))
        ).exit_code

    assert code("Buffer.alloc(300 << 20, 1)", memory=256 << 20) != 0
    assert code("Buffer.alloc(30 << 20, 1)", memory=256 << 20) == 0
    assert code("for (;;);", cpu_seconds=1) == 128 + 9
    large = "require('fs').writeFileSync(process.env.HOME + '/x', Buffer.alloc(2 << 20))"
    assert code(large, file_size=1 << 20) != 0
    files = "for (let i = 0; i < 100; i++) require('fs').openSync('/usr/bin/env')"
    assert code(files, open_files=64) == 1


# What cannot be enforced is refused, or said


def without(folder: Path, *names: str) -> str:
    """A PATH that leads to no sandbox, and to what else is needed."""
    for name in ("sh", "node", "env", "setpriv", "prlimit", *names):
        if real := shutil.which(name):
            (folder / name).symlink_to(real)
    return str(folder)


def refusal(host: FleetHost) -> tuple[str, str]:
    with pytest.raises(GraftError) as caught:
        host.run_text("apps", "")
    return caught.value.diagnostic.code, caught.value.diagnostic.why[0]


def test_without_a_sandbox_nothing_runs(running: RunningHost, tmp_path: Path) -> None:
    """Fail closed: refused, not run without one."""
    path = without(tmp_path)
    host = FleetHost(running.root, environ={"PATH": path})
    assert refusal(host) == ("fleet-run-refused", "there is no program 'bwrap' here")
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: may not make name spaces' >&2; exit 1\n")
    broken.chmod(0o755)
    code, why = refusal(host)
    assert code == "fleet-run-refused" and "may not make name spaces" in why
    host = FleetHost(running.root, environ={"PATH": path}, policy={"sandbox": "off"})
    ran = host.run_text("apps", "import 'a'; console.log('ran')")
    assert ran.stdout == b"ran\n" and ran.enforcement.as_json()["sandbox"] == "off"
    assert ran.enforcement.as_json()["network"] is True
    assert "processes" in ran.enforcement.unenforced and running.runs == []


@needs_sandbox
def test_without_limits_nothing_runs_either(
    running: RunningHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graft.fleet.run.enforcement.find_program", lambda *_: "")
    code, why = refusal(FleetHost(running.root, environ=os.environ))
    assert (code, why) == ("fleet-run-refused", "there is no program 'prlimit'")


@needs_sandbox
def test_a_folder_that_holds_what_a_user_has_is_not_shown(running: RunningHost) -> None:
    for folder in ("/", str(Path.home()), str(Path.home().parent)):
        with pytest.raises(GraftError) as caught:
            run_script(running.root, "apps", wanted(["true"], folder))
        assert caught.value.diagnostic.code == "fleet-run-refused"


# The policy


def graft(root: Path, *arguments: str, check: bool = True) -> Result:
    command = [*GRAFT, "fleet", "policy", "--root", str(root), *arguments]
    env = {"PATH": os.environ["PATH"], "HOME": str(root)}
    return run(command, cwd=root, env=env, check=check)


def test_a_change_of_the_policy_keeps_what_it_does_not_name(tmp_path: Path) -> None:
    """Merged over what is stored, not over the default; one file for all sets and callers."""
    assert read_policy(str(tmp_path)) == Policy()
    graft(tmp_path, "--memory", "64MiB", "--network")
    graft(tmp_path, "--timeout", "9", "--dry-run")
    said = graft(tmp_path, "--processes", "7", "--json").json
    assert said["policy"] == Policy(memory=64 << 20, network=True, processes=7).as_json()
    assert read_policy(str(tmp_path)) == Policy(memory=64 << 20, network=True, processes=7)
    shown = graft(tmp_path, "--no-network").stdout.splitlines()
    assert "network false" in shown and f"memory {64 << 20}" in shown
    host = FleetHost(tmp_path, policy={"seconds": 3})
    assert host.policy() == Policy(memory=64 << 20, processes=7, seconds=3)
    assert graft(tmp_path, "--memory", "much", check=False).code == 2
    with pytest.raises(GraftError, match="below 0"):
        write_policy(str(tmp_path), {"memory": -1})


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"sandbox": "perhaps"}', '{"memroy": 1}', '{"memory": true}', '{"network": 1}'],
)
def test_a_policy_that_cannot_be_read_lets_nothing_run(running: RunningHost, text: str) -> None:
    path = Path(running.root, FILE)
    path.write_text(text)
    try:
        with pytest.raises(GraftError) as caught:
            FleetHost(running.root, environ=os.environ).run_text("apps", "")
        assert caught.value.diagnostic.code == "fleet-run-refused"
        assert graft(Path(running.root), check=False).code == 122
    finally:
        path.unlink()
