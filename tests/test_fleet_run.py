"""A script runs with the packages of one release: what it can import, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from threading import Event, Thread

import pytest

from graft.base.diagnostics import CODES, GraftError
from graft.base.locks import is_held
from graft.base.processes import Group
from graft.fleet.api import DESIRED, FleetHost
from graft.fleet.host.reconcile import reconcile
from graft.fleet.host.root import HostNote, write_note
from graft.fleet.run.policy import Policy
from graft.fleet.run.run import Ran, run_script
from harness.command import GRAFT
from harness.fleet_runs import RunningHost, needs_node, needs_sandbox, printed, running, wanted

__all__ = ("running",)
pytestmark = [needs_node, needs_sandbox]

# What each import comes to: a version, where a module lies, or the code of what is thrown.
_TRIES = """
const tries = {}, attempt = async (name, load) => {
  try {
    const got = await load();
    tries[name] = (got.appendFile ? 'found' : got.version ?? got.where) ?? got;
  }
  catch (error) { tries[name] = error.code ?? error.message; }
};
"""
_FOUND = {
    "a": "1.0.0",
    "alias": "2.0.0",
    "a/index.js": "1.0.0",
    **dict.fromkeys(("fs", "node:fs"), "found"),
}
_LACKED = (
    *("b", "a/../b", "a/./index.js", "./a", "own", ".graft", "@s", "a/missing.js"),
    *("node_modules/a", "%61"),
)
_NAMES = [*_FOUND, *_LACKED, "@s/m", ".."]
_IMPORT = (
    _TRIES
    + """
import './sibling.mjs';
for (const name of NAMES) await attempt(name, () => import(name));
await attempt('child', async () => {
  const { execFileSync } = await import('node:child_process');
  const text = "import('a').then((a) => console.log(a.default.version))";
  return { version: execFileSync(process.execPath, ['-e', text], { encoding: 'utf8' }).trim() };
});
console.log(JSON.stringify(tries));
"""
)
_REQUIRE = (
    _TRIES
    + """
