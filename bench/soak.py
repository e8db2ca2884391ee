"""Eight at work on one store for minutes: they install, edit, update, switch layouts, copy, move
and delete projects, kill each other's commands and collect garbage, all at the same time.

At the end every living project must run, the store must verify, and after a last collection hold
just what a new store holds that the same projects were installed into. Exit code 1 if not.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import ssl
import sys
import tempfile
import threading
import time
from pathlib import Path

from documents import table
from install_peers import find_registry
from soak_world import (
    EXTRAS,
    LAYOUTS,
    World,
    copy_project,
    disk_bytes,
    everything,
    manifest,
    names,
)
from traffic import Mirror

_MOST_PROJECTS = 24
_MB = 1_000_000


def create(world: World, chance: random.Random) -> None:
    if len(world.living) >= _MOST_PROJECTS:
        return delete(world, chance)
    folder = world.new_folder()
    folder.mkdir()
    (folder / "package.json").write_bytes(manifest(chance, folder.name))
    done = world.graft("install", folder, "install")
    world.add(folder, sound=done.returncode == 0)
    return None


def add(world: World, chance: random.Random) -> None:
    name = chance.choice(sorted(EXTRAS))
    with world.use(chance, alone=False) as project:
        if project:
            spec = f"{name}@{chance.choice(EXTRAS[name])}"
            project.sound = world.graft("add", project.folder, "add", spec).returncode == 0


def update(world: World, chance: random.Random) -> None:
    with world.use(chance, alone=False) as project:
        if project:
            project.sound = world.graft("update", project.folder, "update").returncode == 0


def reinstall(world: World, chance: random.Random) -> None:
    with world.use(chance, alone=True) as project:
        if project:
            shutil.rmtree(project.folder / "node_modules", ignore_errors=True)
            project.sound = world.graft("ci", project.folder, "ci").returncode == 0


def switch(world: World, chance: random.Random) -> None:
    layout = chance.choice(LAYOUTS)
    with world.use(chance, alone=True) as project:
        if project:
            path = project.folder / "package.json"
            said = json.loads(path.read_bytes()) | {"graft": {"layout": layout}}
            path.write_text(json.dumps(said, indent=2) + "\n")
            done = world.graft(f"to {layout}", project.folder, "install")
            project.sound = done.returncode == 0


def copy(world: World, chance: random.Random) -> None:
    folder = world.new_folder()
    with world.use(chance, alone=True) as project:
        if project is None or len(world.living) >= _MOST_PROJECTS:
            return
        copy_project(project.folder, folder)
    sound = chance.random() < 0.7 and world.graft("copied", folder, "install").returncode == 0
    world.add(folder, sound=sound)


def move(world: World, chance: random.Random) -> None:
    folder = world.new_folder()
    with world.use(chance, alone=True) as project:
        if project:
            os.rename(project.folder, folder)
            project.folder = folder
            project.sound = world.graft("moved", folder, "install").returncode == 0


def delete(world: World, chance: random.Random) -> None:
    with world.use(chance, alone=True) as project:
        if project and len(world.living) > 4:
            project.gone = True
            shutil.rmtree(project.folder)


def kill(world: World, chance: random.Random) -> None:
    command = chance.choice((["install"], ["update"], ["add", "koa@^2.15.0"], ["install", "-f"]))
    with world.use(chance, alone=True) as project:
        if project:
            if chance.random() < 0.5:
                shutil.rmtree(project.folder / "node_modules", ignore_errors=True)
            project.sound = False
            world.killed(project.folder, chance.uniform(0.05, 1.5), *command)


def kill_collector(world: World, chance: random.Random) -> None:
    folder = world.projects
    world.killed(folder, chance.uniform(0.1, 1.0), "store", "gc", "--older-than", "0")


def collect(world: World, chance: random.Random) -> None:  # noqa: ARG001
    world.graft("gc", world.projects, "store", "gc", "--older-than", "0")


def check(world: World, chance: random.Random) -> None:
    with world.use(chance, alone=True) as project:
        if project and project.sound:
            world.runs("run", project.folder)


def serve(world: World, chance: random.Random) -> None:
    """While it runs, its project is installed anew with other packages, and garbage collected."""
    with world.use(chance, alone=True) as project:
        if not (project and project.sound and world.shares(project.folder, "eslint")):
            return
        server = threading.Thread(target=world.serve, args=(project.folder, 8000))
        server.start()
        time.sleep(2)
        world.graft("remove", project.folder, "remove", "eslint", "typescript-eslint")
        world.graft("gc", world.projects, "store", "gc", "--older-than", "0")
        server.join()
        again = ("eslint@^9.17.0", "typescript-eslint@^8.18.0")
        done = world.graft("add", project.folder, "add", "-D", *again)
        project.sound = done.returncode == 0


WORK = {
    create: 5,
    add: 4,
    update: 2,
    reinstall: 4,
    switch: 4,
    copy: 2,
    move: 2,
    delete: 4,
    kill: 3,
    kill_collector: 1,
    collect: 3,
    check: 4,
    serve: 1,
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/soak.py", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where to work (default: a new temporary folder)")
    said = parser.parse_args(arguments)
    root = Path(said.folder or tempfile.mkdtemp(prefix="graft-soak-"))
    registry = find_registry()
    trusted = ssl.create_default_context(cafile=registry.authorities or None)
    mirror = Mirror(registry.url, root / "mirror", trusted)
    try:
        world = World(root, mirror.url)
        warm(world)
        soak(world, said.workers, said.seed, said.minutes * 60)
        found = settle(world)
        report(world, found)
        return 1 if world.tally.failures else 0
    finally:
        mirror.close()
        if not said.folder:
            shutil.rmtree(root, ignore_errors=True)


def warm(world: World) -> None:
    """Have the mirror ask for everything once: it is the store that is to be tried, not the
    registry behind."""
    for pick in (0, 1):
        folder = world.root / f"warm{pick}"
        folder.mkdir()
        (folder / "package.json").write_bytes(everything(pick))
        world.graft("warm", folder, "install")
        shutil.rmtree(folder)


def soak(world: World, workers: int, seed: int, seconds: float) -> None:
    end = time.monotonic() + seconds

    def work(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        kinds, weights = zip(*WORK.items(), strict=True)
        create(world, chance)
        while time.monotonic() < end:
            kind = chance.choices(kinds, weights)[0]
            try:
                kind(world, chance)
            except Exception as error:
                world.failed(f"{kind.__name__}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def settle(world: World) -> dict[str, int]:
    """What is left: whether it runs, and what the store is left with, beside a new store."""
    before = disk_bytes([world.store])
    sound = [project for project in world.living if project.sound]
    for project in sound:
        if not world.runs("run as left", project.folder):
            world.failed(f"{project.folder.name} does not run as it was left")
    for project in world.living:
        world.graft("last install", project.folder, "install")
        if not world.runs("last run", project.folder):
            world.failed(f"{project.folder.name} does not run after an install")
    world.graft("verify", world.projects, "store", "verify")
    world.graft("gc", world.projects, "store", "gc", "--older-than", "0")
    world.graft("verify", world.projects, "store", "verify")
    after = disk_bytes([world.store])
    for project in world.living:
        if not world.runs("run after gc", project.folder):
            world.failed(f"{project.folder.name} does not run after the last collection")
    fresh = world.root / "fresh"
    fresh.mkdir()
    shutil.copy(world.home / ".npmrc", fresh)
    for project in world.living:
        folder = world.root / "again" / project.folder.name
        folder.mkdir(parents=True)
        for name in ("package.json", "graft-lock.json"):
            shutil.copy(project.folder / name, folder)
        world.graft("anew", folder, "install", home=fresh)
    anew = fresh / world.store.relative_to(world.home)
    for kind in ("slots", "objects"):
        lost, left = names(anew, kind) - names(world.store, kind), names(world.store, kind)
        for name in sorted(lost):
            world.failed(f"lost of {kind}: {name}")
        for name in sorted(left - names(anew, kind)):
            world.failed(f"left of {kind}: {name}")
    return {
        "projects": len(world.living),
        "left sound": len(sound),
        "slots": len(names(world.store, "slots")),
        "objects": len(names(world.store, "objects")) // 2,
        "MB before the last collection": before // _MB,
        "MB after it": after // _MB,
        "MB of a new store": disk_bytes([anew]) // _MB,
    }


def report(world: World, found: dict[str, int]) -> None:
    tally = world.tally
    rows = [
        [kind, str(count), f"{tally.longest.get(kind, 0.0):.1f} s"]
        for kind, count in sorted(tally.done.items())
    ]
    print("\n".join(table(["command", "times", "longest"], rows)))
    print("\n".join(table(["at the end", ""], [[key, str(value)] for key, value in found.items()])))
    print(f"waited for another command: {tally.waited}; failures: {len(tally.failures)}")
    for failure in tally.failures:
        print(f"- {failure}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
