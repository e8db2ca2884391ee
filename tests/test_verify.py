"""``graft store verify``: what differs from what was stored is named, and ``--repair`` mends it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

HEALTHY, DAMAGED, REPAIRED = 0, 37, 38
RUNS = "console.log(require('a').requires('b').requires('c').version)"


@pytest.fixture
def installed(project: Project, registry: LocalRegistry) -> Project:
    """``a -> b -> c``, and ``built``, whose script has run; the registry has forgotten what it was
    asked."""
    registry.publish("c@1.0.0", files={"lib/deep.js": "deep"})
    registry.publish("b@1.0.0", dependencies={"c": "1"}, bin={"b": "cli.js"})
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    registry.publish("built@1.0.0", scripts={"postinstall": "echo made > made.txt"})
    project.manifest(dependencies={"a": "1", "built": "1"})
    project.graft("install")
    project.graft("approve-builds", "built")
    registry.clear_log()
    return project


def verify(project: Project, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = project.graft("store", "verify", "--json", *arguments, check=False)
    return done.code, done.json


def slot(project: Project, name: str) -> Path:
    """The one that is used."""
    return max(project.store.glob(f"slots/{name}@*"), key=lambda path: path.stat().st_ctime)


def stored(project: Project, name: str) -> Path:
    """The folder of a package's object."""
    (found,) = project.store.glob(f"objects/*/node_modules/{name}")
    return found


def changed(path: Path) -> None:
    """In place, as an editor might, so that every hard link to it changes."""
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    path.chmod(0o444)


def opened(path: Path) -> None:
    path.parent.chmod(0o755)


def missing(path: Path) -> None:
    opened(path)
    path.unlink()


def cut_short(path: Path) -> None:
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1])


def more(path: Path) -> None:
    opened(path)
    path.with_name("more.js").write_text("more")


def writable(path: Path) -> None:
    path.chmod(0o644)


def elsewhere(path: Path) -> None:
    missing(path)
    path.symlink_to("../elsewhere")


def another(path: Path) -> None:
    opened(path)
    path.symlink_to("c")


def a_folder(path: Path) -> None:
    missing(path)
    path.mkdir()
    (path / "file").write_text("x")


def emptied(path: Path) -> None:
    opened(path)
    path.chmod(0o644)
    path.write_text("")


