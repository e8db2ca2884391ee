"""Optional dependencies, packages for other platforms, and kinds that an install leaves out."""

from __future__ import annotations

import sys

import pytest

from graft.workflows.host import this_platform
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry

HERE = this_platform()
OTHER_OS = "win32" if HERE.os != "win32" else "linux"


def nodes(project: Project) -> set[str]:
    return set(project.lock["nodes"])


def fetched(registry: LocalRegistry) -> set[str]:
    return {request.path.rpartition("/")[2] for request in registry.tarball_requests}


def test_hazard_21_optional_packages_that_do_not_exist_are_left_out(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", optional={"absent": "1", "old": "^9", "there": "1"})
    registry.publish("old@1.0.0")
    registry.publish("there@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert nodes(project) == {"a@1.0.0", "there@1.0.0"}
    assert project.graft("install", "--frozen-lockfile", "--json").json["upToDate"]


def test_hazard_21_an_optional_package_that_lacks_something_it_requires_is_left_out(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", optional={"fragile": "1"}, dependencies={"shared": "1"})
    registry.publish("fragile@1.0.0", dependencies={"middle": "1", "shared": "1", "own": "1"})
    registry.publish("middle@1.0.0", dependencies={"absent": "1"})
    registry.publish("shared@1.0.0")
    registry.publish("own@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert nodes(project) == {"a@1.0.0", "shared@1.0.0"}


def test_hazard_21_optional_dependencies_of_the_project_are_installed(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    project.manifest(optionalDependencies={"a": "1", "absent": "1"})
    project.graft("install")
    assert project.node("console.log(require('a').version)") == "1.0.0"
    assert project.lock["importers"]["."]["absent"] == ["optional", "1"]


def test_the_error_names_what_is_required_and_not_what_is_optional(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"absent-a": "1"})
    registry.publish("b@1.0.0", dependencies={"absent-b": "1"})
    project.manifest(optionalDependencies={"a": "1"}, dependencies={"b": "1"})
    error = project.graft("install", "--json", check=False).json["error"]
    assert "absent-b" in error["message"]


def test_a_registry_in_trouble_is_no_reason_to_leave_a_package_out(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0")
    registry.fault("/a", status=403, times=None)
    project.manifest(optionalDependencies={"a": "1"})
    failed = project.graft("install", "--json", check=False)
    assert failed.json["error"]["code"] == "registry-refused"
    assert not project.exists("graft-lock.json")


def _publish_native(registry: LocalRegistry) -> None:
    here = {"os": [HERE.os], "cpu": [HERE.cpu]}
    registry.publish("native-here@1.0.0", **here)  # type: ignore[arg-type]
    registry.publish("native-other-os@1.0.0", os=[OTHER_OS], dependencies={"only-there": "1"})
    registry.publish("native-other-cpu@1.0.0", os=[HERE.os], cpu=["s390x"])
    registry.publish("native-not-here@1.0.0", os=[f"!{HERE.os}"])
    registry.publish("only-there@1.0.0")
    names = ("here", "other-os", "other-cpu", "not-here")
    registry.publish("native@1.0.0", optional={f"native-{name}": "1.0.0" for name in names})


def test_hazard_19_the_lock_holds_all_platforms_and_the_disk_only_this_one(
    project: Project, registry: LocalRegistry
) -> None:
    _publish_native(registry)
    project.manifest(dependencies={"native": "1"})
    report = project.graft("install", "--json").json
    assert report["packages"] == 2
    assert nodes(project) == {
        *("native@1.0.0", "native-here@1.0.0", "native-other-os@1.0.0", "only-there@1.0.0"),
        *("native-other-cpu@1.0.0", "native-not-here@1.0.0"),
    }
    assert project.lock["nodes"]["native-other-cpu@1.0.0"]["cpu"] == ["s390x"]
    tried = ", ".join(f"'native-{name}'" for name in ("here", "other-os", "other-cpu"))
    script = f"""
    const can = (name) => {{ try {{ return require('native').requires(name).name }} catch {{}} }}
    console.log([{tried}].filter(can).join())"""
    assert project.node(script) == "native-here"
    assert not {name for name in fetched(registry) if "other" in name or "not" in name}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a choice of libc")
@pytest.mark.parametrize("short_form_has_libc", [True, False])
def test_hazard_19_only_the_fitting_libc_is_installed(
    project: Project, registry: LocalRegistry, short_form_has_libc: bool
) -> None:
    if not short_form_has_libc:
        registry.abbreviated_fields -= {"libc"}
    other = "musl" if HERE.libc == "glibc" else "glibc"
    registry.publish("native-fit@1.0.0", os=["linux"], libc=[HERE.libc])
    registry.publish("native-unfit@1.0.0", os=["linux"], libc=[other])
    registry.publish("native@1.0.0", optional={"native-fit": "1", "native-unfit": "1"})
    project.manifest(dependencies={"native": "1"})
    project.graft("install")
    assert fetched(registry) == {"native-1.0.0.tgz", "native-fit-1.0.0.tgz"}
    assert project.lock["nodes"]["native-unfit@1.0.0"]["libc"] == [other]


def test_hazard_20_what_is_in_the_cache_does_not_change_what_the_lock_says_of_libc(
    machine: Machine, project: Project, registry: LocalRegistry
) -> None:
    registry.abbreviated_fields -= {"libc"}
    registry.max_age = 300
    registry.publish("native@1.0.0", libc=["glibc", "musl"])
    project.manifest(dependencies={"native": "1"})
    project.graft("install")
    # Here the whole packument, which has libc, is in the cache.
    warm = Machine(machine.root / "warm", registry).project("app")
    warm.sibling("first", optionalDependencies={"native": "1"}).graft("install")
    warm.manifest(dependencies={"native": "1"})
    warm.graft("install")
    assert warm.read("graft-lock.json") == project.read("graft-lock.json")


def test_a_required_package_for_another_platform_is_an_error_that_shows_the_way(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0", dependencies={"native": "1"}, optional={"native-2": "1"})
    registry.publish("native@1.0.0", os=[OTHER_OS])
    project.manifest(dependencies={"a": "1"})
    failed = project.graft("install", "--json", check=False)
    error = failed.json["error"]
    assert (failed.code, error["code"]) == (22, "platform-unsupported")
    assert error["where"] == "a@1.0.0 > b@1.0.0 > native@1.0.0"
    assert OTHER_OS in error["why"][0]
    assert not project.exists("graft-lock.json") and not project.exists("node_modules")


@pytest.mark.parametrize(
    ("flags", "linked"),
    [
        ([], {"a", "d", "o", "p"}),
        (["--prod"], {"a", "o", "p"}),
        (["--no-optional"], {"a", "d", "p"}),
        (["--omit=dev", "--omit=optional"], {"a", "p"}),
        (["--omit=peer"], {"a", "d", "o"}),
    ],
)
def test_kinds_that_are_left_out_stay_in_the_lock(
    project: Project, registry: LocalRegistry, flags: list[str], linked: set[str]
) -> None:
    for name in ("d", "o", "p", "below", "joint"):
        registry.publish(f"{name}@1.0.0")
    registry.publish("a@1.0.0", optional={"below": "1"}, peers={"d": "1", "joint": "1"})
    project.manifest(
        dependencies={"a": "1"},
        devDependencies={"d": "1"},
        optionalDependencies={"o": "1"},
        peerDependencies={"p": "1"},
    )
    project.graft("install", *flags)
    assert set(project.links()) - {"app"} == linked
    assert len(nodes(project)) == 6
    # What a needs in production stays, even if the project asks for it in development only.
    reached = """const can = (name) => { try { return require('a').requires(name) } catch {} }
    console.log(['below', 'd', 'joint'].filter(can).join())"""
    expected = {"below", "d", "joint"}
    expected -= {"below"} if any("optional" in flag for flag in flags) else set()
    expected -= {"joint"} if "--omit=peer" in flags else set()
    assert set(project.node(reached).split(",")) == expected
    full = project.graft("install", "--json").json
    assert not full["lockChanged"] and set(project.links()) - {"app"} == {"a", "d", "o", "p"}


def test_an_edit_does_not_ask_again_for_what_the_lock_says_is_absent(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", optional={"absent": "1", "old": "^9", "there": "1"})
    for name in ("old", "there", "other"):
        registry.publish(f"{name}@1.0.0")
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    registry.clear_log()
    project.graft("add", "other@1")
    assert {request.path for request in registry.packument_requests} == {"/other"}
    # Who asks for news gets them, and so does whoever takes away a rule that kept it absent.
    registry.publish("absent@1.0.0")
    project.graft("update")
    assert "absent@1.0.0" in nodes(project)


def test_what_an_override_kept_absent_comes_back_without_it(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish("a@1.0.0", optional={"opt": "1"})
    registry.publish("opt@1.0.0")
    project.manifest(dependencies={"a": "1"}, overrides={"opt": "9"})
    project.graft("install")
    assert nodes(project) == {"a@1.0.0"}
    project.manifest(overrides={})
    project.graft("install")
    assert nodes(project) == {"a@1.0.0", "opt@1.0.0"}
