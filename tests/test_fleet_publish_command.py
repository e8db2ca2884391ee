"""``graft fleet publish`` in a project, and an update, with a real server."""

from __future__ import annotations

from typing import Any

from harness.fleet_server import FleetServer
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


def test_a_project_publishes_its_lock_and_a_set_is_updated(
    machine: Machine, registry: LocalRegistry, project: Project
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1"})
    registry.publish("b@1.0.0")
    registry.publish("dev@1.0.0")
    project.manifest(dependencies={"a": "^1"}, devDependencies={"dev": "^1"})
    with FleetServer(machine) as server:
        server.graft("set", "create", "scripts")
        told: dict[str, Any] = {"cwd": project.dir}
        error = server.graft("publish", "scripts", "--json", check=False, **told).json["error"]
        assert error["code"] == "lock-missing"
        project.graft("install", "--lockfile-only")
        would = server.graft("publish", "scripts", "--dry-run", "--json", **told).json["report"]
        assert (would["dry_run"], would["put"], would["packages"]) == (True, 2, 2)
        done = server.graft("publish", "scripts", **told)
        assert "2 packages" in done.stderr and "added" in done.stdout and "dev" not in done.stdout
        # As it is in the project, and not as it would be now.
        registry.publish("b@1.1.0")
        again = server.graft("publish", "scripts", "--json", **told).json
        assert again["report"]["hash"] == would["hash"] and again["report"]["changes"] == []
        server.graft("add", "scripts", "a@1.0.0")
        kept = server.graft("install", "scripts", "--json").json["report"]
        assert kept["changes"] == []
        # What is not there yet has no size yet.
        said = server.graft("install", "scripts", "--update", "--dry-run").stderr
        assert "1 archive would be put into the blob store, beside" in said and "packed" not in said
        done = server.graft("install", "scripts", "--update")
        assert "b 1.0.0 -> 1.1.0" in done.stdout and "packed" in done.stderr
        assert "1 archive was put into the blob store" in done.stderr
        newer = server.graft("state", "scripts", "--json").json

        project.manifest(dependencies={"a": "^1", "mine": "file:./mine"})
        project.manifest("mine", name="mine", version="1.0.0")
        stale = server.graft("publish", "scripts", "--json", check=False, **told).json["error"]
        assert stale["code"] == "lock-stale"
        project.graft("install", "--lockfile-only")
        refused = server.graft("publish", "scripts", "--json", check=False, **told)
        assert refused.json["error"]["code"] == "fleet-invalid" and refused.code == 114
        assert "mine" in refused.json["error"]["why"][0]
        # Before a server was asked: what hosts are to have, and its attempts, are as they were.
        assert server.graft("state", "scripts", "--json").json["hash"] == newer["hash"]