OBJECT, SLOT, BUILT = "an object", "a slot", "a private slot"
DAMAGES: dict[str, tuple[str, str, Callable[[Path], None], int]] = {
    "a byte of an object": (OBJECT, "lib/deep.js", changed, 1),
    "a file of an object": (OBJECT, "lib/deep.js", missing, 1),
    "a file of an object, cut short": (OBJECT, "index.js", cut_short, 1),
    "a file too many in an object": (OBJECT, "index.js", more, 0),
    "a folder for a file of an object": (OBJECT, "index.js", a_folder, 1),
    "a link for a file of an object": (OBJECT, "index.js", elsewhere, 1),
    "the mode of an object's file": (OBJECT, "index.js", writable, 0),
    "an object's record": (OBJECT, "../../../{object}.json", missing, 1),
    "an object's record, emptied": (OBJECT, "../../../{object}.json", emptied, 1),
    "an object's inventory": (OBJECT, "../../inventory", emptied, 0),
    "a byte of a slot, and by a hard link of its object": (SLOT, "index.js", changed, 1),
    "a file of a slot": (SLOT, "index.js", missing, 0),
    "a file too many in a slot": (SLOT, "index.js", more, 0),
    "a link of a slot": (SLOT, "../c", elsewhere, 0),
    "a link too many in a slot": (
        SLOT,
        "../more",
        another,
        0,
    ),
    "a slot's inventory": (SLOT, "../../inventory", missing, 0),
    "a byte of a private slot": (BUILT, "package.json", changed, 0),
    "a file too many in a private slot": (BUILT, "made.txt", more, 0),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_named_and_mended(
    installed: Project, registry: LocalRegistry, damage: str
) -> None:
    before = snapshot(installed.store)
    where, path, how, fetched = DAMAGES[damage]
    name = {OBJECT: "c", SLOT: "b", BUILT: "built"}[where]
    folder = (
        stored(installed, name)
        if where == OBJECT
        else slot(installed, name) / f"node_modules/{name}"
    )
    path = path.format(object=folder.parts[-3])
    how(folder / path)
    code, report = verify(installed)
    assert (code, report["state"], report["code"]) == (DAMAGED, "broken", "store-damaged")
    assert report["findings"] and not any(found["done"] for found in report["findings"])
    assert {found["fix"] for found in report["findings"]} == {"graft store verify --repair"}
    named = json.dumps(report["findings"])
    shown = folder.parts[-3] if "record" in damage else Path(path).name
    assert ("more.js" if how is more else shown) in named
    code, report = verify(installed, "--repair")
    assert (code, report["state"], report["code"]) == (REPAIRED, "repaired", "store-repaired")
    assert all(found["done"] and not found["fix"] for found in report["findings"])
    assert len(registry.tarball_requests) == fetched
    after = snapshot(installed.store)
    assert {p: it for p, it in after.items() if not p.startswith("locks/")} == {
        p: it for p, it in before.items() if not p.startswith("locks/")
    }
    assert verify(installed)[0] == HEALTHY
    assert installed.node(RUNS) == "1.0.0"


def test_a_sound_store_is_healthy(installed: Project, registry: LocalRegistry) -> None:
    code, report = verify(installed)
    assert (code, report["state"], report["findings"]) == (HEALTHY, "healthy", [])
    assert report["looked"] == {"object": 4, "slot": 5, "project": 1}
    assert (report["older"], report["incomplete"], report["junk"]) == ([], [], 0)
    assert verify(installed, "--repair")[0] == HEALTHY
    assert registry.requests == []


def test_another_copy_is_better_than_the_network(
    installed: Project, registry: LocalRegistry
) -> None:
    """A slot's hard link, an isolated project's, and the same bytes in another package."""
    registry.publish("twin@1.0.0", files={"lib/deep.js": "deep"})
    other = installed.sibling("other", dependencies={"twin": "1"})
    other.graft("install")
    isolated = installed.sibling("isolated", dependencies={"a": "1"})
    isolated.graft("install", "--layout", "isolated")
    registry.clear_log()
    missing(stored(installed, "b") / "index.js")
    changed(stored(installed, "c") / "lib/deep.js")
    missing(stored(installed, "c") / "index.js")
    code, report = verify(installed, "--repair", "--offline")
    objects = [found["done"] for found in report["findings"] if found["kind"] == "object"]
    assert objects == ["mended from another copy"] * 2
    assert registry.requests == []
    # The isolated project's hard link has the damaged bytes: that is its own file.
    left = [found for found in report["findings"] if not found["done"]]
    assert [found["kind"] for found in left] == ["project"] and code == DAMAGED
    assert "lib/deep.js is not what was stored" in left[0]["faults"][0]
    words = left[0]["fix"].split()[1:]
    installed.graft(*words)
    assert verify(installed)[0] == HEALTHY


def test_what_cannot_be_fetched_is_left_with_the_command_that_mends_it(
    installed: Project,
) -> None:
    changed(stored(installed, "c") / "lib/deep.js")
    missing(slot(installed, "a") / "node_modules/a/index.js")
    code, report = verify(installed, "--repair", "--offline")
    assert (code, report["state"]) == (DAMAGED, "broken")
    by_kind = {found["kind"]: found for found in report["findings"]}
    assert by_kind["slot"]["done"] == "made anew"
    left = by_kind["object"]
    assert (left["done"], left["fix"]) == ("", "graft store verify --repair")
    assert any("not fetched" in fault for fault in left["faults"])
    shown = installed.graft("store", "verify", "--repair", "--offline", check=False)
    assert shown.code == DAMAGED
    assert "fix    run 'graft store verify --repair'" in shown.stderr
    assert verify(installed, "--repair")[0] == REPAIRED


def test_a_slot_that_does_not_say_what_it_is(installed: Project) -> None:
    """It is not believed; what a project's lock says makes it anew."""
    record = slot(installed, "b") / "slot.json"
    text = record.read_text()
    opened(record)
    record.chmod(0o644)
    for damaged in (text.replace('"b","1.0.0"', '"b","1.0.1"'), "{", text.replace(":2", ":9", 1)):
        record.write_text(damaged)
        code, report = verify(installed, "--repair")
        assert code == DAMAGED
        (found,) = report["findings"]
        assert found["name"].startswith("b@1.0.0-")
    installed.graft(*found["fix"].split()[1:])
    assert (slot(installed, "b") / "slot.json").read_text() == text
    assert verify(installed)[0] == HEALTHY


def test_slots_of_an_older_graft_are_used_and_not_proved(installed: Project) -> None:
    record = slot(installed, "b") / "slot.json"
    said = json.loads(record.read_text())
    opened(record)
    record.chmod(0o644)
    old = {key: said[key] for key in ("name", "version", "integrity", "dependencies")}
    record.write_text(json.dumps({"slot": 1, **old}))
    missing(record.with_name("inventory"))
    code, report = verify(installed)
    assert (code, [name.partition("@")[0] for name in report["older"]]) == (HEALTHY, ["b"])
    assert "cannot be proved" in installed.graft("store", "verify").stderr
    assert installed.graft("install", "--json").json["upToDate"]


def test_packages_can_be_chosen(installed: Project) -> None:
    changed(stored(installed, "c") / "index.js")
    for chosen in ("a", "b@1", "b@^1.0.0", slot(installed, "b").name):
        assert verify(installed, chosen)[0] == HEALTHY, chosen
    for chosen in ("c", "c@1.0.0", slot(installed, "c").name, stored(installed, "c").parts[-3]):
        assert verify(installed, chosen)[0] == DAMAGED, chosen
    refused = installed.graft("store", "verify", "bb", check=False)
    assert refused.code == 2 and "nothing that is called bb" in refused.stderr
    assert installed.graft("store", "verify", "b@2", check=False).code == 2
    assert verify(installed, "--repair", "c")[0] == REPAIRED
    assert verify(installed)[0] == HEALTHY


def test_projects_and_graphs_are_looked_at(installed: Project) -> None:
    installed.remove("node_modules/a")
    code, report = verify(installed, "--repair")
    (found,) = report["findings"]
    assert (code, found["kind"], found["name"]) == (DAMAGED, "project", str(installed.dir))
    assert found["faults"] == ["node_modules/a is not what graft made"]
    installed.graft(*found["fix"].split()[1:])
    gone = slot(installed, "b")
    gone.rename(installed.machine.root / "gone")
    code, report = verify(installed, "--repair")
    kinds = {found["kind"]: found for found in report["findings"]}
    assert code == DAMAGED and {"slot", "graph"} <= kinds.keys()
    assert f"leads to {gone.name}, which is not there" in kinds["slot"]["faults"]
    installed.graft(*kinds["slot"]["fix"].split()[1:])
    code, report = verify(installed, "--repair")  # of the graph before, only what it was is left
    assert code in (HEALTHY, REPAIRED)
    assert verify(installed)[0] == HEALTHY and installed.node(RUNS) == "1.0.0"


def test_what_nobody_uses_is_no_damage(installed: Project) -> None:
    (installed.store / "objects/.tmp-1-x").mkdir()
    (installed.store / f"objects/sha512-{'0' * 128}").mkdir()
    code, report = verify(installed)
    assert (code, report["junk"]) == (HEALTHY, 1)
    assert report["incomplete"] == [f"sha512-{'0' * 128}"]
    shutil.rmtree(installed.dir)
    elsewhere = installed.machine.project("elsewhere")
    assert verify(elsewhere)[0] == HEALTHY


def test_nobody_is_held_up_by_looking(installed: Project) -> None:
    """Who verifies holds the store with others."""
    from graft.base.progress import Progress
    from graft.store.hold import hold_shared
    from graft.store.paths import Store

    with hold_shared(Store(str(installed.store)), Progress().say):
        assert verify(installed)[0] == HEALTHY


def test_what_was_mended_may_not_be_written(installed: Project) -> None:
    changed(stored(installed, "c") / "index.js")
    missing(slot(installed, "b") / "node_modules/b/index.js")
    more(slot(installed, "built") / "node_modules/built/made.txt")
    verify(installed, "--repair")
    for kind in ("objects", "slots"):
        for box in (installed.store / kind).iterdir():
            if box.suffix == ".json":
                continue
            for path in (box, *box.rglob("*")):
                assert path.is_symlink() or not os.stat(path).st_mode & 0o222, path
