"""Mirrors of indices and their commits as folders: made once, whole, and kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.git.program import GitProgram
from graft.indices.checkout import INVENTORY
from graft.indices.pins import PinnedIndices, open_pins
from graft.indices.snapshots import Snapshots
from graft.model.graph import IndexPin
from graft.project.indices_settings import IndexSource, Indices
from graft.store.paths import Store, open_store
from harness.index import IndexRepository
from harness.machine import Machine


@pytest.fixture
def acme(machine: Machine) -> IndexRepository:
    index = IndexRepository(machine, "acme")
    index.publish("pkgs/@acme/t/tool.toml", "first\n")
    return index


@pytest.fixture
def store(machine: Machine) -> Iterator[Store]:
    yield open_store(str(machine.graft_home))


def snapshots(store: Store, machine: Machine, *, offline: bool = False) -> Snapshots:
    return Snapshots(store, GitProgram(machine.env), offline=offline)


def source(index: IndexRepository, ref: str = "") -> IndexSource:
    return IndexSource(namespace="acme", where="graft.toml:2", url=index.url, ref=ref)


def pin_of(index: IndexRepository, commit: str = "") -> IndexPin:
    return IndexPin(url=index.url, commit=commit or index.git("rev-parse", "HEAD"))


def mirror(store: Store) -> Path:
    (found,) = Path(store.indices).glob("*/mirror")
    return found


def code_of(caught: pytest.ExceptionInfo[GraftError]) -> str:
    return caught.value.diagnostic.code


def test_a_commit_is_a_read_only_folder_that_all_share(
    store: Store, machine: Machine, acme: IndexRepository
) -> None:
    pin = pin_of(acme)
    folder = Path(snapshots(store, machine).folder("acme", pin))
    file = folder / "pkgs/@acme/t/tool.toml"
    assert file.read_text() == "first\n"
    assert [path.stat().st_mode & 0o777 for path in (file, folder)] == [0o444, 0o555]
    acme.hide()
    assert snapshots(store, machine, offline=True).folder("other", pin) == str(folder)


def test_lost_upstream_and_offline_the_mirror_is_enough_and_then_nothing_is(
    store: Store, machine: Machine, acme: IndexRepository
) -> None:
    acme.publish("a", "1")
    pin = pin_of(acme)
    made = snapshots(store, machine)
    folder = made.folder("acme", pin)
    acme.rewrite("a", "2")
    with made.mirror(acme.url) as whole:
        whole.fetch_all()  # as an update does: the branch has another commit now
    shutil.rmtree(folder)
    assert snapshots(store, machine, offline=True).folder("acme", pin) == folder
    assert Path(folder, "a").read_text() == "1"
    # Without a mirror either, nothing else is taken.
    shutil.rmtree(os.path.dirname(folder))
    with pytest.raises(GraftError) as caught:
        snapshots(store, machine).folder("acme", pin)
    assert code_of(caught) == "index-commit-gone"
    assert pin.commit in caught.value.diagnostic.message
    assert "graft index update acme" in caught.value.diagnostic.fix
    with pytest.raises(GraftError) as caught:
        snapshots(store, machine, offline=True).folder("acme", pin)
    assert code_of(caught) == "offline-missing" and "acme" in caught.value.diagnostic.message


@pytest.mark.parametrize("damage", ["missing", "shorter", "inventory", "empty"])
def test_a_damaged_checkout_is_made_anew_from_the_mirror(
    store: Store, machine: Machine, acme: IndexRepository, damage: str
) -> None:
    pin = pin_of(acme)
    folder = Path(snapshots(store, machine).folder("acme", pin))
    file = folder / "pkgs/@acme/t/tool.toml"
    if damage == "missing":
        file.parent.chmod(0o755)
        file.unlink()
    elif damage == "inventory":
        folder.chmod(0o755)
        (folder / INVENTORY).unlink()
    else:
        file.chmod(0o644)
        file.write_text("" if damage == "empty" else "firs")
    assert snapshots(store, machine, offline=True).folder("acme", pin) == str(folder)
    assert file.read_text() == "first\n" and (folder / INVENTORY).exists()


def test_a_damaged_mirror_is_fetched_anew(
    store: Store, machine: Machine, acme: IndexRepository
) -> None:
    pin = pin_of(acme)
    folder = snapshots(store, machine).folder("acme", pin)
    shutil.rmtree(folder)
    for packed in (mirror(store) / "objects").rglob("*"):
        if packed.is_file():
            packed.unlink()
    assert snapshots(store, machine).folder("acme", pin) == folder


def test_links_and_submodules_are_left_out_and_nothing_leads_out(
    store: Store, machine: Machine, acme: IndexRepository
) -> None:
    head = acme.git("rev-parse", "HEAD")
    blob = acme.git("rev-parse", "HEAD:pkgs/@acme/t/tool.toml")
    link = acme.git("hash-object", "-w", str(acme.write("target", "/etc/passwd")))
    good = f"100644 blob {blob}\tgood\n"
    tree = acme.make_tree(f"{good}120000 blob {link}\tout\n160000 commit {head}\tsub\n")
    commit = acme.git("commit-tree", "-m", "links", tree)
    acme.git("update-ref", "refs/heads/main", commit)
    acme.push()
    folder = Path(snapshots(store, machine).folder("acme", pin_of(acme, commit)))
    assert {path.name for path in folder.iterdir()} == {"good", INVENTORY}
    for name in (".git", ".GIT", "..", INVENTORY):
        inner = acme.make_tree(good)
        entry = f"040000 tree {inner}\t{name}\n" if name != INVENTORY else f"{good[:-5]}{name}\n"
        evil = acme.git("commit-tree", "-m", "evil", acme.make_tree(f"{good}{entry}"))
        acme.git("update-ref", "refs/heads/main", evil)
        acme.git("push", "--quiet", "--force", "origin", "main")
        with pytest.raises(GraftError) as caught:
            snapshots(store, machine).folder("acme", pin_of(acme, evil))
        assert code_of(caught) == "index-refused", name
    assert not (Path(store.indices) / "good").exists()
    assert not list(Path(store.indices).rglob(".tmp-*"))


def test_a_frozen_store_is_read_and_not_added_to(
    store: Store, machine: Machine, acme: IndexRepository
) -> None:
    first = pin_of(acme)
    folder = snapshots(store, machine).folder("acme", first)
    second = pin_of(acme, acme.publish("a", "1"))
    frozen = snapshots(open_store(str(machine.graft_home), frozen=True), machine)
    assert frozen.folder("acme", first) == folder
    before = sorted(Path(store.indices).rglob("*"))
    with pytest.raises(GraftError) as caught:
        frozen.folder("acme", second)
    assert code_of(caught) == "store-lacks"
    assert sorted(Path(store.indices).rglob("*")) == before


def test_only_one_of_many_makes_it_and_all_have_it(
    store: Store, machine: Machine, acme: IndexRepository
) -> None:
    pin = pin_of(acme)
    found: list[str] = []

    def use() -> None:
        found.append(snapshots(store, machine).folder("acme", pin))

    users = [threading.Thread(target=use) for _ in range(6)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert len(found) == 6 and len(set(found)) == 1
    assert not list(Path(store.trash).iterdir())


_KILLED = """
import os, sys
from graft.base import trees
from graft.git.program import GitProgram
from graft.indices import checkout
from graft.indices.snapshots import Snapshots
from graft.model.graph import IndexPin
from graft.store.paths import open_store
home, url, commit, at = sys.argv[1:]
if at == "files":
    checkout.inventory = lambda files: os.kill(os.getpid(), 9)
