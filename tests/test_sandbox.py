"""What approved scripts can reach: what they must not, in a sandbox; and what is said and refused
where there is none."""

from __future__ import annotations

import json
import os
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from graft.scripts.confinement import confinement
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

_HERE = confinement("auto", os.environ)
needs_sandbox = pytest.mark.skipif(
    not _HERE.bubblewrap, reason=f"no sandbox ({_HERE.why}): install bubblewrap"
)

# Each attempt by name, as JavaScript: what it comes to, or the code of what it raises.
_PROBE = """
const fs = require('fs'), net = require('net');
const attempts = %s, found = {};
(async () => {
  for (const [name, code] of Object.entries(attempts)) {
    try { found[name] = String(await eval(code) ?? 'done'); }
    catch (error) { found[name] = 'refused ' + (error.code ?? error.message); }
  }
  fs.writeFileSync('found.json', JSON.stringify({ found, env: process.env }));
})();
"""
SECRETS = {
    "NPM_TOKEN": "token-1",
    "NODE_AUTH_TOKEN": "token-2",
    "GITHUB_TOKEN": "token-3",
    "AWS_ACCESS_KEY_ID": "token-4",
    "AWS_SECRET_ACCESS_KEY": "token-5",
    "SSH_AUTH_SOCK": "/nowhere/token-6",
    "MY_COMPANYS_THING": "token-7",
    "npm_config__auth": "dG9rZW4tODp4",
    "npm_config_//registry.example.com/:_authToken": "token-9",
    "npm_config_email": "token-10",
    "HTTPS_PROXY": "http://user:token-11@localhost:9",
    "LD_PRELOAD": "",
    "NODE_OPTIONS": "--no-warnings",
}


def probe(
    project: Project, registry: LocalRegistry, attempts: dict[str, str], *flags: str, **more: Any
) -> dict[str, Any]:
    """Install ``probe`` beside a package of its own, approve it, and say what it found."""
    registry.publish("neighbour@1.0.0", dependencies={"below": "1"}, bin={"n": "cli.js"})
    registry.publish("below@1.0.0")
    registry.publish(
        "probe@1.0.0",
        dependencies={"neighbour": "1"},
        scripts={"postinstall": "node probe.js"},
        files={"probe.js": _PROBE % json.dumps(attempts)},
    )
    project.manifest(dependencies={"probe": "1"})
    project.graft("install")
    project.graft("approve-builds", *flags, "probe", **more)
    return dict(project.json("node_modules/probe/found.json"))


def refused(found: dict[str, str]) -> dict[str, str]:
    return {name: what for name, what in found.items() if not what.startswith("refused")}


@needs_sandbox
def test_scripts_read_neither_home_nor_project_nor_secrets(
    project: Project, registry: LocalRegistry
) -> None:
    home, store = project.machine.home, project.store
    (home / ".ssh").mkdir()
    (home / ".ssh/id_ed25519").write_text("secret")
    paths = {
        "key": home / ".ssh/id_ed25519",
        "npmrc": home / ".npmrc",
        "manifest": project.path("package.json"),
        "lock": project.path("graft-lock.json"),
        "projects": store / "projects",
        "cache": project.machine.cache,
        "shadow": Path("/etc/shadow"),
        "root": Path("/root"),
        "homes": Path("/home"),
        "run": Path("/run"),
        "var": Path("/var"),
        "real home": Path.home() / ".bashrc",
    }
    attempts = {
        name: f"fs.readdirSync({json.dumps(str(path))}).join()"
        if path.is_dir()
        else f"fs.readFileSync({json.dumps(str(path))}, 'utf8')"
        for name, path in paths.items()
        if path.exists() or name in ("lock",)
    }
    attempts["from outside"] = "fs.readdirSync(process.env.INIT_CWD).join()"
    found = probe(project, registry, attempts)["found"]
    assert found.keys() == attempts.keys()
    assert refused(found) == {}


