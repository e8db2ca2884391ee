"""The ``node_modules`` of all importers, manifests and lock change in one commit."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.link.direct import relative_target
from graft.link.importers import ROOT, STAGING
from graft.link.state import State, member_inputs, read_state, state_bytes
from harness.effects import Effect
from harness.folder import Folder, cut, power

MEMBERS = ("packages/a", "packages/100%2F", "deep/er/member")
GONE = "packages/gone"
BARE = "packages/bare"
OLD = {"x": "/store/x-1", "@s/p": "/store/p"}
NEW = {"x": "/store/x-2", ".bin/q": "../q/cli.js", "q": "/store/q"}


class Workspace(Folder):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        for importer in (*MEMBERS, GONE, BARE):
            (self.path / importer).mkdir(parents=True)

    def of(self, importer: str) -> Path:
        return self.path / importer / "node_modules"

    def stage_all(self, links: dict[str, str], text: str, *, gone: tuple[str, ...] = ()) -> None:
        staging = self.staging()
        try:
            staging.add_file("package.json", text.encode())
            members = [*MEMBERS, *({GONE, BARE} - {*gone})]
            for importer in members:
                staging.add_file(f"{importer}/package.json", text.encode())
                state = State(inputs=member_inputs(importer), entries=links)
                staging.add_tree(importer, links, state_bytes(state))
            state = State(inputs=text, entries=links, members=members)
            staging.add_tree(ROOT, links, state_bytes(state))
            for importer in gone:
                staging.remove_links(importer, state_bytes(State(inputs=member_inputs(importer))))
            staging.commit()
        finally:
            staging.abandon()

    def holds(self, links: dict[str, str], text: str, *, gone: bool) -> bool:
        places = [ROOT, *MEMBERS, *(() if gone else (GONE, BARE))]
        if gone and (self.of(BARE).exists() or os.listdir(self.of(GONE)) != [".cache", ".graft"]):
            return False
        return all(
            read_state(str(self.of(place))).entries == links
            and all(os.readlink(self.of(place) / path) == to for path, to in links.items())
            and (place in (GONE, BARE) or self.text(place) == text)
            for place in places
        )

    def text(self, importer: str) -> str:
        return (self.path / importer / "package.json").read_text()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = Workspace(tmp_path)
    folder.stage_all(OLD, "old")
    for importer in (ROOT, *MEMBERS, GONE):
        (folder.of(importer) / ".cache").mkdir()
        (folder.of(importer) / ".cache/data").write_text(importer)
    assert folder.holds(OLD, "old", gone=False)
    return folder


def change(folder: Workspace) -> None:
    folder.stage_all(NEW, "new", gone=(GONE, BARE))


def cut_before(folder: Workspace, number: int, act: Callable[[], object], **more: bool) -> int:
    """Cut the power before the effect of that number. How many there were, and that one."""
    count = 0

    def before(_effect: Effect) -> bool:
        nonlocal count
        count += 1
        return count == number

    with power(folder, before, **more):
        act()
    return count


@pytest.mark.parametrize("two_steps", [False, True])
def test_a_power_cut_before_every_effect(
    tmp_path: Path, two_steps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", int)  # it takes most of the time, and nothing here can tell
    folder = workspace.__wrapped__(tmp_path / "0")  # type: ignore[attr-defined]
    effects: list[Effect] = []
    with power(folder, effects.append, two_steps=two_steps):
        change(folder)
    named = [os.path.basename(effect.path) for effect in effects]
    decided = named.index("journal.json") + 1
    assert len(effects) - decided > 60
    # Before the journal one thing after another is staged, and in the end they are removed; what is
    # done to one importer is done to the others, so an odd step comes to all that is done.
    for number in (*range(1, decided, 15), *range(decided, len(effects) + 1, 5)):
        folder = workspace.__wrapped__(tmp_path / str(number))  # type: ignore[attr-defined]
        assert cut_before(folder, number, partial(change, folder), two_steps=two_steps) == number
        folder.recover()
        new = number > decided
        text = "new" if new else "old"
        assert folder.holds(NEW if new else OLD, text, gone=new), effects[number - 1]
        for importer in (ROOT, *MEMBERS, GONE):
            assert (folder.of(importer) / ".cache/data").read_text() == importer
        assert folder.is_clean()


def test_a_power_cut_before_every_effect_of_the_mending(workspace: Workspace) -> None:
    with cut(workspace, "os.rename", "journal.json", after=True):
        change(workspace)
    cuts = 0
    while not workspace.is_clean():
        # A little further each time: it may have to open many folders before it can remove one.
        number = 2 + cuts // 4
        cuts += cut_before(workspace, number, workspace.recover) == number
        assert cuts < 300
    assert cuts > 20
    assert workspace.holds(NEW, "new", gone=True)


@pytest.mark.parametrize("importer", [*MEMBERS, ROOT])
def test_a_first_tree_alone_is_one_rename(tmp_path: Path, importer: str) -> None:
    folder = Workspace(tmp_path)
    effects: list[Effect] = []
    with power(folder, effects.append):
        staging = folder.staging()
        staging.add_tree(importer, NEW, state_bytes(State(entries=NEW)))
        staging.commit()
    outside = [effect for effect in effects if STAGING not in effect.path]
    assert outside == [("os.rename", str(folder.of(importer)))]
    assert read_state(str(folder.of(importer))).entries == NEW
    assert folder.is_clean()


def to_a_link(folder: Path, elsewhere: Path) -> None:
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


def modules_to_a_link(folder: Path, elsewhere: Path) -> None:
    to_a_link(folder / "node_modules", elsewhere)


@pytest.mark.parametrize("what", [to_a_link, modules_to_a_link, shutil.rmtree])
@pytest.mark.parametrize("where", ["packages/a", "packages"])
def test_hazard_a_member_that_leaves_the_project_is_refused(
    workspace: Workspace, tmp_path: Path, what: Callable[..., None], where: str
) -> None:
    if where == "packages" and what is modules_to_a_link:
        return
    elsewhere = tmp_path / "elsewhere"
    what(workspace.path / where, *(() if what is shutil.rmtree else (elsewhere,)))
    before = sorted(elsewhere.rglob("*"))
    with pytest.raises(GraftError) as refused:
        workspace.stage_all(NEW, "new")
    assert refused.value.diagnostic.code == "link-refused"
    assert sorted(elsewhere.rglob("*")) == before
    assert workspace.is_clean()


@pytest.mark.parametrize("importer", ["../outside", "packages/../../outside", "node_modules/x"])
def test_hazard_an_importer_outside_of_the_project_is_refused(
    workspace: Workspace, importer: str, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    staging = workspace.staging()
    with pytest.raises(GraftError, match="folder of this project"):
        staging.add_tree(importer, NEW, b"")
    staging.abandon()
    assert os.listdir(tmp_path / "outside") == []


@pytest.mark.parametrize("what", [to_a_link, shutil.rmtree])
def test_a_member_that_has_gone_since_the_crash_is_left_out(
    workspace: Workspace, tmp_path: Path, what: Callable[..., None]
) -> None:
    with cut(workspace, "os.rename", "journal.json", after=True):
        change(workspace)
    elsewhere = tmp_path / "elsewhere"
    what(workspace.path / "packages/a", *(() if what is shutil.rmtree else (elsewhere,)))
    before = sorted(elsewhere.rglob("*"))
    assert workspace.recover()
    assert sorted(elsewhere.rglob("*")) == before
    assert workspace.is_clean()
    assert read_state(str(workspace.modules)).entries == NEW
    assert read_state(str(workspace.of("deep/er/member"))).entries == NEW


@pytest.mark.parametrize("kind", ["link", "way-up"])
def test_hazard_a_staging_folder_of_a_repository_reaches_nothing_outside(
    workspace: Workspace, tmp_path: Path, kind: str
) -> None:
    victim = tmp_path / "victim"
    (victim / "node_modules/theirs").mkdir(parents=True)
    (victim / "old/theirs").mkdir(parents=True)
    part = workspace.path / STAGING
    part.mkdir()
    if kind == "link":
        (part / "%packages%2Fa").symlink_to(victim)
    else:
        (part / "%..%2Fvictim/node_modules").mkdir(parents=True)
    before = sorted(victim.rglob("*"))
    assert not workspace.recover()
    assert sorted(victim.rglob("*")) == before
    assert not part.exists()


@pytest.mark.parametrize(
    ("link", "to", "target"),
    [
        ("./node_modules/a", "packages/a", "../packages/a"),
        ("./node_modules/@s/a", "packages/a", "../../packages/a"),
        ("packages/b/node_modules/a", "packages/a", "../../a"),
        ("packages/b/node_modules/@s/a", "packages/a", "../../../a"),
        ("packages/b/node_modules/me", "packages/b", ".."),
        ("packages/b/node_modules/root", ".", "../../.."),
        ("packages/b/node_modules/out", "../out/a", "../../../../out/a"),
    ],
)
def test_links_to_folders_of_the_project_are_relative(link: str, to: str, target: str) -> None:
    assert relative_target(link, to) == target
    at = os.path.normpath(os.path.join("/root/app", os.path.dirname(link), target))
    assert at == os.path.normpath(os.path.join("/root/app", to))