else:
    checkout.publish = lambda *_: os.kill(os.getpid(), 9)
snapshots = Snapshots(open_store(home), GitProgram(os.environ), offline=False)
snapshots.folder("acme", IndexPin(url=url, commit=commit))
"""


@pytest.mark.parametrize("at", ["files", "rename"])
def test_killed_in_the_middle_nothing_reads_as_complete_and_the_next_one_heals(
    store: Store, machine: Machine, acme: IndexRepository, at: str
) -> None:
    pin = pin_of(acme)
    command = [sys.executable, "-c", _KILLED, str(machine.graft_home), pin.url, pin.commit, at]
    done = subprocess.run(command, env=machine.env, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert not snapshots(store, machine).has(pin.url, pin.commit)
    folder = Path(snapshots(store, machine, offline=True).folder("acme", pin))
    assert (folder / "pkgs/@acme/t/tool.toml").read_text() == "first\n"
    # What was left behind is no commit, and goes with the next collection.
    project = machine.project("app")
    project.write("graft.toml", f'[indices]\nacme = "{acme.url}"\n')
    project.graft("install")
    project.graft("index", "update")
    project.graft("index", "gc")
    assert Path(folder).exists()
    assert not list(Path(store.indices).rglob(".tmp-*"))


def test_pins_stay_and_what_is_open_is_said(
    store: Store, machine: Machine, acme: IndexRepository
) -> None:
    first = pin_of(acme)
    indices = Indices(sources={"acme": source(acme)})
    nobodys, plain, unpinned = sorted(
        map(str, open_pins(indices, ["acme.sub", "acme", "o", ""], {}))
    )
    assert "declares no index for o," in nobodys and "for the default namespace" in plain
    assert unpinned.endswith(
        f"takes packages of acme from {acme.url}, and the lock pins no such index"
    )
    using = PinnedIndices(indices, {}, snapshots(store, machine))
    assert using.folder("other") is None and using.folder("") is None and not using.used
    assert using.folder("acme") == using.folder("acme.sub")
    assert using.used == {"acme": first}
    acme.publish("a", "1")
    assert not open_pins(indices, ["acme"], using.used)
    again = PinnedIndices(indices, using.used, snapshots(store, machine, offline=True))
    assert again.folder("acme") == using.folder("acme")
    assert again.used == {"acme": first}
    changed = Indices(sources={"acme": source(acme, "branch main")})
    (open_,) = open_pins(changed, ["acme"], using.used)
    assert f"was made with {acme.url} at {first.commit[:10]}" in str(open_)
    moved = PinnedIndices(changed, using.used, snapshots(store, machine))
    moved.folder("acme")
    assert moved.used["acme"].commit == acme.git("rev-parse", "HEAD")
