"""What ``make demo`` runs: a real application, installed twice, at work both times.

Everything it writes is below ``build/demo``, store included, so it starts cold each time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from graft.base.files import remove_tree

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "examples" / "app"
BUILD = ROOT / "build" / "demo"
COMMANDS = (
    ("types are checked by TypeScript", ["node_modules/.bin/tsc", "--noEmit"]),
    ("the code is linted by ESLint", ["node_modules/.bin/eslint", "."]),
    ("React rendered, Express serving, Vitest testing", ["node_modules/.bin/vitest", "run"]),
    ("what Node loads, and from where", ["node", "main.js"]),
)


def main() -> int:
    if shutil.which("node") is None:
        print("demo: node is not on PATH; install Node.js 18 or newer and run it again")
        return 1
    # Deleting a tree makes the next install on some file systems slow: the old one goes last.
    old = BUILD.with_name("demo-old")
    if BUILD.exists():
        remove_tree(str(old))
        BUILD.rename(old)
    environment = os.environ | {
        "GRAFT_HOME": str(BUILD / "home"),
        "XDG_CONFIG_HOME": str(BUILD / "config"),
    }
    first, second = BUILD / "first", BUILD / "second"

    say("1. cold: nothing is stored yet; resolve, fetch, unpack, link")
    shutil.copytree(APP, first)
    install(first, environment)
    run_all(first, environment)

    say("2. a second folder with the same lock: links, and nothing else")
    shutil.copytree(APP, second)
    shutil.copy(first / "graft-lock.json", second)
    before = usage(BUILD / "home")
    install(second, environment)
    grown = usage(BUILD / "home") - before
    links = sum(path.is_symlink() for path in (second / "node_modules").rglob("*"))
    print(f"   {links} links; the store grew by {grown / 1e6:.2f} MB")

    say("3. again, with nothing to do")
    install(second, environment)

    say("4. the second folder at work")
    run_all(second, environment)
    remove_tree(str(old))
    print(f"\nLook around in {second.relative_to(ROOT)}; everything is below {BUILD.parent.name}/.")
    return 0


def say(text: str) -> None:
    print(f"\n{text}", flush=True)


def install(folder: Path, environment: dict[str, str]) -> None:
    print("   $ graft install", flush=True)
    start = time.perf_counter()
    answer = subprocess.run(
        [Path(sys.executable).with_name("graft"), "install"],
        cwd=folder,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    seconds = time.perf_counter() - start
    if answer.returncode:
        print(answer.stderr)
        sys.exit(answer.returncode)
    print(f"   {answer.stderr.splitlines()[-1]}\n   {seconds:.3f} s from start to exit", flush=True)


def run_all(folder: Path, environment: dict[str, str]) -> None:
    for what, command in COMMANDS:
        print(f"   $ {' '.join(command)}   # {what}", flush=True)
        answer = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True
        )
        if answer.returncode:
            print(answer.stdout, answer.stderr, sep="\n")
            sys.exit(f"demo: '{' '.join(command)}' failed in {folder}")
    print(f"   {answer.stdout.strip()}", flush=True)


def usage(folder: Path) -> int:
    """Bytes on disk, each hard-linked file once."""
    seen = {(s := path.lstat()).st_ino: s.st_blocks * 512 for path in folder.rglob("*")}
    return sum(seen.values())


if __name__ == "__main__":
    sys.exit(main())
