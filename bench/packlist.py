"""Compare graft's choice of a package's files with npm-packlist, npm's own.

Trees and rules come from a seed, written to disk; folders named as arguments are compared as they
are. Exit 1 if any answer differs. What is left out, because graft differs on purpose:

- ``main`` and ``browser`` written as ``./x``, which npm's manual calls always included and
  npm-packlist leaves out unless something else includes it.
- graft-lock.json at the top, which is to graft what package-lock.json is to npm.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from graft.project.folder_listing import FolderListing
from graft.project.packlist import packed_files

SEED = 19_851_026
TREES = 3000
SHOWN = 5

# Reads folders, one a line, and writes the files of each as a JSON list.
ORACLE = """
const packlist = require(process.argv[1])
const fs = require('fs')
const folders = fs.readFileSync(0, 'utf8').trimEnd().split('\\n')
const one = async (path) => {
  const manifest = JSON.parse(fs.readFileSync(`${path}/package.json`, 'utf8'))
  if (typeof manifest.bin === 'string') manifest.bin = { it: manifest.bin }
  const tree = { path, package: { ...manifest, bundleDependencies: [] }, isProjectRoot: true,
    edgesOut: new Map() }
  return (await packlist(tree)).map((file) => file.replace(/^[.][/]/, '')).sort()
}
const all = async () => {
  for (const folder of folders) {
    console.log(JSON.stringify(await one(folder).catch((error) => ['error', String(error)])))
  }
}
all()
"""
NAMES = ("a", "b", "lib", "src", "test", ".hidden", "node_modules", "build", "CVS", ".git", "A")
FILES = (
    *("a.js", "b.js", "index.js", "a.test.js", "README.md", "readme", "LICENSE", "license.txt"),
    *("x.orig", ".npmrc", ".DS_Store", "._x", "package-lock.json", "yarn.lock", "npm-debug.log"),
    *("readme~", "COPYING.txt", ".env", "c.d.ts", "[x].js", "package.json", ".a.swp", "b.ts"),
)
PATTERNS = (
    *("*.js", "lib", "lib/", "/lib", "./lib", "lib/*", "lib/**", "lib/**/*.js", "**/*.test.js"),
    *(
        "!**/*.test.js",
        "!lib/b.js",
        "src/*.js",
        "src/a.js",
        "./a.js",
        "a.js",
        "test/",
        "!test/a.js",
    ),
    *("{lib,src}", "{a,b}.js", "[ab].js", "*.d.ts", "**/a", "a/**/b", "!src", "build", "*", "!*"),
    *("+(a|b).js", "!(a).js", "?.js", "lib/a/*", "/src/", "src/**/!(b).js", "README.md", ".env"),
    *("A", "/a", "**", "!/a.js", "src/..", "lib/../src", "readme", ".*", "a/b/a.js", "lib/a"),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", help="packages to compare in place of made ones")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--trees", type=int, default=TREES)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="graft-packlist-") as work:
        folders = [Path(folder).resolve() for folder in said.folders]
        if not folders:
            dice = random.Random(said.seed)
            folders = [make_tree(Path(work) / str(at), dice) for at in range(said.trees)]
        theirs = ask_oracle(folders)
        differing = 0
        for folder, answer in zip(folders, theirs, strict=True):
            manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
            ours = packed_files(FolderListing(str(folder)), manifest)
            if ours != answer:
                differing += 1
                if differing <= SHOWN:
                    show(folder, manifest, ours, answer)
    print(f"{len(folders)} folders, {differing} differ")
    return 1 if differing else 0


def make_tree(folder: Path, dice: random.Random) -> Path:
    fill(folder, dice, depth=0)
    manifest: dict[str, Any] = {"name": "it", "version": "1.0.0"}
    if dice.random() < 0.6:
        manifest["files"] = dice.sample(PATTERNS, dice.randint(0, 4))
    if dice.random() < 0.3:
        manifest["main"] = dice.choice(("lib/a.js", "index.js", "src/b.js"))
    if dice.random() < 0.3:
        manifest["bin"] = dice.choice(("a.js", {"x": "lib/index.js", "y": "src/a.js"}))
    (folder / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def fill(folder: Path, dice: random.Random, *, depth: int) -> None:
    folder.mkdir(parents=True)
    for name in dice.sample(FILES, dice.randint(1, 8)):
        (folder / name).write_text(name, encoding="utf-8")
    for ignore in (".npmignore", ".gitignore"):
        if dice.random() < 0.25:
            rules = dice.sample(PATTERNS, dice.randint(0, 3))
            (folder / ignore).write_text("# rules\n\n" + "\n".join(rules), encoding="utf-8")
    if depth < 3:
        for name in dice.sample(NAMES, dice.randint(0, 4)):
            if not (folder / name).exists():
                fill(folder / name, dice, depth=depth + 1)


def ask_oracle(folders: list[Path]) -> list[list[str]]:
    root = subprocess.run(
        ["npm", "root", "-g"], capture_output=True, text=True, check=True
    ).stdout.strip()
    command = ["node", "-e", ORACLE, f"{root}/npm/node_modules/npm-packlist"]
    lines = "\n".join(map(str, folders))
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def show(folder: Path, manifest: dict[str, Any], ours: list[str], theirs: list[str]) -> None:
    print(f"{folder.name}: {json.dumps(manifest)}")
    for ignore in sorted([*folder.rglob(".npmignore"), *folder.rglob(".gitignore")]):
        print(f"  {ignore.relative_to(folder)}: {ignore.read_text(encoding='utf-8').split()[2:]}")
    print(f"  ours alone: {sorted(set(ours) - set(theirs))}")
    print(f"  theirs alone: {sorted(set(theirs) - set(ours))}")


if __name__ == "__main__":
    sys.exit(main())
