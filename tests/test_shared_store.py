"""One store, several users: those of a group share it, and all others are told what to do."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.index import IndexRepository
from harness.members import GROUP, Member, open_folder
from harness.registry import LocalRegistry

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def users(place: Path, registry: LocalRegistry) -> tuple[Member, Member]:
    """Ann and Ben, with one GRAFT_HOME that is not there yet."""
    registry.publish("base@1.0.0", files={"lib/deep/a.js": "1"})
    registry.publish("a@1.0.0", dependencies={"base": "1"})
    registry.publish("b@1.0.0", dependencies={"base": "1"})
    home = place / "graft"
    ann, ben = (
        Member(place, name, uid, registry, graft_home=home)
        for name, uid in (("ann", 64101), ("ben", 64102))
    )
    for user, name in ((ann, "a"), (ben, "b")):
        user.project.manifest(dependencies={name: "1"})
        user.owns()
    return ann, ben


def test_users_of_a_group_share_mirrors_and_checkouts_of_indices(
    users: tuple[Member, Member], place: Path
) -> None:
    ann, ben = users
    share(ann.machine.graft_home)
    ann.umask, ben.umask = 0o077, 0o022
    index = IndexRepository(ann.machine, "acme")
    open_to_all = index.bare.parent
    for user in users:
        config = user.machine.home / ".gitconfig"
        config.write_text(config.read_text() + "[safe]\n\tdirectory = *\n")
        user.project.manifest(dependencies={})
        user.project.write("graft.toml", f'[indices]\nacme = "{index.url}"\n')
        user.owns()
    for user in (ann, ben, ann):
        index.publish("a", user.project.dir.parent.name)
        open_to_all.parent.chmod(0o755)
        for command in (("install",), ("index", "update"), ("index", "diff", "acme")):
            code, said = user.graft(*command)
            assert code == 0, said
    assert place.exists()


def share(home: Path) -> None:
    """As docs/concepts/store.md says it."""
    home.mkdir()
    os.chown(home, 0, GROUP)
    home.chmod(0o2775)


def test_users_of_a_group_share_a_store_whatever_their_umask(
    users: tuple[Member, Member], registry: LocalRegistry
) -> None:
    ann, ben = users
    home = ann.machine.graft_home
    share(home)
    ann.umask, ben.umask = 0o077, 0o022
    assert ann.graft("install")[0] == 0
    registry.clear_log()
    code, said = ben.graft("install")
    assert code == 0, said
    assert [request.path for request in registry.tarball_requests] == ["/b/-/b-1.0.0.tgz"]
    # Each uses what the other has made, on the short road as well.
    ann.project.manifest(dependencies={"a": "1", "b": "1"})
    code, said = ann.graft("install")
    assert code == 0, said
    for path in ann.machine.store.rglob("*"):
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            continue
        assert found.st_gid == GROUP, path
        mode = stat.S_IMODE(found.st_mode)
        top = path.parent == ann.machine.store
        if path.is_dir():
            assert mode == (0o2775 if top else mode & ~0o222), path
            assert mode & 0o050 == 0o050, path
        else:
            assert mode & 0o040, path
        if path.parent.name in ("objects", "slots") and path.is_dir():
            assert not mode & 0o222, path
        if path.parent.name == "locks":
            assert mode & 0o060 == 0o060, path


def test_users_of_a_group_wait_for_each_other(users: tuple[Member, Member]) -> None:
    from harness.holder import Holder

    ann, ben = users
    share(ann.machine.graft_home)
    assert ann.graft("install")[0] == 0
    with Holder(ann.machine.graft_home, "alone") as collector:
        collector.wait_for("held")
        process = ben.spawn("install")
        assert process.stderr
        assert f"waiting for graft store gc (process {collector.pid})" in process.stderr.readline()
        collector.let_go()
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_what_is_private_lies_beside_a_shared_store(users: tuple[Member, Member]) -> None:
    """Caches hold what a registry said to whom it gave a token, and which folders are linked."""
    ann, _ = users
    share(ann.machine.graft_home)
    assert ann.graft("install")[0] == 0
    assert [path.name for path in ann.machine.graft_home.iterdir()] == ["store"]
    assert (ann.machine.home / ".local/share/graft/cache/packuments").is_dir()


def test_what_another_user_made_and_is_damaged_makes_way(users: tuple[Member, Member]) -> None:
    ann, ben = users
    share(ann.machine.graft_home)
    assert ann.graft("install")[0] == 0
    ben.project.manifest(dependencies={"a": "1"})
    (slot,) = ann.machine.store.glob("slots/a@*")
    (slot / "slot.json").chmod(0o644)
    slot.chmod(0o755)
    (slot / "slot.json").unlink()
    slot.chmod(0o555)
    code, said = ben.graft("install", "--force")
    assert code == 0, said
    assert slot.stat().st_uid == ben.uid
    assert (slot / "slot.json").exists()


def test_a_store_of_somebody_else_is_refused(users: tuple[Member, Member]) -> None:
    ann, ben = users
    home = ann.machine.graft_home
    home.mkdir()
    os.chown(home, ann.uid, ann.uid)
    assert ann.graft("install")[0] == 0
    ben.groups = []
    code, said = ben.graft("install")
    assert code == 33
    assert "store-unwritable" in said
    assert f"user {ann.uid}" in said
    assert not ben.project.exists("node_modules")


@pytest.mark.parametrize("road", ["long", "short"])
def test_root_leaves_nothing_of_its_own_in_a_users_store(
    users: tuple[Member, Member], road: str
) -> None:
    """``sudo graft install`` with the user's home: the user could not write there afterwards."""
    ann, _ = users
    home = ann.machine.graft_home
    home.mkdir()
    os.chown(home, ann.uid, ann.uid)
    assert ann.graft("install")[0] == 0
    if road == "short":
        ann.project.remove("node_modules")
    result = ann.project.graft("install", "--json", check=False)
    assert result.code == 33
    assert f"user {ann.uid}" in result.json["error"]["message"]
    for path in home.rglob("*"):
        assert path.lstat().st_uid == ann.uid, path


def test_root_may_use_a_store_that_a_group_shares(users: tuple[Member, Member]) -> None:
    ann, ben = users
    share(ann.machine.graft_home)
    ann.project.graft("install")
    code, said = ben.graft("install")
    assert code == 0, said


def test_what_another_user_made_is_collected_by_both(users: tuple[Member, Member]) -> None:
    """Whoever finds that nobody needs it takes it out of use; who made it can delete it."""
    ann, ben = users
    share(ann.machine.graft_home)
    assert ann.graft("install")[0] == 0
    ann.project.manifest(dependencies={})
    assert ann.graft("install")[0] == 0
    assert ben.graft("install")[0] == 0  # it needs base as well
    store = ann.machine.store
    code, said = ben.graft("store", "gc", "--older-than", "0")
    assert code == 0, said
    assert not list(store.glob("slots/a@*"))
    assert len(list(store.glob("objects/*.json"))) == 2
    left = [path.name for path in store.glob("*/.tmp-*")]
    assert len(left) == 2, left
    code, said = ben.graft("store", "gc", "--older-than", "0")
    assert code == 0, said
    assert [path.name for path in store.glob("*/.tmp-*")] == left
    assert ben.project.node("console.log(require('b/package.json').version)") == "1.0.0"
    code, said = ann.graft("store", "gc", "--older-than", "0")
    assert code == 0, said
    assert not list(store.glob("*/.tmp-*")) and not list(store.glob("trash/*"))
