"""``current``, leases on what it led to, and which trees of a host go."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event, Thread

import pytest

from graft.base.diagnostics import GraftError
from graft.base.files import remove_tree
from graft.base.records import replace
from graft.fleet.host.lease import lease
from graft.fleet.host.reconcile import Host, reconcile
from graft.fleet.host.root import HostNote, HostRoot, SetRoot, default_root, read_note, write_note
from graft.fleet.host.switch import RETIRED, current_hash, flip, retired_at, stamp_trees
from graft.fleet.host.tree_gc import GRACE_MS, collect_trees, sweep_archives
from graft.store.paths import open_store
from harness.fleet_upstream import HOUR, Clock, Shelf, host_at

A, B, C = ("abc"[at] * 64 for at in range(3))


@pytest.fixture
def at(tmp_path: Path) -> SetRoot:
    """Three trees, of which nobody has looked into one."""
    at = HostRoot(str(tmp_path / "fleet")).set("apps")
    at.make()
    for hash in (A, B, C):
        os.mkdir(at.tree(hash))
        Path(at.tree(hash), ".complete").touch()
    return at


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf()
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        shelf.publish(f"a@{version}")
    return shelf


def test_current_moves_by_one_rename(at: SetRoot) -> None:
    assert current_hash(at) == ""
    assert flip(at, A, 1) and current_hash(at) == A
    assert os.path.realpath(at.current) == at.tree(A)
    assert flip(at, B, 2) and current_hash(at) == B and os.path.islink(at.current)
    assert not flip(at, B, 3)
    os.unlink(at.current)
    os.symlink("/etc", at.current)
    assert current_hash(at) == ""


def test_a_tree_that_becomes_current_again_is_not_retired(at: SetRoot) -> None:
    flip(at, A, 1)
    flip(at, B, 2)
    assert (retired_at(at, A, 9), retired_at(at, B, 9)) == (2, None)
    flip(at, A, 3)
    assert (retired_at(at, A, 9), retired_at(at, B, 9)) == (None, 3)
    # Not even where whoever flipped was killed before it could say so.
    Path(at.tree(A), RETIRED).write_text("2\n")
    stamp_trees(at, 4)
    assert retired_at(at, A, 9) is None


def test_trees_go_by_the_time_since_they_were_retired(tmp_path: Path, at: SetRoot) -> None:
    """Never by times of files: a tree that was current for long was made long ago."""
    store = open_store(str(tmp_path / "home"))
    flip(at, A, 0)
    for hash in (A, B, C):
        os.utime(at.tree(hash), (1, 1))
    flip(at, B, 1000)
    # C was not current at the first flip, and A at the second.
    assert (retired_at(at, A, 2000), retired_at(at, C, 2000)) == (1000, 0)
    assert collect_trees(store, at, GRACE_MS - 1).waiting == (A, C)
    seen = collect_trees(store, at, 1000 + GRACE_MS - 1)
    assert (seen.gone, seen.waiting) == ((C,), (A,))
    os.utime(at.tree(A))
    seen = collect_trees(store, at, 1000 + GRACE_MS, dry_run=True)
    assert seen.gone == (A,) and os.path.isdir(at.tree(A))
    assert collect_trees(store, at, 1000 + GRACE_MS).gone == (A,)
    assert list(at.hashes()) == [B] and current_hash(at) == B
    assert collect_trees(store, at, 10**15).gone == ()


@pytest.mark.parametrize("said", [None, "", "soon", "-1", str(10**18)])
def test_a_tree_of_which_nothing_sound_says_since_when_is_retired_now(
    tmp_path: Path, at: SetRoot, said: str | None
) -> None:
    store = open_store(str(tmp_path / "home"))
    flip(at, A, 5)
    stamp = Path(at.tree(B), RETIRED)
    stamp.unlink()
    if said is not None:
        stamp.write_text(said)
    now = 10**12
    assert B in collect_trees(store, at, now).waiting
    assert retired_at(at, B, now) == now
    assert B in collect_trees(store, at, now + GRACE_MS).gone


def test_nothing_is_collected_where_there_is_nothing(tmp_path: Path) -> None:
    at = HostRoot(str(tmp_path)).set("apps")
    at.make()
    assert collect_trees(open_store(str(tmp_path / "home")), at, 1).gone == ()


def test_a_lease_is_of_a_real_path_and_keeps_the_tree(tmp_path: Path, at: SetRoot) -> None:
    """What runs goes on in the tree that it began in, whatever is current by then."""
    store = open_store(str(tmp_path / "home"))
    flip(at, A, 0)
    held = lease(str(tmp_path / "fleet"), "apps")
    assert (held.tree, held.hash) == (os.path.realpath(at.tree(A)), A)
    assert not os.path.islink(held.tree)
    other = lease(str(tmp_path / "fleet"), "apps")
    flip(at, B, 1)
    late = 10 * GRACE_MS
    assert collect_trees(store, at, late).leased == (A,)
    held.close()
    assert collect_trees(store, at, late).leased == (A,)
    assert other.tree == os.path.realpath(at.tree(A)) and os.path.isdir(other.tree)
    other.close()
    assert collect_trees(store, at, late).gone == (A,)
    assert os.listdir(at.leases) == []


def test_a_lease_lasts_as_long_as_a_script_whose_starter_was_killed(
    tmp_path: Path, at: SetRoot
) -> None:
    store = open_store(str(tmp_path / "home"))
    flip(at, A, 0)
    held = lease(str(tmp_path / "fleet"), "apps")
    sleeper = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[held.fileno()]
    )
    held.close()
    flip(at, B, 1)
    assert collect_trees(store, at, 10 * GRACE_MS).leased == (A,)
    sleeper.communicate(b"\n")
    assert A in collect_trees(store, at, 10 * GRACE_MS).gone


def test_a_lease_is_never_of_a_tree_that_is_being_taken(tmp_path: Path, at: SetRoot) -> None:
    """A collector and those who begin to run meet on the same files again and again."""
    store = open_store(str(tmp_path / "home"))
    root = str(tmp_path / "fleet")
    flip(at, A, 0)
    stop, wrong = Event(), list[str]()

    def take() -> None:
        while not stop.is_set():
            try:
                with lease(root, "apps") as held:
                    if not os.path.isfile(f"{held.tree}/.complete"):
                        wrong.append(held.tree)
            except GraftError as error:
                wrong.append(str(error))

    thread = Thread(target=take)
    thread.start()
    now = 0
    for turn in range(150):
        now += 10 * GRACE_MS
        goal, old = (B, A) if turn % 2 == 0 else (A, B)
        if not os.path.isdir(at.tree(goal)):
            os.mkdir(at.tree(goal))
            Path(at.tree(goal), ".complete").touch()
        flip(at, goal, now)
        seen = collect_trees(store, at, now + GRACE_MS)
        assert old in (*seen.gone, *seen.leased)
    stop.set()
    thread.join()
    assert wrong == []


def test_what_is_not_there_is_not_ready(tmp_path: Path, at: SetRoot) -> None:
    root = str(tmp_path / "fleet")

    def said(expected: str = "") -> str:
        with pytest.raises(GraftError) as caught:
            lease(root, "apps", expected)
        assert caught.value.diagnostic.code == "fleet-not-ready"
        return str(caught.value)

    assert "not ready on this host" in said() and "none materialized" in said()
    flip(at, A, 1)
    with lease(root, "apps") as held, lease(root, "apps", A) as same:
        assert held.tree == same.tree
    assert f"expected {B}, have {A}" in said(B)
    os.unlink(f"{at.tree(A)}/.complete")  # a link alone is no tree
    assert "none materialized" in said()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_only_read_can_lease_too(shelf: Shelf) -> None:
    with tempfile.TemporaryDirectory(prefix="graft-fleet-") as open_folder:
        os.chmod(open_folder, 0o755)
        host = host_at(Path(open_folder), shelf)
        release = shelf.want(a="a@1.0.0")
        reconcile(host, "apps")
        os.seteuid(65534)
        try:
            held = lease(host.root.path, "apps")
        finally:
            os.seteuid(0)
        shelf.want(a="a@2.0.0")
        reconcile(host, "apps")
        at = host.root.set("apps")
        assert collect_trees(host.store, at, host.now() + GRACE_MS).leased == (release.hash,)
        held.close()
        remove_tree(f"{open_folder}/fleet")


def test_trees_go_also_where_nothing_is_flipped(tmp_path: Path, shelf: Shelf) -> None:
    """Collecting followed flips alone, so the last tree before a long quiet time stayed."""
    clock = Clock()
    host = host_at(tmp_path, shelf, clock)
    first = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    shelf.want(a="a@2.0.0")
    assert reconcile(host, "apps").gone == ()
    clock.ms += HOUR - 1
    assert reconcile(host, "apps").gone == ()
    clock.ms += 1
    shelf.gone = True  # nor does it take a server
    assert reconcile(host, "apps").gone == (first.hash,)


def test_a_rollback_takes_the_tree_that_is_still_there(tmp_path: Path, shelf: Shelf) -> None:
    clock = Clock()
    host = host_at(tmp_path, shelf, clock)
    first = shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    shelf.want(a="a@2.0.0")
    reconcile(host, "apps")
    clock.ms += HOUR // 2
    shelf.move(first)
    done = reconcile(host, "apps")
    assert done.flipped and done.report.pulled_blobs == 0
    clock.ms += HOUR // 2 + 1
    at = host.root.set("apps")
    assert reconcile(host, "apps").gone == () and current_hash(at) == first.hash
    assert retired_at(at, first.hash, clock.ms) is None


def test_archives_that_no_tree_was_made_of_go(tmp_path: Path, shelf: Shelf) -> None:
    host = keeping(host_at(tmp_path, shelf, clock := Clock()))
    shelf.want(a="a@1.0.0")
    reconcile(host, "apps")
    shelf.want(a="a@2.0.0")
    reconcile(host, "apps")
    assert sweep_archives(host.root) == 0 and len(os.listdir(host.root.blobs)) == 2
    clock.ms += 2 * HOUR
    reconcile(host, "apps")
    assert sweep_archives(host.root) > 0 and len(os.listdir(host.root.blobs)) == 1


def keeping(host: Host) -> Host:
    return replace(host, keeps=True)


def test_the_root_is_the_one_that_is_named(tmp_path: Path) -> None:
    home = str(tmp_path)
    usual = f"{home}/.local/share/graft-fleet"
    assert default_root({"GRAFT_FLEET_ROOT": "/srv/fleet"}, home) == "/srv/fleet"
    for environ in ({}, {"GRAFT_FLEET_ROOT": ""}, {"GRAFT_FLEET_ROOT": "  "}):
        assert default_root(environ, home) == usual
    assert default_root({"XDG_DATA_HOME": "/data"}, home) == "/data/graft-fleet"


def test_a_note_that_makes_no_sense_says_nothing(at: SetRoot) -> None:
    note = HostNote(desired=A, epoch=3, hash=B, status="ready", at=7)
    write_note(at, note)
    assert read_note(at) == note
    for text in ("", "[]", "{", '{"desired": "../x"}', '{"desired": 3}', '{"epoch": true}'):
        Path(at.note).write_text(text)
        assert read_note(at) == HostNote()
