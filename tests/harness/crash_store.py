"""Commands about the store alone that are killed, and the states that they start from."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.crash import Scenario
from harness.project import Project
from harness.registry import LocalRegistry

_IDLE = "0" * 64
_ROOMS = (".", "objects", "slots", "graphs", "projects", "journals", "leases", "trash")
_BUILDS = {"postinstall": "echo made >made.txt"}


def littered(project: Project, registry: LocalRegistry) -> None:
    """Projects that are here, updated, isolated, moved, deleted; a graph that somebody runs with,
    and one that somebody ran with; and what dead commands have left."""
    registry.publish("b@1.0.0")
    registry.publish("a@1.0.0", dependencies={"b": "1"})
    for name in ("i", "m", "r", "s"):
        registry.publish(f"{name}@1.0.0", dependencies={f"{name}-below": "1"})
        registry.publish(f"{name}-below@1.0.0", dependencies={"b": "1"})
    registry.publish("d@1.0.0", dependencies={"d-below": "1"}, bin={"d": "cli.js"})
    registry.publish("d-below@1.0.0", files={"lib/deep.js": "deep"})
    registry.publish("built@1.0.0", scripts=_BUILDS)
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    project.sibling("other", dependencies={"i": "1", "d-below": "1"}).graft("install")
    isolated = {"dependencies": {"s": "1"}, "graft": {"layout": "isolated"}}
    project.sibling("isolated", **isolated).graft("install")
    registry.publish("b@1.1.0")
    project.graft("update")
    deleted = project.sibling("deleted", dependencies={"d": "1", "built": "1"})
    deleted.graft("install")
    deleted.graft("approve-builds", "built")
    moved = project.sibling("moved", dependencies={"m": "1"})
    moved.graft("install")
    moved.dir.rename(moved.dir.with_name("moved-here"))
    known = set(project.store.glob("graphs/*"))
    running = project.sibling("running", dependencies={"r": "1"})
    running.graft("install")
    (graph,) = (
        path for path in project.store.glob("graphs/*") if path not in known and not path.suffix
    )
    for lease in (graph.name, _IDLE):
        (project.store / "leases" / lease).touch()
    for gone in (deleted, running):
        shutil.rmtree(gone.dir)
    for room in _ROOMS:
        junk = project.store / room / ".tmp-1-00000000-x"
        junk.mkdir()
        (junk / "file").write_text("half")
        junk.chmod(0o555)
        junk.with_name(".tmp-1-00000001-x").write_text("half")


def _graphs(project: Project) -> set[str]:
    return {path.stem for path in project.store.glob("graphs/*")}


@contextmanager
def running(project: Project) -> Iterator[None]:
    """Somebody runs with the graph that no project needs."""
    leases = project.store / "leases"
    (lease,) = (path for path in leases.iterdir() if path.name != _IDLE and path.name[0] != ".")
    with lease.open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def damaged(project: Project, registry: LocalRegistry) -> None:
    """Something of each kind that can be mended, in files that no code loads."""
    registry.publish("c@1.0.0", files={"lib/deep.js": "deep"})
    registry.publish("b@1.0.0", dependencies={"c": "1"}, bin={"b": "cli.js"})
    registry.publish("a@1.0.0", dependencies={"b": "1"}, files={"lib/deep.js": "deeper"})
    registry.publish("e@1.0.0")
    # With the bytes of what the script makes: repair runs no scripts.
    registry.publish("f@1.0.0", files={"made.txt": "made\n"})
    registry.publish("built@1.0.0", scripts=_BUILDS)
    project.manifest(dependencies={"a": "1", "built": "1", "e": "1", "f": "1"})
    project.graft("install")
    project.graft("approve-builds", "built")
    project.sibling("other", dependencies={"a": "1"}).graft("install")
    store = project.store
    (record,) = (path.parents[1] for path in store.glob("objects/*/node_modules/e"))
    record.with_name(f"{record.name}.json").unlink()  # fetched again, as a whole
    _change(_one(store, "objects/*/node_modules/c/lib/deep.js"))  # and by a hard link in the slot
    _lose(_one(store, "objects/*/node_modules/b/cli.js"))
    _lose(_one(store, "slots/a@*/node_modules/a/lib/deep.js"))
    _add(_one(store, "objects/*/node_modules/f"))
    _add(_one(store, "slots/b@*/node_modules/b"))
    made = _one(store, "slots/built@*/node_modules/built/made.txt")
    _change(made)
    _add(made.parent)


def _one(store: Path, pattern: str) -> Path:
    (found,) = store.glob(pattern)
    return found


def _change(path: Path) -> None:
    """In place, so that every hard link to it changes."""
    path.chmod(0o644)
    path.write_bytes(path.read_bytes().swapcase())
    path.chmod(0o444)


def _lose(path: Path) -> None:
    path.parent.chmod(0o755)
    path.unlink()
    path.parent.chmod(0o555)


def _add(folder: Path) -> None:
    folder.chmod(0o755)
    (folder / "more").mkdir()
    (folder / "more/file").write_text("more")
    folder.chmod(0o555)


_COLLECT = ("store", "gc", "--older-than", "0")
_REPAIR = ("store", "verify", "--repair")
_REPAIRED = 38
SCENARIOS = (
    Scenario(
        name="collection",
        command=_COLLECT,
        heal=_COLLECT,
        prepare=littered,
        meanwhile=running,
        of_store="collect",
    ),
    Scenario(
        name="repair",
        command=_REPAIR,
        heal=_REPAIR,
        codes=(0, _REPAIRED),
        prepare=damaged,
        of_store="repair",
    ),
)
