"""A host is brought to a release, and stays on the one before where that does not succeed."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from graft.base.diagnostics import GraftError
from graft.base.files import remove_tree
from graft.base.progress import Progress
from graft.base.records import replace
from graft.fleet.host import tree
from graft.fleet.host.reconcile import Reconciled, reconcile
from graft.fleet.host.switch import current_hash
from graft.fleet.host.tree import read_tree_release
from graft.fleet.release import Release, release_hash
from graft.link.layouts import ISOLATED, VIRTUAL
from graft.model.platform import Platform
from graft.store.paths import path_digest
from graft.store.projects import read_project
from graft.workflows.collect import Wishes, collect
from harness.fleet_upstream import HOUR, LINUX, Clock, Shelf, host_at
from harness.tree import snapshot


@pytest.fixture
def shelf() -> Shelf:
    """``a`` needs ``b`` 1, and there is a ``b`` 2; ``@s/c`` has a command."""
    shelf = Shelf()
    shelf.publish("b@1.0.0")
    shelf.publish("b@2.0.0")
    shelf.publish("a@1.0.0", dependencies={"b": "1.0.0"})
    shelf.publish("a@1.1.0", dependencies={"b": "2.0.0"})
    shelf.publish("@s/c@3.0.0", bin={"c": "cli.js"})
    return shelf


def loaded(tree: Path, expression: str) -> str:
    done = subprocess.run(
        ["node", "-p", expression], cwd=tree, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("layout", [VIRTUAL, ISOLATED])
def test_a_host_pulls_what_is_missing_and_switches(
    tmp_path: Path, shelf: Shelf, layout: str
) -> None:
    host = host_at(tmp_path, shelf, layout=layout)
    first = shelf.want(a="a@1.0.0", **{"@s__c": "@s/c@3.0.0"})
    done = reconcile(host, "apps")
    assert done.error is None and done.flipped and not done.healed
    assert (done.report.hash, done.report.status) == (first.hash, "ready")
    assert (done.report.pulled_blobs, done.report.pulled_bytes) == (3, first.size)
    at = host.root.set("apps")
    tree = Path(at.current)
    assert os.readlink(tree) == f"trees/{first.hash}"
    said = "[require('a').version, require('a').requires('b').version, require('@s/c').version]"
    assert loaded(tree, f"{said}.join()") == "1.0.0,1.0.0,3.0.0"
    # Only what is allowed may be imported at top level.
    assert "Cannot find module 'b'" in loaded(tree, "require('b')")
    again = reconcile(host, "apps")
    assert (again.error, again.flipped, again.healed) == (None, False, "")
    assert again.report.pulled_blobs == 0
    # Of the next release only the delta comes.
    second = shelf.want(a="a@1.1.0", b="b@1.0.0", **{"@s__c": "@s/c@3.0.0"})
    done = reconcile(host, "apps")
    assert done.report.pulled_blobs == 2 and current_hash(at) == second.hash
    assert loaded(tree, "[require('a').requires('b').version, require('b').version].join()") == (
        "2.0.0,1.0.0"
    )


def test_two_hosts_with_separate_roots_come_to_the_same(tmp_path: Path, shelf: Shelf) -> None:
    release = shelf.want()
    for name in ("one", "two"):
        host = host_at(tmp_path / name, shelf)
        assert reconcile(host, "apps").report.hash == release.hash
        # Also where nothing is released at all: scripts find a folder and no packages in it.
        tree = Path(host.root.set("apps").tree(release.hash))
        assert (tree / "node_modules").is_dir() and (tree / "package.json").is_file()
        assert not reconcile(host, "apps").flipped
    assert not shelf.parts


def test_nothing_is_made_where_nothing_was_published(tmp_path: Path, shelf: Shelf) -> None:
    done = reconcile(host_at(tmp_path, shelf, Clock()), "apps")
    assert done.error is None and done.report.hash == "" and done.report.status == "idle"


def test_packages_of_other_platforms_are_neither_pulled_nor_linked(
    tmp_path: Path, shelf: Shelf
) -> None:
    shelf.publish("for-mac@1.0.0", os=["darwin"])
    shelf.publish("for-linux@1.0.0", os=["linux"])
    shelf.publish("tool@1.0.0", optional={"for-mac": "1.0.0", "for-linux": "1.0.0"})
    shelf.want(tool="tool@1.0.0")
    host = host_at(tmp_path, shelf)
    done = reconcile(host, "apps")
    assert done.error is None and done.report.pulled_blobs == 2
    tree = Path(host.root.set("apps").current)
    said = "require('tool').requires('for-linux').name"
    assert loaded(tree, said) == "for-linux"
    assert "Cannot find module" in loaded(tree, "require('tool').requires('for-mac')")


def test_a_release_that_was_made_for_other_platforms_is_not_taken(
    tmp_path: Path, shelf: Shelf
) -> None:
    """What is optional is not in it for this one, and nobody would see that it is missing."""
    first = shelf.want(a="a@1.0.0")
    host = host_at(tmp_path, shelf)
    reconcile(host, "apps")
    shelf.platforms = (Platform(os="darwin", cpu="arm64"), replace(LINUX, libc="musl"))
    second = shelf.want(a="a@1.0.0")
    assert second.hash != first.hash
    done = reconcile(host, "apps")
    assert done.error and done.error.diagnostic.code == "platform-unsupported"
    assert "--platform linux-x64-glibc" in done.error.diagnostic.fix
    assert (done.report.status, done.report.hash) == ("error", first.hash)
    assert "was not made for linux-x64-glibc" in done.report.error
    shelf.platforms = (*shelf.platforms, replace(LINUX, libc=""))
    third = shelf.want(a="a@1.0.0")
    done = reconcile(host, "apps")
    assert done.error is None and done.report.hash == third.hash
    # Also what lies in the tree says for what it was made.
    kept = read_tree_release(host.root.set("apps"), third.hash)
    assert kept is not None and kept.platforms == shelf.platforms


def test_where_the_server_is_gone_the_host_stays_and_still_heals(
    tmp_path: Path, shelf: Shelf
) -> None:
    """A5: no announcement is needed, and none is believed."""
    host = host_at(tmp_path, shelf)
    release = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    at = host.root.set("apps")
    shelf.gone = True
    (Path(at.tree(release.hash)) / "node_modules").chmod(0o755)
    os.unlink(Path(at.tree(release.hash), "node_modules/a"))
    done = reconcile(host, "apps")
    assert done.healed and done.error and done.error.diagnostic.code == "fleet-unreachable"
    assert (done.report.status, done.report.hash) == ("error", release.hash)
    assert loaded(Path(at.current), "require('a').version") == "1.0.0"
    shelf.gone = False
    assert reconcile(host, "apps").report.status == "ready"


def test_a_new_host_without_a_server_has_nothing(tmp_path: Path, shelf: Shelf) -> None:
    shelf.gone = True
    done = reconcile(host_at(tmp_path, shelf), "apps")
    assert done.error is not None and done.report.hash == ""


def test_the_server_may_move_on_while_a_host_follows(tmp_path: Path, shelf: Shelf) -> None:
    shelf.want(a="a@1.0.0")
    second = shelf.release_of(a="a@1.1.0")

    def move(what: str) -> None:
        if what.startswith("release") and len(shelf.releases) > 1:
            shelf.releases = {second.hash: second}
            shelf.move(second)

    shelf.asked = move
    host = host_at(tmp_path, shelf)
    assert reconcile(host, "apps").report.hash == second.hash


def test_a_release_that_is_not_what_its_hash_names_is_refused(tmp_path: Path, shelf: Shelf) -> None:
    """A hash from outside never becomes a path unchecked, and no release is built that lacks an
    archive which its lock needs."""
    host = host_at(tmp_path, shelf)
    first = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    second = shelf.release_of(a="a@1.1.0")
    few = Release(
        hash=release_hash(second.lock, second.entries[:1]),
        lock=second.lock,
        entries=second.entries[:1],
    )
    shelf.releases[few.hash] = few
    shelf.move(few)
    done = reconcile(host, "apps")
    assert done.error and done.error.diagnostic.code == "fleet-invalid"
    assert current_hash(host.root.set("apps")) == first.hash
    for bad in ("..", "../../etc", "a" * 63, ""):
        with pytest.raises(GraftError, match="no hash"):
            host.root.set("apps").tree(bad)
    for bad in ("..", "", "a/b", ".a", "A"):
        with pytest.raises(GraftError, match="no name"):
            host.root.set(bad)


def test_what_nobody_foresaw_ends_no_agent(tmp_path: Path, shelf: Shelf) -> None:
    host = host_at(tmp_path, shelf)
    first = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    second = shelf.want(a="a@1.1.0")

    def fail(what: str) -> None:
        if what.startswith("missing"):
            raise RuntimeError("nobody thought of this")

    shelf.asked = fail
    done = reconcile(host, "apps")
    assert done.error and done.error.diagnostic.code == "internal-error"
    assert (done.report.status, done.report.hash) == ("error", first.hash)
    shelf.asked = str
    assert reconcile(host, "apps").report.hash == second.hash


def test_two_at_once_on_one_root_do_the_work_once(tmp_path: Path, shelf: Shelf) -> None:
    """There was no mutex of a host: start and announcement overlapped."""
    release = shelf.want(a="a@1.0.0")
    host = host_at(tmp_path, shelf)
    done: list[Reconciled] = []
    threads = [Thread(target=lambda: done.append(reconcile(host, "apps"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.error for each in done] == [None] * 4
    assert sum(each.flipped for each in done) == 1
    assert sum(each.report.pulled_blobs for each in done) == 2
    assert current_hash(host.root.set("apps")) == release.hash


def test_a_disk_that_is_full_leaves_what_there_is(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = host_at(tmp_path, shelf)
    first = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    second = shelf.want(a="a@1.1.0")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere")

    monkeypatch.setattr(tree, "write_file", full)
    done = reconcile(host, "apps")
    assert done.error and done.error.diagnostic.code == "disk-full"
    assert done.report.hash == first.hash
    assert loaded(Path(host.root.set("apps").current), "require('a').version") == "1.0.0"
    monkeypatch.undo()
    assert reconcile(host, "apps").report.hash == second.hash


# Trees that are not what they should be heal by themselves.


def spoil_nothing_but_the_mark(tree: Path) -> None:
    (tree / ".complete").unlink()


def empty_the_modules(tree: Path) -> None:
    """A4: a folder ``node_modules`` meant that a tree was built."""
    (tree / "node_modules").rename(tree / "elsewhere")
    (tree / "node_modules").mkdir()


def lead_a_link_elsewhere(tree: Path) -> None:
    (tree / "node_modules").chmod(0o755)
    (tree / "node_modules/a").unlink()
    (tree / "node_modules/a").symlink_to("/tmp")


def add_a_package(tree: Path) -> None:
    (tree / "node_modules").chmod(0o755)
    (tree / "node_modules/intruder").mkdir()


def change_the_release(tree: Path) -> None:
    path = tree / "release.json"
    path.write_text(path.read_text().replace("1.0.0", "1.1.0"))


def remove_it(tree: Path) -> None:
    tree.rename(tree.with_name("away"))


def replace_it_by_a_link(tree: Path) -> None:
    tree.rename(tree.with_name("away"))
    tree.symlink_to("away")


@pytest.mark.parametrize("layout", [VIRTUAL, ISOLATED])
@pytest.mark.parametrize(
    "spoil",
    [
        spoil_nothing_but_the_mark,
        empty_the_modules,
        lead_a_link_elsewhere,
        add_a_package,
        change_the_release,
        remove_it,
        replace_it_by_a_link,
    ],
)
def test_a_tree_that_was_tampered_with_heals(
    tmp_path: Path, shelf: Shelf, spoil: Callable[[Path], None], layout: str
) -> None:
    host = host_at(tmp_path, shelf, layout=layout)
    release = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    tree = Path(host.root.set("apps").tree(release.hash))
    before = snapshot(tree)
    spoil(tree)
    done = reconcile(host, "apps")
    assert done.healed and done.error is None and done.report.pulled_blobs == 0
    assert not tree.is_symlink() and snapshot(tree) == before
    assert loaded(tree, "require('a').version") == "1.0.0"
    assert not reconcile(host, "apps").healed
    assert [name for name in os.listdir(tree.parent) if name.startswith(".tmp-")] == []


@pytest.mark.parametrize("layout", [VIRTUAL, ISOLATED])
@pytest.mark.parametrize("cut", [True, False])
def test_a_file_that_was_changed_comes_anew(
    tmp_path: Path, shelf: Shelf, layout: str, cut: bool
) -> None:
    """Sizes are looked at each time, bytes when asked to and once a day."""
    clock = Clock()
    host = host_at(tmp_path, shelf, clock, layout)
    shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    reconcile(host, "apps", full=True)
    file = Path(host.root.set("apps").current, "node_modules/a/index.js").resolve()
    good = file.read_bytes()
    file.chmod(0o644)
    # In place: with hard links it is the store's own file as well.
    file.write_bytes(good[: len(good) // 2] if cut else good.replace(b"1.0.0", b"6.6.6"))
    done = reconcile(host, "apps")
    assert bool(done.healed) == cut
    if not cut:
        clock.ms += 25 * HOUR
        done = reconcile(host, "apps")
    assert done.healed and done.error is None
    assert loaded(Path(host.root.set("apps").current), "require('a').version") == "1.0.0"
    assert not reconcile(host, "apps", full=True).healed


def test_a_slot_that_the_store_has_lost_is_made_anew(tmp_path: Path, shelf: Shelf) -> None:
    host = host_at(tmp_path, shelf)
    shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    for name in os.listdir(host.store.slots):
        remove_tree(host.store.slot(name))
    done = reconcile(host, "apps")
    assert done.healed and done.report.pulled_blobs == 0
    assert loaded(Path(host.root.set("apps").current), "require('a').requires('b').version")


def test_a_collection_of_the_store_keeps_what_trees_lead_to(tmp_path: Path, shelf: Shelf) -> None:
    clock = Clock()
    host = host_at(tmp_path, shelf, clock)
    shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    shelf.want(a="a@1.1.0")
    reconcile(host, "apps")
    at = host.root.set("apps")
    for hash in at.hashes():
        known = read_project(host.store, path_digest(at.tree(hash)))
        assert known and len(known.graphs) == 1
    assert len(os.listdir(host.store.projects)) == 2  # and not where they were made
    wishes = Wishes(grace=0)
    assert collect(host.store, wishes, Progress()).gone == ()
    clock.ms += 2 * HOUR
    assert len(reconcile(host, "apps").gone) == 1
    gone = collect(host.store, wishes, Progress()).gone
    assert len([each for each in gone if each.path.startswith("slots/")]) == 2
    assert loaded(Path(host.root.set("apps").current), "require('a').version") == "1.1.0"
    assert not reconcile(host, "apps", full=True).healed
