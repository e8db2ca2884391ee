"""``graft audit``: advisories against the lock, and what ``--fix`` makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from harness.offers import ADVISORIES_PATH
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


@pytest.fixture
def weak(project: Project, registry: LocalRegistry) -> Project:
    """``low`` is weak in all of 1.x below 1.2.0, and asked for in three ways."""
    for version in ("1.0.0", "1.1.0"):
        registry.publish(f"low@{version}")
    registry.publish("loose@1.0.0", dependencies={"low": "^1.0.0"})
    registry.publish("pinned@1.0.0", dependencies={"low": "1.0.0"})
    registry.publish("sound@1.0.0")
    project.manifest(dependencies={"loose": "1", "sound": "1"}, devDependencies={"pinned": "1"})
    project.graft("install")
    registry.advise("low", "<1.2.0", severity="critical", title="runs\x1b[2J what it reads")
    registry.clear_log()
    return project


def ids(said: Any) -> list[str]:
    return sorted(each["id"] for finding in said["findings"] for each in finding["affected"])


def test_audit_says_what_is_weak_and_who_asks_for_it(
    weak: Project, registry: LocalRegistry
) -> None:
    before = snapshot(weak.dir)
    done = weak.graft("audit", check=False)
    assert done.code == 1
    assert done.stdout.splitlines() == [
        "critical low <1.2.0: runs [2J what it reads",
        "  https://example.com/advisories/GHSA-1001",
        "  pinned@1.0.0 > low@1.0.0",
        "  loose@1.0.0 > low@1.1.0",
    ]
    assert "2 packages with known weaknesses (1 critical) among 5 packages" in done.stderr
    assert snapshot(weak.dir) == before
    (request,) = registry.requests
    assert request.method == "POST"
    assert registry.audited == [
        {"loose": ["1.0.0"], "low": ["1.0.0", "1.1.0"], "pinned": ["1.0.0"], "sound": ["1.0.0"]}
    ]


def test_audit_as_json(weak: Project) -> None:
    done = weak.graft("audit", "--json", check=False)
    said = done.json
    assert done.code == 1 and said["packages"] == 5 and said["unaudited"] == []
    assert said["counts"] == {"critical": 1, "high": 0, "moderate": 0, "low": 0, "info": 0}
    (finding,) = said["findings"]
    assert (finding["package"], finding["severity"]) == ("low", "critical")
    assert finding["affected"][1] == {
        "id": "low@1.1.0",
        "chains": [
            {
                "importer": ".",
                "steps": [
                    {"name": "loose", "specifier": "1", "kind": "prod", "id": "loose@1.0.0"},
                    {"name": "low", "specifier": "^1.0.0", "kind": "prod", "id": "low@1.1.0"},
                ],
            }
        ],
    }


def test_nothing_is_weak(weak: Project, registry: LocalRegistry) -> None:
    registry.advise("sound", ">=2")  # a registry may tell more than was asked
    registry.serve(ADVISORIES_PATH, {"sound": [registry.advise("sound", "<1")], "other": [{}]})
    done = weak.graft("audit")
    assert (done.stdout, done.stderr) == ("", "no known weaknesses among 5 packages\n")
    assert weak.graft("audit", "--json").json["findings"] == []


def test_the_level_decides_the_exit_code_alone(weak: Project, registry: LocalRegistry) -> None:
    registry.advise("sound", "*", severity="moderate")
    for level, code in (("critical", 1), ("high", 1), ("low", 1)):
        assert weak.graft("audit", "--audit-level", level, check=False).code == code
    weak.graft("remove", "loose", "pinned")
    assert len(weak.graft("audit", "--audit-level", "high", "--json").json["findings"]) == 1
    assert weak.graft("audit", "--audit-level", "moderate", check=False).code == 1
    assert weak.graft("audit", "--audit-level", "hihg", check=False).code == 2


def test_prod_leaves_out_what_only_development_needs(
    weak: Project, registry: LocalRegistry
) -> None:
    assert ids(weak.graft("audit", "--prod", "--json", check=False).json) == ["low@1.1.0"]
    assert "pinned" not in registry.audited[0] and registry.audited[0]["low"] == ["1.1.0"]


@pytest.mark.parametrize(
    ("vulnerable", "is_weak"),
    [
        ("<2.0.0", True),
        (">=2.0.0-alpha", True),
        ("<2.0.0-rc.1", False),
        ("what?", True),
        ("", True),
    ],
)
def test_prereleases_and_what_cannot_be_read_count(
    project: Project, registry: LocalRegistry, vulnerable: str, is_weak: bool
) -> None:
    registry.publish("a@2.0.0-rc.1")
    project.manifest(dependencies={"a": "2.0.0-rc.1"})
    project.graft("install")
    registry.advise("a", vulnerable, severity="terrible")
    said = project.graft("audit", "--json", check=False)
    assert bool(said.json["findings"]) is is_weak
    assert said.json["counts"]["critical"] == is_weak  # what nobody can rank is not passed over


# Registries


def test_each_registry_is_asked_about_its_own_packages(
    project: Project, registry: LocalRegistry
) -> None:
    with LocalRegistry() as private:
        private.require_token("secret")
        npmrc = project.machine.npmrc
        npmrc.write_text(
            f"{npmrc.read_text()}@acme:registry={private.url}\n//{private.host}/:_authToken=secret\n"
        )
        private.publish("@acme/tool@1.0.0", dependencies={"a": "1"})
        registry.publish("a@1.0.0")
        project.manifest(dependencies={"@acme/tool": "1"})
        project.graft("install")
        registry.clear_log()
        assert project.graft("audit", "--json").json["packages"] == 2
        assert registry.audited == [{"a": ["1.0.0"]}]
        assert private.audited == [{"@acme/tool": ["1.0.0"]}]
        assert all(request.authorization == "" for request in registry.requests)

        private.plain()
        registry.advise("a", "*", severity="info")
        done = project.graft("audit", "--json", check=False)
        (silent,) = done.json["unaudited"]
        assert (done.code, silent["packages"], silent["registry"]) == (45, 1, private.url)
        assert silent["error"]["code"] == "registry-lacks"
        assert len(done.json["findings"]) == 1
        shown = project.graft("audit", check=False)
        assert "error registry-lacks" in shown.stderr and "info a *" in shown.stdout
        assert project.graft("audit", "--ignore-registry-errors").code == 0
        assert project.graft("audit", "--audit-level", "info", check=False).code == 1


@pytest.mark.parametrize(
    ("status", "code"), [(404, 45), (405, 45), (500, 41), (400, 43), (403, 42), (200, 43)]
)
def test_a_registry_that_tells_nothing_is_an_error(
    weak: Project, registry: LocalRegistry, status: int, code: int
) -> None:
    weak.machine.npmrc.write_text(f"registry={registry.url}\nfetch-retries=0\n")
    registry.fault(ADVISORIES_PATH, times=None, status=status, body=b"<html>")
    done = weak.graft("audit", "--json", check=False)
    assert (done.code, done.json["error"]["where"]) == (code, registry.url + ADVISORIES_PATH[1:])


def test_audit_is_tried_again(weak: Project, registry: LocalRegistry) -> None:
    registry.fault(ADVISORIES_PATH, status=503)
    assert weak.graft("audit", check=False).code == 1
    assert len(registry.audited) == 2 and registry.audited[0] == registry.audited[1]


def test_audit_needs_a_network_and_a_lock(weak: Project, registry: LocalRegistry) -> None:
    assert weak.graft("audit", "--offline", check=False).code == 44
    assert registry.requests == []
    weak.remove("graft-lock.json")
    assert weak.graft("audit", check=False).code == 10
    assert weak.graft("audit", "--dry-run", check=False).code == 2


def test_members_are_audited_and_not_told_of(project: Project, registry: LocalRegistry) -> None:
    registry.publish("low@1.0.0")
    project.manifest(workspaces=["packages/*"])
    project.manifest("packages/one", name="@own/one", dependencies={"low": "1"})
    project.manifest("packages/two", name="two", dependencies={"@own/one": "workspace:*"})
    project.graft("install")
    registry.advise("low", "*")
    done = project.graft("audit", check=False)
    assert done.stdout.splitlines()[2:] == ["  packages/one > low@1.0.0"]
    assert registry.audited == [{"low": ["1.0.0"]}] and "no registry" not in done.stderr


# --fix


def versions(project: Project, name: str) -> list[str]:
    return sorted(id for id in project.lock["nodes"] if id.rpartition("@")[0] == name)


def test_fix_takes_what_the_ranges_allow(weak: Project, registry: LocalRegistry) -> None:
    registry.publish("low@1.2.0")
    registry.publish("sound@1.1.0")
    before = snapshot(weak.dir)
    said = weak.graft("audit", "--fix", "--dry-run", "--json", check=False).json
    assert [each["to"] for each in said["fix"]["install"]["changes"]] == ["1.2.0"] and snapshot(
        weak.dir
    ) == before

    done = weak.graft("audit", "--fix", "--json", check=False)
    assert done.code == 1  # one is still pinned
    assert ids(done.json) == ["low@1.0.0"]
    assert versions(weak, "low") == ["low@1.0.0", "low@1.2.0"]
    assert versions(weak, "sound") == ["sound@1.0.0"]  # what is not weak stays as it is
    assert done.json["fix"]["overrides"] == {"pinned@1.0.0": {"low": "^1.2.0"}}
    assert "overrides" not in weak.json("package.json")
    assert weak.node('console.log(require("loose").requires("low").version)') == "1.2.0"


def test_fix_updates_those_who_ask_for_weak_versions_alone(
    weak: Project, registry: LocalRegistry
) -> None:
    registry.publish("low@1.2.0")
    registry.publish("pinned@1.0.1", dependencies={"low": "1.0.0"})
    registry.publish("pinned@1.1.0", dependencies={"low": "1.2.0"})
    registry.publish("loose@1.1.0")
    done = weak.graft("audit", "--fix", "--json")
    assert done.json["findings"] == [] and done.json["fix"]["mended"] == 1
    assert versions(weak, "pinned") == ["pinned@1.1.0"]
    assert versions(weak, "loose") == ["loose@1.0.0"]
    assert versions(weak, "low") == ["low@1.2.0"]


def test_fix_leaves_askers_alone_where_that_mends_nothing(
    weak: Project, registry: LocalRegistry
) -> None:
    registry.publish("low@1.2.0")
    registry.publish("pinned@1.0.1", dependencies={"low": "1.0.0"})
    done = weak.graft("audit", "--fix", "--json", check=False)
    assert ids(done.json) == ["low@1.0.0"]
    assert versions(weak, "pinned") == ["pinned@1.0.0"]


def test_fix_by_overrides(weak: Project, registry: LocalRegistry) -> None:
    registry.publish("low@1.2.0")
    registry.publish("low@1.9.0")
    registry.advise("low", ">=1.3.0")
    weak.manifest(overrides={"pinned@1.0.0": "1.0.0"})
    weak.graft("install")
    done = weak.graft("audit", "--fix=override", check=False)
    assert weak.json("package.json")["overrides"] == {
        "pinned@1.0.0": {".": "1.0.0", "low": "^1.2.0"}
    }
    assert "overrides in package.json" in done.stderr
    # The registry knew of the newest version's weakness, too; it is the range's newest still.
    assert weak.graft("install", "--json").json["upToDate"]


def test_overrides_mend_what_is_pinned(weak: Project, registry: LocalRegistry) -> None:
    registry.publish("low@1.2.0")
    done = weak.graft("audit", "--fix=override", "--json")
    assert done.json["findings"] == [] and done.json["fix"]["overridesWritten"]
    assert weak.json("package.json")["overrides"] == {"pinned@1.0.0": {"low": "^1.2.0"}}
    assert weak.node('console.log(require("pinned").requires("low").version)') == "1.2.0"
    assert weak.graft("audit").code == 0


def test_what_package_json_itself_pins_is_the_users_to_change(
    project: Project, registry: LocalRegistry
) -> None:
    for version in ("1.0.0", "2.0.0"):
        registry.publish(f"a@{version}")
    registry.publish("b@1.0.0")
    project.manifest(dependencies={"a": "^1", "old": "npm:a@1", "b": "1"})
    project.graft("install")
    registry.advise("a", "<2")
    registry.advise("b", "*")
    before = project.read("package.json")
    done = project.graft("audit", "--fix=override", "--json", check=False)
    assert done.code == 1
    assert done.json["fix"]["add"] == {"a": "^2.0.0", "old": "npm:a@^2.0.0"}
    assert done.json["fix"]["hopeless"] == ["b"] and not done.json["fix"]["overridesWritten"]
    assert project.read("package.json") == before
    shown = project.graft("audit", "--fix", check=False).stderr
    assert "graft add a@^2.0.0" in shown and "no later version of b" in shown


def test_fix_where_nothing_is_weak(weak: Project) -> None:
    weak.graft("remove", "loose", "pinned")
    before = weak.lock
    assert weak.graft("audit", "--fix", "--json").json["fix"]["install"]["upToDate"]
    assert weak.lock == before
