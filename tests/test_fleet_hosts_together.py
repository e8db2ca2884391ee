"""A server, agents and scripts together: the real commands, on loopback."""

from __future__ import annotations

from pathlib import Path

from harness.command import GRAFT
from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.registry import LocalRegistry


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
