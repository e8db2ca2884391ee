"""Resolving from an index of many packages, beside the same packages from a registry.

Both have been resolved once, so that nothing needs the network; the lock is taken away and made
anew. The index is a real git repository on this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from install_tools import default_graft

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from harness.registry import LocalRegistry

WRITER = "bench/indices.py"
_ROOTS = 50
# Runs graft, and says last how many descriptors were opened.
_WATCHED = """\
import os, sys
opened = set()
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str) and "/pkgs/" in arguments[0]:
        opened.add(arguments[0])
sys.addaudithook(watch)
from graft.__main__ import main
try:
    main()
finally:
    print(len(opened), flush=True)
"""


class Took(NamedTuple):
    """In milliseconds: on the clock, and of a processor, which others that are busy change less."""

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:.0f} ms ({self.processor:.0f} ms of a processor)"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog=WRITER, description="Time resolving from an index.")
    add = parser.add_argument
    add("--packages", type=int, default=5000, metavar="N", help="of the index")
    add("--versions", type=int, default=10, metavar="N", help="of each package")
    add("--rounds", type=int, default=11, metavar="N")
    said = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="graft-indices-"))
    try:
        with LocalRegistry() as registry:
            _measure(folder, registry, said.packages, said.versions, said.rounds)
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
        shutil.rmtree(folder)
    return 0


def _measure(
    folder: Path, registry: LocalRegistry, packages: int, versions: int, rounds: int
) -> None:
    env = _environment(folder, registry.url)
    url = _make_index(folder / "acme", env, packages, versions)
    for at in range(2 * _ROOTS):
        for version in range(versions):
            needs = {_name(at + _ROOTS): "^1.0.0"} if at < _ROOTS else {}
            registry.publish(f"{_name(at)}@1.{version}.0", dependencies=needs)
    asked = [_name(at) for at in range(_ROOTS)]
    lines = "".join(f'{name} = "1.0.0"\n' for name in asked)
    projects = {
        "registry": ("package.json", json.dumps({"dependencies": dict.fromkeys(asked, "^1.0.0")})),
        "index": ("graft.toml", f'[indices]\nacme = "{url}"\n\n[dependencies.acme]\n{lines}'),
    }
    for name, (file, text) in projects.items():
        (folder / name).mkdir()
        (folder / name / file).write_text(text)
        print(f"{name}: the first resolution takes {_run(folder / name, env)}")
    remembered = folder / "home/.local/share/graft/cache/resolutions"
    times: dict[str, list[Took]] = {"registry, remembered": [], "registry": [], "index": []}
    for _ in range(rounds):
        for what, each in times.items():
            project = folder / what.partition(",")[0]
            if project.name == what:
                shutil.rmtree(remembered, ignore_errors=True)
            (project / "graft-lock.json").unlink()
            each.append(_run(project, env))
    middle = {what: _middle(each) for what, each in times.items()}
    for what, took in middle.items():
        print(f"{what}: resolved again in {took}")
    index = middle.pop("index")
    for what, took in middle.items():
        more = Took(index.clock - took.clock, index.processor - took.processor)
        print(f"the index takes {more} more than {what}")
    (folder / "index/graft-lock.json").unlink()
    python = Path(default_graft()).with_name("python")
    command = [str(python), "-c", _WATCHED, "install", "--lockfile-only"]
    done = subprocess.run(command, cwd=folder / "index", env=env, check=True, capture_output=True)
    opened = int(done.stdout.split()[-1])
    print(f"{opened} of {packages} descriptors are opened")


def _middle(each: Sequence[Took]) -> Took:
    clock, processor = zip(*each, strict=True)
    return Took(statistics.median(clock), statistics.median(processor))


def _environment(folder: Path, registry: str) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    (home / ".npmrc").write_text(f"registry={registry}\n")
    (home / ".gitconfig").write_text("[user]\n\tname = Bench\n\temail = bench@example.com\n")
    return {"PATH": os.environ["PATH"], "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}


def _name(at: int) -> str:
    return f"p{at:04}"


def _make_index(root: Path, env: Mapping[str, str], packages: int, versions: int) -> str:
    """A repository with a descriptor for each package; its URL."""
    for at in range(packages):
        lines = [f'spec = 1\nnamespace = "acme"\nname = "{_name(at)}"\n']
        for version in range(versions):
            key = f'versions."1.{version}.0"'
            url = f"https://files.example.com/{_name(at)}-1.{version}.0.tgz"
            lines.append(f'[{key}]\nurl = "{url}"\nsha256 = "{at * versions + version:064x}"\n')
            if at + _ROOTS < packages:
                lines.append(f'[{key}.dependencies]\n"acme:{_name(at + _ROOTS)}" = "1.0.0"\n')
        if at >= _ROOTS:  # what is below what is asked for asks for nothing
            lines = [line for line in lines if "dependencies" not in line]
        path = root / "pkgs/@acme/p" / f"{_name(at)}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
    (root / "index.toml").write_text('[index]\nspec = 1\nnamespaces = ["acme"]\n')
    for command in ("init --quiet", "add --all", "commit --quiet -m all"):
        subprocess.run(["git", *command.split()], cwd=root, env=env, check=True)
    return f"file://{root}"


def _run(project: Path, env: Mapping[str, str]) -> Took:
    command = [default_graft(), "install", "--lockfile-only"]
    before, start = _cpu(), time.perf_counter()
    subprocess.run(command, cwd=project, env=env, check=True, capture_output=True)
    return Took((time.perf_counter() - start) * 1000, (_cpu() - before) * 1000)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