@needs_sandbox
def test_hazard_3_scripts_write_to_nothing_but_their_own_package(
    project: Project, registry: LocalRegistry
) -> None:
    """Also as root, whom modes do not hold back, and also through hard links."""
    dependency = "require.resolve('neighbour')"
    attempts = {
        "append to a dependency": f"fs.appendFileSync({dependency}, 'x')",
        "replace a dependency": f"fs.writeFileSync({dependency}, 'x')",
        "chmod a dependency": f"fs.chmodSync({dependency}, 0o777)",
        "remove a dependency": f"fs.rmSync({dependency})",
        "add to a dependency": "fs.writeFileSync('../neighbour/new', 'x')",
        "link a dependency": f"fs.linkSync({dependency}, 'linked.js')",
        "turn a link": "fs.unlinkSync('../neighbour')",
        "add beside": "fs.writeFileSync('../beside', 'x')",
        "add a command": "fs.symlinkSync('/bin/true', '../.bin/true')",
        "publish itself": "fs.writeFileSync('../../slot.json', '{}')",
        "add a slot": "fs.mkdirSync('../../../evil@1.0.0')",
        "add an object": "fs.mkdirSync('../../../../objects/evil')",
        "add to the project": "fs.writeFileSync(process.env.INIT_CWD + '/new', 'x')",
        "add to the system": "fs.writeFileSync('/usr/bin/graft-evil', 'x')",
        "set the system": "fs.openSync('/proc/sys/kernel/core_pattern', 'r+')",
        "command the kernel": "fs.openSync('/proc/sysrq-trigger', 'r+')",
        "mount": "require('child_process').execFileSync('mount', ['-o', 'remount,rw,bind', '/usr'],"
        " {stdio: 'ignore'})",
    }
    registry.publish("app@1.0.0")
    found = {}
    project.manifest(dependencies={"probe": "1"})
    other = project.sibling("other", dependencies={"neighbour": "1"})
    registry.publish("neighbour@1.0.0", dependencies={"below": "1"}, bin={"n": "cli.js"})
    registry.publish("below@1.0.0")
    other.graft("install")
    shared = snapshot(project.store / "slots"), snapshot(project.store / "objects")
    found = probe(project, registry, attempts)["found"]
    assert refused(found) == {}
    after = snapshot(project.store / "slots"), snapshot(project.store / "objects")
    for before, now in zip(shared, after, strict=True):
        assert {path: now.get(path) for path in before} == before
    assert not project.exists("new")
    assert other.graft("install", "--force", "--json").json["fetched"] == 0


@needs_sandbox
def test_scripts_write_to_their_package_a_home_and_a_temporary_folder(
    project: Project, registry: LocalRegistry
) -> None:
    attempts = {
        "package": "fs.writeFileSync('made', 'x')",
        "own file": "fs.appendFileSync('index.js', '// x')",
        "home": "fs.writeFileSync(require('os').homedir() + '/made', 'x')",
        "temporary": "fs.writeFileSync(require('os').tmpdir() + '/graft-made', 'x')",
        "tmp": "fs.writeFileSync('/tmp/graft-made', 'x')",
        "user": "require('os').userInfo().username",
        "compiler's": "fs.readdirSync('/usr/bin').length > 1",
    }
    found = probe(project, registry, attempts)["found"]
    assert {name: what for name, what in found.items() if what.startswith("refused")} == {}
    assert project.read("node_modules/probe/made") == "x"
    assert not os.path.exists("/tmp/graft-made")
    assert not (project.machine.home / "made").exists()


def test_hazard_35_no_credential_is_in_the_environment(
    project: Project, registry: LocalRegistry
) -> None:
    env = probe(project, registry, {}, "--network", env=SECRETS)["env"]
    said = json.dumps(env)
    assert "token-" not in said and "dG9rZW4" not in said
    assert env.keys().isdisjoint(SECRETS)
    assert env["HOME"] != str(project.machine.home)


