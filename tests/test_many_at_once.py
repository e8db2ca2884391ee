"""How many packages are on their way at once: as many as the network bears, whatever the number of
processors."""

from __future__ import annotations

import shutil
import threading

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.repository import Repository

# More than the threads that Python's own executor would have on two processors.
MANY = 10
# Each fetch waits until all of them are under way.
GIT = """#!/bin/sh
case " $* " in *" fetch "*) ;; *) exec {git} "$@" ;; esac
: > {place}/$$
tries=0
while set -- "$@" && [ ! -e {place}.all ] && [ $tries -lt 100 ]; do
  count=0
  for each in {place}/*; do count=$((count + 1)); done
  [ $count -ge {many} ] && : > {place}.all
  tries=$((tries + 1))
  [ -e {place}.all ] || sleep 0.1
done
exec {git} "$@"
"""


def test_repositories_are_fetched_beside_each_other(project: Project, machine: Machine) -> None:
    """B10: sixteen were asked for, and six were fetched at a time."""
    first = Repository(machine, "lib0")
    first.commit("lib")
    asks = {"lib0": first.url}
    for number in range(1, MANY):
        other = first.path.with_name(f"lib{number}")
        shutil.copytree(first.path, other)
        asks[f"lib{number}"] = f"git+file://{other}"
    project.manifest(dependencies=asks)
    project.graft("install", "--lockfile-only")
    own, place = machine.root / "own", machine.root / "under-way"
    own.mkdir()
    place.mkdir()
    (own / "git").write_text(GIT.format(git=shutil.which("git"), place=place, many=MANY))
    (own / "git").chmod(0o755)
    path = f"{own}:{machine.env['PATH']}"
    elsewhere = {"PATH": path, "GRAFT_HOME": str(machine.root / "other-home")}
    project.graft("ci", env=elsewhere)
    assert place.with_name("under-way.all").exists()
    assert project.node("console.log(require('lib9').said)") == "lib"


def test_archives_are_fetched_beside_each_other(
    project: Project, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B10, of a registry."""
    names = [f"p{number}" for number in range(MANY)]
    for name in names:
        registry.publish(f"{name}@1.0.0")
    project.manifest(dependencies=dict.fromkeys(names, "^1"))
    all_here, late = threading.Barrier(MANY), []
    honest = registry._honest

    def gated(request):  # type: ignore[no-untyped-def]
        if request.kind == "tarball":
            try:
                all_here.wait(10)
            except threading.BrokenBarrierError:
                late.append(request.path)
        return honest(request)

    monkeypatch.setattr(registry, "_honest", gated)
    project.graft("install")
    assert late == []