(async () => {
  for (const name of NAMES) await attempt(name, () => require(name));
  await attempt('needed', () => ({ version: require('a').requires('b').version }));
  const paths = [require.resolve('a')];
  await attempt('resolved', () => ({ where: require.resolve('b', { paths }) }));
  await attempt('sibling', () => require('./sibling'));
  console.log(JSON.stringify(tries));
})();
"""
)


def test_bare_names_are_found_in_the_release_and_nowhere_else(running: RunningHost) -> None:
    """A2: what packages need of each other is no part of what scripts may import."""
    names = json.dumps(_NAMES)
    folder = running.scripts(
        "names",
        {
            "script.mjs": _IMPORT.replace("NAMES", names),
            "script.cjs": _REQUIRE.replace("NAMES", names),
            "sibling.mjs": "import 'a';",
            "sibling.cjs": "",
            "sibling.js": "exports.version = require('a').version;",
            # Nothing that lies beside a script stands in for a package.
            "node_modules/own/index.js": "",
            "node_modules/a/index.js": "exports.version = 'own';",
            "node_modules/b/index.js": "exports.version = 'own';",
        },
    )
    imported = printed(run_script(running.root, "apps", wanted(["node", "script.mjs"], folder)))
    store = Path(running.host.store.root).as_uri()
    assert imported.pop("@s/m").startswith(store)
    assert imported == _FOUND | {
        **dict.fromkeys(_LACKED, "ERR_MODULE_NOT_FOUND"),
        "..": "ERR_UNSUPPORTED_DIR_IMPORT",
        "child": "1.0.0",
    }
    required = printed(run_script(running.root, "apps", wanted(["node", "script.cjs"], folder)))
    required.pop("@s/m")  # newer versions of node can require a module
    assert required == _FOUND | {
        **dict.fromkeys((*_LACKED, "..", "resolved"), "MODULE_NOT_FOUND"),
        "needed": "1.0.0",
        "sibling": "1.0.0",
    }
    assert running.runs == []


def test_without_a_sandbox_folders_above_are_not_searched_either(running: RunningHost) -> None:
    above = running.scripts("fleet/sets/node_modules", {"a/other.js": "", "own/index.js": ""})
    assert above.is_dir()
    text = (
        "import { createRequire } from 'node:module';"
        "const require = createRequire(import.meta.url);"
        "for (const name of ['a/other', 'a/other.js', 'own'])"
        " for (const load of [require, (name) => import(name)])"
        "  try { await load(name); console.log('found') } catch (error) { console.log(error.code) }"
    )
    host = FleetHost(running.root, environ=os.environ, policy={"sandbox": "off"})
    ran = host.run_text("apps", text)
    assert ran.stdout.decode().split() == ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"] * 3


def test_what_is_missing_is_said_with_the_release_and_the_one_on_its_way(tmp_path: Path) -> None:
    running = RunningHost(tmp_path)
    coming = "c" * 64
    write_note(running.host.root.set("apps"), HostNote(desired=coming))
    ran = FleetHost(running.root, environ=os.environ).run_text("apps", "import 'other'")
    said = ran.stderr.decode()
    assert ran.exit_code == 1
    assert "Cannot find package 'other'" in said and running.release.hash[:12] in said
    assert coming[:12] in said and "try again shortly" in said


def test_a_script_as_text_finds_packages_in_a_runtime_that_knows_nothing_of_graft(
    running: RunningHost,
) -> None:
    host = FleetHost(running.root, environ=os.environ)
    text = "import a from 'a'; console.log(a.version, process.argv[2])"
    ran = host.run_text("apps", text, "x", runtime=["env", "-u", "NODE_OPTIONS", "node"])
    assert ran.stdout == b"1.0.0 x\n", ran.stderr
    assert (ran.release, ran.set, running.runs) == (running.release.hash, "apps", [])
    assert host.release("apps") == running.release.hash


def test_a_run_stays_on_the_release_that_it_began_with(tmp_path: Path) -> None:
    """What it imports late comes from the same tree, and nobody collects that meanwhile."""
    running = RunningHost(tmp_path)
    folder = running.scripts(
        "late",
        {
            "script.mjs": "import fs from 'node:fs';"
            "while (!fs.existsSync('go')) await new Promise((done) => setTimeout(done, 10));"
            "console.log((await import('a')).default.version, fs.readdirSync('.').length);"
        },
    )
    held: list[bool] = []

    def switch(_: Group) -> None:
        first = running.release.hash
        second = running.switch(a="a@2.0.0")
        held.append(os.path.isdir(running.host.root.set("apps").tree(first)))
        (folder / "go").write_text("")
        assert second.hash == FleetHost(running.root).release("apps")

    ran = run_script(running.root, "apps", wanted(["node", "script.mjs"], folder), started=switch)
    assert (ran.stdout, ran.release, held) == (b"1.0.0 2\n", running.release.hash, [True])
    ran = run_script(running.root, "apps", wanted(["node", "script.mjs"], folder))
    assert ran.stdout == b"2.0.0 2\n"


# Not ready


def refusal(running: RunningHost, set: str = "apps", **more: str) -> tuple[str, str]:
    with pytest.raises(GraftError) as caught:
        run_script(running.root, set, wanted(["true"], "/nowhere", **more))
    return caught.value.diagnostic.code, caught.value.diagnostic.message


def test_nothing_runs_where_no_release_is_there_or_another_one_than_is_expected(
    tmp_path: Path,
) -> None:
    running = RunningHost(tmp_path)
    other = "b" * 64
    code, message = refusal(running, "others")
    assert code == "fleet-not-ready" and "none materialized" in message
    code, message = refusal(running, expect=other)
    assert code == "fleet-not-ready" and f"expected {other}, have {running.release.hash}" in message
    write_note(running.host.root.set("apps"), HostNote(desired=other))
    assert refusal(running, expect=DESIRED) == (code, message)
    assert refusal(running, "../apps")[0] == "fleet-invalid"
    # The previous release goes on serving unless somebody minds.
    ran = run_script(
        running.root, "apps", wanted(["node", "-p", "1"], running.scripts("x", {"x": ""}))
    )
    assert ran.stdout == b"1\n"
    assert running.runs == []


# How it ends


def graft_run(
    running: RunningHost, *arguments: str, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    command = [*GRAFT, "fleet", "run", "apps", "--root", running.root, *arguments]
    folder = running.scripts("called", {"x": ""})
    return subprocess.run(
        command, cwd=folder, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def test_streams_arguments_and_the_exit_code_are_the_script_s(running: RunningHost) -> None:
    text = (
        "process.stdin.on('data', (data) => console.log(`read ${data}`));"
        "console.error(process.argv.slice(1).join()); process.exitCode = 9;"
    )
    done = graft_run(running, "-v", "--", "node", "-e", text, "--", "--json", "b c", stdin="words")
    assert (done.returncode, done.stdout) == (9, "read words\n")
    first, second = done.stderr.splitlines()
    assert first == "--json,b c"
    assert second.startswith(f"release {running.release.hash}: sandbox bubblewrap, no network")
    done = graft_run(running, "--json", "--", "node", "-e", "process.kill(process.pid, 'SIGTERM')")
    said = json.loads(done.stdout)
    assert (done.returncode, said["exitCode"], said["timedOut"]) == (143, 143, False)
    assert said["enforcement"]["sandbox"] == "bubblewrap" and said["release"]
    assert json.loads(graft_run(running, "--json", "--", "no-such").stdout)["error"]["code"] == (
        "command-missing"
    )


@pytest.mark.parametrize("sandbox", ["required", "off"])
def test_a_run_that_takes_too_long_is_asked_to_end_with_all_that_it_started(
    running: RunningHost, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = "while :; do sleep 0.05; done"
    child = f"trap 'echo child asked; exit' TERM; echo child waits; {waits}"
    apart = "setsid " if sandbox == "required" else ""
    line = f"""trap 'echo asked' TERM; {apart}sh -c "$1" & {waits}"""
    policy = Policy(seconds=2, sandbox=sandbox)
    monkeypatch.setattr("graft.fleet.run.run._GRACE_SECONDS", 1.0)
    folder = running.scripts("slow", {"x": ""})
    said = wanted(["sh", "-c", line, "sh", child], folder, policy=policy)
    ran = run_script(running.root, "apps", said)
    assert ran.timed_out and ran.exit_code == 124
    assert sorted(ran.stdout.split(b"\n")) == [b"", b"asked", b"child asked", b"child waits"]
    with pytest.raises(GraftError, match="took longer"):
        ran.check()
    assert running.runs == []


def test_too_long_is_a_failure_of_the_command(running: RunningHost) -> None:
    line = "echo begun; sleep 20"
    done = graft_run(running, "--timeout", "2", "--json", "--", "sh", "-c", line)
    said = json.loads(done.stdout)
    assert (done.returncode, said["error"]["code"]) == (
        CODES["fleet-run-timeout"],
        "fleet-run-timeout",
    )
    assert (said["stdout"], said["timedOut"]) == ("begun\n", True)


def test_signals_reach_the_script_inside_the_sandbox(running: RunningHost) -> None:
    text = "process.on('SIGTERM', () => { console.log('ended'); process.exit(7) });"
    command = [*GRAFT, "fleet", "run", "apps", "--root", running.root, "--", "node", "-e"]
    with subprocess.Popen(
        [*command, f"{text} setInterval(() => {{}}, 1000); console.log('begun')"],
        cwd=running.scripts("signalled", {"x": ""}),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout and process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "ended\n"
        assert process.wait(20) == 7


def test_a_script_dies_with_a_run_that_is_killed_and_leaves_nothing(running: RunningHost) -> None:
    """Not even its tree is kept from the collector, and the next run takes away its folder."""
    text = "console.log('begun'); setInterval(() => {}, 1000)"
    command = [*GRAFT, "fleet", "run", "apps", "--root", running.root, "--", "node", "-e", text]
    at = running.host.root.set("apps")
    lease = os.path.join(at.leases, running.release.hash)
    folder = running.scripts("killed", {"x": ""})
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "begun\n"
        assert is_held(lease)
        process.kill()
        # All who could print are gone when this ends.
        assert process.stdout.read() == ""
    assert not is_held(lease) and len(running.runs) == 2
    assert FleetHost(running.root, environ=os.environ).run_text("apps", "").exit_code == 0
    assert running.runs == []


def test_what_is_printed_beyond_a_size_is_forgotten_and_said(
    running: RunningHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graft.fleet.run.captured.KEPT_BYTES", 1000)
    ran = FleetHost(running.root, environ=os.environ).run_text(
        "apps", "console.log('x'.repeat(500_000)); console.error('short')"
    )
    assert (ran.exit_code, len(ran.stdout), ran.stderr, ran.truncated) == (
        0,
        1000,
        b"short\n",
        True,
    )


# Scratch folders


def test_each_run_has_a_folder_of_its_own_and_what_dead_ones_left_is_taken_away(
    tmp_path: Path,
) -> None:
    running = RunningHost(tmp_path)
    at = Path(running.host.root.set("apps").runs)
    (at / "dead/tmp").mkdir(parents=True)
    (at / "dead/tmp/large").write_text("x")
    (at / "dead.lock").write_text("")
    text = (
        "import fs from 'node:fs'; import os from 'node:os';"
        "for (const folder of [os.homedir(), os.tmpdir(), '.', '/tmp'])"
        " fs.writeFileSync(`${folder}/made`, 'x');"
        "console.log(JSON.stringify([os.homedir(), os.tmpdir(), process.cwd()]));"
    )
    seen: list[list[str]] = []
    host = FleetHost(running.root, environ=os.environ)

    def look(_: Group) -> None:
        seen.append(running.runs)
        assert host.run_text("apps", "").exit_code == 0
        seen.append(running.runs)

    home, temporary, folder = printed(
        run_script(
            running.root,
            "apps",
            wanted(["node", "script.mjs"], "", files={"script.mjs": text}),
            started=look,
        )
    )
    assert (home, temporary) == (f"{folder}/home", f"{folder}/tmp")
    name = os.path.basename(folder)
    # The run that came meanwhile left that of the one at work alone.
    assert seen == [[name, f"{name}.lock"]] * 2
    assert os.path.dirname(folder) == str(at) and running.runs == []
    assert not os.path.exists("/tmp/made")


# The environment


def test_of_the_environment_a_script_gets_what_is_listed_and_what_is_asked_for(
    running: RunningHost,
) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "LC_TIME": "C",
        "TZ": "UTC",
        "TERM": "dumb",
        "API_KEY": "asked",
        "OTHER": "not asked",
        "NPM_TOKEN": "t",
        "GRAFT_FLEET_TOKEN": "t",
        "NODE_OPTIONS": "--no-warnings",
        "LD_PRELOAD": "",
    }
    host = FleetHost(running.root, environ=environ)
    ran = host.run_text(
        "apps",
        "console.log(JSON.stringify(process.env))",
        asked=["API_KEY", "NOT_SET"],
        variables={"SAID": "yes"},
    )
    env = printed(ran)
    env.pop("PWD")
    listed = {"PATH", "LANG", "LC_TIME", "TZ", "TERM", "HOME", "TMPDIR", "NODE_OPTIONS"}
    assert env.keys() == listed | {"API_KEY", "SAID"}
    assert (env["API_KEY"], env["SAID"]) == ("asked", "yes")
    assert env["NODE_OPTIONS"].startswith("--import=file:///")
    for name in ("NODE_OPTIONS", "LD_PRELOAD", "GRAFT_FLEET_TOKEN", "npm_config_x", "A=B"):
        with pytest.raises(GraftError, match="not given a variable"):
            host.run_text("apps", "", asked=[name])
        with pytest.raises(GraftError, match="not given a variable"):
            host.run_text("apps", "", variables={name: "x"})
    assert running.runs == []


def test_what_outlives_its_run_without_a_sandbox_keeps_its_tree(tmp_path: Path) -> None:
    """A process that left the group cannot be ended, but what it imports is there."""
    running = RunningHost(tmp_path)
    line = "echo $(setsid -f sh -c 'echo $$; exec sleep 20 >/dev/null 2>&1')"
    policy = Policy(sandbox="off")
    folder = running.scripts("stays", {"x": ""})
    ran = run_script(running.root, "apps", wanted(["sh", "-c", line], folder, policy=policy))
    at = running.host.root.set("apps")
    lease = os.path.join(at.leases, running.release.hash)
    try:
        assert is_held(lease)
    finally:
        os.kill(int(ran.stdout), signal.SIGKILL)


def test_no_script_fails_while_releases_change_two_hundred_times(tmp_path: Path) -> None:
    """Each finds both packages of one release, the one that it began with."""
    running = RunningHost(tmp_path)
    shelf = running.shelf
    pairs = []
    for version in ("3.0.0", "4.0.0"):
        shelf.publish(f"a@{version}")
        shelf.publish(f"b@{version}")
        pairs.append(shelf.release_of(a=f"a@{version}", b=f"b@{version}"))
    text = "import a from 'a'; const b = await import('b'); console.log(a.version, b.version)"
    host = FleetHost(running.root, environ=os.environ)
    shelf.move(pairs[1])
    assert reconcile(running.host, "apps").error is None
    ended = Event()
    ran: list[Ran] = []
    failures: list[Exception] = []

    def run_on() -> None:
        try:
            while not ended.is_set():
                ran.append(host.run_text("apps", text))
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=run_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    for count in range(200):
        shelf.move(pairs[count % 2])
        done = reconcile(running.host, "apps")
        assert done.error is None and done.flipped
    ended.set()
    for thread in threads:
        thread.join()
    versions = {pairs[0].hash: b"3.0.0 3.0.0\n", pairs[1].hash: b"4.0.0 4.0.0\n"}
    assert failures == [] and ran
    assert [each.stdout for each in ran] == [versions[each.release] for each in ran]