@needs_sandbox
def test_scripts_have_no_network_unless_approved_with_it(
    project: Project, registry: LocalRegistry
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        connect = (
            f"new Promise((good, bad) => {{ const s = net.connect({port}, '127.0.0.1');"
            "s.on('connect', () => { s.destroy(); good('connected') }); s.on('error', bad) })"
        )
        assert refused(probe(project, registry, {"local": connect})["found"]) == {}
        listed = project.graft("approve-builds", "--json").json["packages"]
        assert [each["network"] for each in listed] == [False]
        result = project.graft("approve-builds", "--network", "probe")
        assert "network allowed" in result.stderr
        found = project.json("node_modules/probe/found.json")["found"]
        assert found == {"local": "connected"}
        assert "with the network" in project.graft("approve-builds").stdout


@needs_sandbox
def test_certificates_that_the_user_believes_come_with_the_network(
    project: Project, registry: LocalRegistry
) -> None:
    bundle = project.machine.home / "believed.pem"
    bundle.write_text("certificate")
    (project.machine.home / "secret").write_text("secret")
    env = {"SSL_CERT_FILE": str(bundle)}
    attempts = {"bundle": "fs.readFileSync(process.env.SSL_CERT_FILE, 'utf8')"}
    attempts["beside"] = f"fs.readFileSync('{project.machine.home}/secret', 'utf8')"
    found = probe(project, registry, attempts, "--network", env=env)["found"]
    assert found == {"bundle": "certificate", "beside": "refused ENOENT"}
    project.graft("approve-builds", "probe", env=env)
    assert "SSL_CERT_FILE" not in project.json("node_modules/probe/found.json")["env"]


@needs_sandbox
def test_scripts_have_no_rights_and_see_no_other_processes(
    project: Project, registry: LocalRegistry
) -> None:
    status = "fs.readFileSync('/proc/self/status', 'utf8').match(/%s:\\s*(\\w+)/)[1]"
    attempts = {
        "capabilities": status % "CapEff",
        "no new rights": status % "NoNewPrivs",
        "processes": "fs.readdirSync('/proc').filter(name => +name > 0).length < 10",
        "graft": f"process.kill({os.getpid()}, 0)",
    }
    found = probe(project, registry, attempts)["found"]
    assert int(found["capabilities"], 16) == 0
    assert found["no new rights"] == "1"
    assert found["processes"] == "true"
    assert found["graft"] == "refused ESRCH"


# Without one


def path_without_bubblewrap(project: Project) -> str:
    """A folder with the programs that graft and the scripts here call."""
    folder = project.machine.root / "programs"
    folder.mkdir(exist_ok=True)
    for name in ("sh", "node", "env", "touch", "setpriv", "npm"):
        if (real := shutil.which(name)) and not (folder / name).exists():
            (folder / name).symlink_to(real)
    return str(folder)


def prepared(project: Project, registry: LocalRegistry) -> dict[str, str]:
    registry.publish("scripted@1.0.0", scripts={"install": "touch ran"})
    registry.publish("also@1.0.0", scripts={"install": "touch ran"})
    project.manifest(dependencies={"scripted": "1", "also": "1"})
    project.graft("install")
    return {"PATH": path_without_bubblewrap(project)}


def settings(project: Project, line: str) -> None:
    project.machine.npmrc.write_text(project.machine.npmrc.read_text() + line + "\n")


def test_without_a_sandbox_that_is_said_once(project: Project, registry: LocalRegistry) -> None:
    env = prepared(project, registry)
    result = project.graft("approve-builds", "--all", env=env)
    assert result.stderr.count("build-unconfined") == 1
    assert "also@1.0.0, scripted@1.0.0" in result.stderr and "bubblewrap" in result.stderr
    assert project.exists("node_modules/scripted/ran")
    assert "build-unconfined" not in project.graft("install", "--force", env=env).stderr


def test_a_sandbox_that_does_not_work_is_none(project: Project, registry: LocalRegistry) -> None:
    env = prepared(project, registry)
    fake = Path(env["PATH"]) / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: may not make name spaces' >&2; exit 1\n")
    fake.chmod(0o755)
    report = project.graft("approve-builds", "--all", "--json", env=env).json
    (note,) = [note for note in report["notes"] if note["code"] == "build-unconfined"]
    assert "may not make name spaces" in note["why"][0]


def test_a_user_can_demand_a_sandbox(project: Project, registry: LocalRegistry) -> None:
    env = prepared(project, registry)
    settings(project, "sandbox=required")
    before = project.read("package.json")
    result = project.graft("approve-builds", "--all", "--json", env=env, check=False)
    assert (result.code, result.json["error"]["code"]) == (55, "sandbox-missing")
    assert project.read("package.json") == before
    assert not list(project.store.glob("slots/*/**/ran"))


def test_a_user_can_do_without_and_a_project_can_not(
    project: Project, registry: LocalRegistry
) -> None:
    env = prepared(project, registry)
    settings(project, "sandbox=required")
    project.write(".npmrc", "sandbox=off\n")
    result = project.graft("approve-builds", "--all", "--json", env=env, check=False)
    assert result.json["error"]["code"] == "sandbox-missing"
    settings(project, "sandbox=off")
    report = project.graft("approve-builds", "--all", "--json", env=env).json
    codes = [note["code"] for note in report["notes"]]
    assert codes == ["setting-in-project", "build-unconfined"]
    settings(project, "sandbox=perhaps")
    assert project.graft("install", "--force", check=False).code == 80


def test_without_a_sandbox_there_are_no_credentials_either(
    project: Project, registry: LocalRegistry
) -> None:
    env = SECRETS | {"PATH": path_without_bubblewrap(project)}
    attempts = {"rights": "fs.readFileSync('/proc/self/status', 'utf8').match(/NoNewPrivs:\\s*1/)"}
    said = probe(project, registry, attempts, env=env)
    assert said["env"].keys().isdisjoint(SECRETS)
    assert said["env"]["HOME"].startswith(str(project.store))
    if shutil.which("setpriv"):
        assert said["found"]["rights"] != "done"
