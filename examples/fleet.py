"""What ``make demo-fleet`` runs: a server, three hosts, and scripts on each of them.

All of it is on this machine and below ``build/demo-fleet``, each host with a root and a store of
its own. Packages come from the registry that npm is configured for, asked by the server alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from graft.base.files import remove_tree

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "demo-fleet"
SCRIPTS = ROOT / "examples" / "fleet"
SET = "reports"
FIRST = ("express@5.1.0", "lodash@4.17.20", "react@19.1.0", "react-dom@19.1.0", "zod@3.25.76")
SECOND = "lodash@4.17.21"
HOSTS = ("one", "two", "three")


def main() -> int:
    if shutil.which("node") is None:
        print("demo: node is not on PATH; install Node.js 18.19 or newer and run it again")
        return 1
    if BUILD.exists():
        remove_tree(str(BUILD))
    (BUILD / "server").mkdir(parents=True)
    with closing(Fleet()) as fleet:
        show(fleet)
    print(f"\nEverything is below {BUILD.relative_to(ROOT)}/.")
    return 0


def show(fleet: Fleet) -> None:
    say("1. a package set: what scripts may import, by exact versions")
    fleet.graft("set", "create", SET)
    fleet.graft("add", SET, *FIRST)

    say("2. installed once, on the server; hosts never ask a registry")
    fleet.graft("install", SET)

    say("3. three hosts bring themselves to it")
    fleet.converge()

    say("4. a script on each, with these packages and no others, in a sandbox")
    fleet.run_everywhere()

    say(f"5. another release: {SECOND}; hosts pull what is new in it")
    fleet.graft("add", SET, SECOND)
    fleet.graft("install", SET)
    fleet.converge()
    fleet.run_everywhere()

    say("6. back to the release before: no registry, and no archive is pulled")
    fleet.graft("rollback", SET)
    fleet.converge()
    fleet.run_everywhere()

    say("7. who has what")
    fleet.graft("hosts", SET)

    say("8. what no release that is kept needs any more: the current one, and two before it")
    for name in ("react-dom", "express", "zod"):
        fleet.graft("remove", SET, name)
        fleet.graft("install", SET)
    fleet.graft("history", SET)
    fleet.graft("gc", "--older-than", "0", "--dry-run")
    fleet.graft("gc", "--older-than", "0")
    fleet.converge()


class Fleet:
    """The server, and the commands that ask it. Its tokens are in environments, and nowhere
    else."""

    def __init__(self) -> None:
        self._environment = os.environ | {
            "GRAFT_HOME": str(BUILD / "server" / "home"),
            "XDG_CONFIG_HOME": str(BUILD / "config"),
        }
        self._process = subprocess.Popen(
            [*graft("serve", "--json", "--listen", "127.0.0.1:0"), *self._data],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        said = ""
        while not said.endswith("\n}\n"):
            line = self._process.stdout.readline()
            if not line:
                sys.exit("demo: the server did not start: is 'graft[fleet]' installed?")
            said += line
        url = json.loads(said)["url"]
        self._environment |= {"GRAFT_FLEET_SERVER": url, "GRAFT_FLEET_TOKEN": self._token("manage")}
        self._hosts = {name: self._token("host", "--host", name) for name in HOSTS}

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def graft(self, *arguments: str) -> None:
        print(f"   $ graft fleet {' '.join(arguments)}", flush=True)
        done = self._call(graft(*arguments), self._environment)
        for line in (*done.stdout.splitlines()[-6:], *done.stderr.splitlines()):
            print(f"   {line}", flush=True)

    def converge(self) -> None:
        for name, token in self._hosts.items():
            environment = self._environment | {"GRAFT_FLEET_TOKEN": token}
            # Each host has a store of its own, below its root.
            del environment["GRAFT_HOME"]
            agent = graft("agent", "--set", SET, "--host", name, "--root", root(name), "--once")
            said = json.loads(self._call([*agent, "--json"], environment).stdout)["sets"][0]
            pulled = f"archives pulled: {said['pulledBlobs']} ({said['pulledBytes']:,} bytes)"
            print(f"   host {name}: release {said['hash'][:12]}, {pulled}", flush=True)

    def run_everywhere(self) -> None:
        for name in HOSTS:
            run = graft("run", SET, "-C", str(SCRIPTS), "--root", root(name), "--json")
            done = self._call([*run, "--", "node", "report.mjs"], self._environment)
            ran: dict[str, Any] = json.loads(done.stdout)
            if ran["exitCode"]:
                sys.exit(f"demo: the script failed on host {name}:\n{ran['stderr']}")
            sandbox = ran["enforcement"]["sandbox"]
            print(f"   host {name}: {ran['stdout'].strip()}   # sandbox: {sandbox}", flush=True)

    def _token(self, role: str, *flags: str) -> str:
        made = graft("token", "create", "--json", "--role", role, *flags, *self._data)
        return str(json.loads(self._call(made, self._environment).stdout)["secret"])

    @property
    def _data(self) -> tuple[str, str]:
        return "--data", str(BUILD / "server")

    def _call(
        self, command: Sequence[str], environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(command, env=environment, cwd=BUILD, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"demo: a command failed: {' '.join(command[1:])}\n{done.stderr}{done.stdout}")
        return done


def graft(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("graft")), "fleet", *arguments]


def root(host: str) -> str:
    return str(BUILD / f"host-{host}")


def say(text: str) -> None:
    print(f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
