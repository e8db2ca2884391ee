"""What ``make golden`` runs: a golden workspace, a child that takes packages from it, and proof
that nothing the child does changes the workspace by a bit.

The workspace has packages of every kind: of npm's registry, of a git repository, an archive, and of
an index, three of them patched in ways that no address reproduces. Everything that is written is
below ``build/golden``, or the folder that is named.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from graft.base.files import remove_tree

ROOT = Path(__file__).resolve().parent.parent
GRAFT = Path(sys.executable).with_name("graft")
# What a store says of those who use it: a child is registered where its parent's packages lie.
REGISTER = ("locks", "projects", "graphs")
IDENTITY = {
    f"GIT_{who}_{what}": said
    for who in ("AUTHOR", "COMMITTER")
    for what, said in (("NAME", "golden"), ("EMAIL", "golden@example.com"))
}
PATCHED = ("ms", "greeter", "@acme/report")
IMPORTS = """\
const { createRequire } = require('module')
const { realpathSync } = require('fs')
const own = ['debug', 'kleur', 'greeter', '@acme/report', '@acme/units'].map((name) => {
  require(name)
  return realpathSync(require.resolve(name))
})
const ms = createRequire(own[0])('ms')
console.log(JSON.stringify({
  from: own,
  patched: [ms.patched, require('greeter').patched, require('@acme/report').patched],
}))
"""


def main(arguments: list[str]) -> int:
    place = Path(arguments[0] if arguments else ROOT / "build" / "golden").resolve()
    remove_tree(str(place))
    place.mkdir(parents=True)
    golden, child = Home(place, "golden"), Home(place, "child")
    say("1. the golden workspace: packages of a registry, of git, an archive, and of an index")
    asked = {
        "debug": "4.3.4",
        "kleur": golden.graft("view", "kleur@4.1.5", "dist.tarball", cwd=place).strip(),
        "greeter": f"git+file://{repository(place)}",
        "left-pad": "1.3.0",
    }
    index = publish_index(place, golden)
    golden.project(asked, index)
    golden.graft("install")
    for name in PATCHED:
        patch(golden, name, "golden")
    before = digest(golden)
    print(f"   its digest is {before}")

    say("2. a child with some of them takes them, without the network")
    del asked["left-pad"]
    child.project(asked | {"debug": "^4.3.0"}, index, patches_of=golden)
    donor = ("--deps-source", str(golden.dir))
    child.graft("install", *donor, "--offline", "--require-deps-source")
    seen = imported(child)
    assert seen["patched"] == ["golden"] * len(PATCHED), seen
    assert all(path.startswith(f"{place}/golden") for path in seen["from"]), seen
    print(f"   {len(seen['from'])} imports lead into the golden workspace's own")
    unchanged(golden, before)

    def and_again() -> None:
        child.graft("install", *donor, "--offline")
        child.graft("ci", "--offline")
        child.graft("install", *donor, "--force", "--offline")

    def patched_by_the_child() -> None:
        patch(child, "kleur", "child")
        patch(child, "@acme/report", "child")
        assert imported(child)["patched"] == ["golden", "golden", "child"]

    def built() -> None:
        child.graft("approve-builds", "@acme/units")
        made = child.dir / "node_modules/@acme/units/made"
        assert made.read_text() == "made", made

    def updated() -> None:
        child.graft("patch-remove", "ms")
        child.graft("update")
        assert imported(child)["patched"] == [None, "golden", "child"]

    def cleaned() -> None:
        remove_tree(str(child.dir / "node_modules"))
        child.graft("store", "gc", "--older-than", "0")
        child.graft("install", *donor, "--offline")

    steps: list[tuple[str, Callable[[], object]]] = [
        ("installed again, as it is and by force", and_again),
        ("synced", lambda: child.graft("sync")),
        ("patched by the child", patched_by_the_child),
        ("a script of a package's own writes into that package", built),
        ("without the patch of ms, updated to what is newest", updated),
        ("a package is removed", lambda: child.graft("remove", "debug")),
        ("node_modules is deleted, the store cleaned, all installed once more", cleaned),
    ]
    say("3. whatever the child does, the golden workspace stays as it was")
    for what, step in steps:
        print(f"   # {what}")
        step()
        unchanged(golden, before)
    print(f"\nLook around in {place}: golden and child are projects, *-home their users' homes.")
    return 0


class Home:
    """A user with a store of their own, and a project."""

    def __init__(self, place: Path, name: str) -> None:
        self.dir = place / name
        self.home = place / f"{name}-home"
        self.home.mkdir()
        self._env = {
            "GRAFT_HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / "config"),
        }

    def project(self, asked: dict[str, str], index: str, patches_of: Home | None = None) -> None:
        self.dir.mkdir()
        manifest = {"name": self.dir.name, "version": "1.0.0", "dependencies": asked}
        if patches_of:
            shutil.copytree(patches_of.dir / "patches", self.dir / "patches")
            its = json.loads((patches_of.dir / "package.json").read_text())
            manifest["patchedDependencies"] = its["patchedDependencies"]
        (self.dir / "package.json").write_text(json.dumps(manifest, indent=2))
        (self.dir / "graft.toml").write_text(
            '[dependencies.acme]\nreport = "1.0.0"\nunits = "1.0.0"\n\n'
            f'[indices]\nacme = "{index}"\n'
        )
        (self.dir / "main.js").write_text(IMPORTS)

    def graft(self, *words: str, cwd: Path | None = None) -> str:
        print(f"   {self.dir.name}$ graft {' '.join(map(shown, words))}", flush=True)
        return call(str(GRAFT), *words, cwd=cwd or self.dir, env=self._env)


def imported(home: Home) -> dict[str, list[str]]:
    said: dict[str, list[str]] = json.loads(call("node", "main.js", cwd=home.dir))
    return said


def patch(home: Home, name: str, word: str) -> None:
    """Have a package say of itself that it was patched."""
    folder = json.loads(home.graft("patch", name, "--json"))["folder"]
    manifest = json.loads(Path(folder, "package.json").read_text())
    main = Path(folder, manifest.get("main") or "index.js")
    if main.suffix != ".js":
        main = main.with_name(f"{main.name}.js")
    main.write_text(f"{main.read_text()}\nmodule.exports.patched = '{word}'\n")
    home.graft("patch-commit", folder)


def repository(place: Path) -> Path:
    """A package that a git repository of this machine holds."""
    folder = place / "repositories" / "greeter"
    write(folder / "package.json", {"name": "greeter", "version": "1.0.0"})
    write(folder / "index.js", "module.exports = { hello: (name) => `hello ${name}` }\n")
    return committed(folder)


def publish_index(place: Path, home: Home) -> str:
    """An index with two packages, one of which asks for the other; its URL."""
    index, bare = place / "acme-index", place / "acme-index.git"
    call("git", "init", "--quiet", "--bare", str(bare), cwd=place)
    home.graft("index", "init", "--namespace", "acme", str(index), cwd=place)
    committed(index)
    script = {"postinstall": "node -e \"require('fs').writeFileSync('made', 'made')\""}
    needs = {"@acme/units": "^1.0.0"}
    for name, more in (("units", {"scripts": script}), ("report", {"dependencies": needs})):
        folder = place / "packages" / name
        write(folder / "package.json", {"name": f"@acme/{name}", "version": "1.0.0", **more})
        units = "require('@acme/units')" if name == "report" else "['s', 'ms']"
        write(folder / "index.js", f"module.exports = {{ units: {units} }}\n")
        if name == "report":
            write(folder / "graft.toml", f'[indices]\nacme = "file://{bare}"\n')
        home.graft("index", "publish", "--index", str(index), "--commit", cwd=folder)
    call("git", "push", "--quiet", str(bare), "HEAD:refs/heads/main", cwd=index)
    call("git", "symbolic-ref", "HEAD", "refs/heads/main", cwd=bare)
    return f"file://{bare}"


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def committed(folder: Path) -> Path:
    if not (folder / ".git").exists():
        call("git", "init", "--quiet", cwd=folder)
    call("git", "add", "--all", cwd=folder)
    call("git", "commit", "--quiet", "--message", "begin", cwd=folder)
    return folder


def unchanged(home: Home, before: str) -> None:
    assert digest(home) == before, "the golden workspace was changed"
    print("   the golden workspace is as it was, to the bit")


def digest(home: Home) -> str:
    """Every file, mode and link of the project and of its user's home."""
    found = hashlib.sha256()
    register = [home.home / "store/v1" / name for name in REGISTER]
    for top in (home.dir, home.home):
        for path in sorted(top.rglob("*")):
            if any(path.is_relative_to(folder) for folder in register):
                continue
            seen = path.lstat()
            found.update(f"{path}\0{seen.st_mode:o}\0".encode(errors="surrogateescape"))
            if path.is_symlink():
                found.update(os.fsencode(path.readlink()))
            elif stat.S_ISREG(seen.st_mode):
                found.update(path.read_bytes())
    return found.hexdigest()


def call(*command: str, cwd: Path, env: Mapping[str, str] = {}) -> str:
    every = {**os.environ, **IDENTITY, **env}
    done = subprocess.run(command, cwd=cwd, env=every, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        sys.exit(f"golden: '{' '.join(command)}' failed in {cwd}")
    return done.stdout


def shown(word: str) -> str:
    return Path(word).name if word.startswith("/") else word


def say(text: str) -> None:
    print(f"\n{text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
