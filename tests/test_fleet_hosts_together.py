"""A server, agents and scripts together: the real commands, on loopback."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from threading import Event, Thread

from graft.base.records import replace
from graft.fleet.lease import lease
from graft.fleet.reconcile import reconcile
from graft.fleet.switch import current_hash
from harness.command import GRAFT
from harness.crash import workplace
from harness.fleet_server import FleetServer
from harness.fleet_upstream import Shelf, host_at
from harness.machine import Machine
from harness.registry import LocalRegistry

SWITCHES = 200


def test_hosts_converge_on_what_a_server_publishes(tmp_path: Path) -> None:
    with LocalRegistry() as registry:
        registry.publish("a@1.0.0", dependencies={"b": "^1"})
        registry.publish("b@1.0.0")
        registry.publish("b@1.1.0")
        machine = Machine(tmp_path, registry)
        with FleetServer(machine) as server:
            server.graft("set", "create", "apps")
            server.graft("add", "apps", "a@1.0.0")
            first = server.graft("install", "apps", "--json").json["state"]["hash"]

            def agent(name: str) -> dict[str, object]:
                env = {
                    "GRAFT_FLEET_SERVER": server.url,
                    "GRAFT_FLEET_TOKEN": server.token("host", name),
                    "GRAFT_HOME": None,
                }
                flags = ("--set", "apps", "--root", str(tmp_path / name), "--once", "--json")
                done = machine.run([*GRAFT, "fleet", "agent", *flags], env=env)
                (said,) = done.json["sets"]
                return dict(said)

            for name in ("one", "two"):
                said = agent(name)
                assert (said["hash"], said["pulledBlobs"], said["error"]) == (first, 2, None)
            server.graft("add", "apps", "b@1.0.0")
            second = server.graft("install", "apps", "--json").json["state"]["hash"]
            said = agent("one")
            assert (said["hash"], said["pulledBlobs"]) == (second, 1 if second != first else 0)
            server.graft("rollback", "apps")
            said = agent("one")
            assert (said["hash"], said["pulledBlobs"], said["flipped"]) == (first, 0, True)
            hosts = server.graft("hosts", "apps", "--json").json["hosts"]
            known = {each["host"]: (each["hash"], each["status"]) for each in hosts}
            assert known == {"one": (first, "ready"), "two": (first, "ready")}
        # Nobody has asked the registry but the server.
        assert registry.count("/b/-/b-1.1.0.tgz") <= 1


def test_no_import_fails_while_releases_change_two_hundred_times() -> None:
    """Scripts begin on whatever is current, and trees go as soon as nothing runs on them."""
    with workplace() as folder:
        shelf = Shelf()
        for version in ("1.0.0", "2.0.0", "3.0.0"):
            shelf.publish(f"b@{version}")
            shelf.publish(f"a@{version}", dependencies={"b": version})
        releases = [shelf.want(a=f"a@{version}") for version in ("1.0.0", "2.0.0", "3.0.0")]
        host = replace(host_at(folder, shelf), grace=0)
        assert reconcile(host, "apps").error is None
        stop, ran, wrong = Event(), list[str](), list[str]()

        def scripts() -> None:
            late = "setTimeout(() => console.log(a.version, a.requires('b').version), 20)"
            code = f"const a = require('a'); {late}"
            while not stop.is_set():
                with lease(host.root.path, "apps") as held:
                    done = subprocess.run(
                        ["node", "-e", code], cwd=held.tree, capture_output=True, text=True
                    )
                one, _, other = done.stdout.strip().partition(" ")
                (ran if one and one == other else wrong).append(done.stdout or done.stderr)

        def readers() -> None:
            """Far more often than programs can be started."""
            while not stop.is_set():
                with lease(host.root.path, "apps") as held:
                    try:
                        for name in ("package.json", "index.js"):
                            with open(f"{held.tree}/node_modules/a/{name}") as file:
                                assert file.read()
                    except (OSError, AssertionError) as error:
                        wrong.append(str(error))
                time.sleep(0)

        threads = [Thread(target=scripts), Thread(target=readers)]
        for thread in threads:
            thread.start()
        gone = 0
        for turn in range(SWITCHES):
            release = releases[turn % 3]
            shelf.move(release)
            done = reconcile(host, "apps")
            assert done.error is None and done.flipped, done
            gone += len(done.gone)
            assert current_hash(host.root.set("apps")) == release.hash
        stop.set()
        for thread in threads:
            thread.join()
        assert wrong == [] and len(ran) > 3 and gone > SWITCHES / 4
        assert os.listdir(host.root.set("apps").trees)
