"""The tools under test: how each is called, configured and told apart from its neighbours."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PINNED = Path(__file__).with_name("tools") / "package.json"
_PASSED_ON = (
    "PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    *(
        name
        for word in ("http", "https", "no")
        for name in (f"{word}_proxy", f"{word.upper()}_PROXY")
    ),
)


class UnusableError(Exception):
    """A tool, or the registry, cannot be had; the message is for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """``setting`` says what differs from the tool's defaults. ``locks`` are all names that its lock
    may have; ``home`` holds files below the home folder, ``project`` beside package.json;
    ``no_scripts`` keeps scripts of packages from running, where they would."""

    key: str
    setting: str
    command: tuple[str, ...]
    version: str
    locks: tuple[str, ...]
    quiet: tuple[str, ...] = ()
    no_scripts: tuple[str, ...] = ("--ignore-scripts",)
    adds_by: str = "add"
    home: Mapping[str, str] = field(default_factory=dict)
    project: Mapping[str, str] = field(default_factory=dict)

    def install(self, *flags: str) -> tuple[str, ...]:
        return (*self.command, "install", *self.no_scripts, *self.quiet, *flags)

    def add(self, package: str) -> tuple[str, ...]:
        return (*self.command, self.adds_by, package, *self.no_scripts, *self.quiet)


def environment(home: Path) -> dict[str, str]:
    """What every tool gets: a home of its own, and of ours no more than the way to the network."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {"HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1", "DO_NOT_TRACK": "1"}


def find_registry() -> str:
    """The one that npm is configured for: to be used, and not to be shown."""
    registry = _npm_setting(_on_path("npm"), "registry")
    if not registry.startswith(("http://", "https://")):
        raise UnusableError("npm names no registry: see 'npm config get registry'")
    return registry


def find_tools(
    graft: str,
    registry: str,
    work: Path,
    overrides: Mapping[str, str],
    say: Callable[[str], None],
) -> list[Tool]:
    """graft and its peers, which are installed below ``work`` if they are not there yet."""
    npm = _on_path("npm")
    peers = _install_peers(npm, work, say)
    npmrc = _npmrc(npm, registry)
    pnpm = _only(peers, "node_modules/@pnpm/exe.*/pnpm")
    bun = _only(peers, "node_modules/@oven/bun-*/bin/bun")
    # pnpm reads overrides from here alone; all tools shall have the same graph to install.
    workspace = {"pnpm-workspace.yaml": json.dumps({"overrides": dict(overrides)}) + "\n"}
    # Since 11, pnpm looks at every version's age by default. None of the others does.
    no_age = {"minimumReleaseAge": 0, "updateNotifier": False}
    shared = {".npmrc": npmrc}

    def pnpm_tool(key: str, setting: str, settings: Mapping[str, object]) -> Tool:
        return Tool(
            key=key,
            setting=setting,
            command=(pnpm,),
            version=_version(pnpm),
            locks=("pnpm-lock.yaml",),
            quiet=("--reporter=append-only",),
            home=shared | {".config/pnpm/config.yaml": json.dumps(settings) + "\n"},
            project=workspace,
        )

    def bun_tool(key: str, setting: str, bunfig: str) -> Tool:
        return Tool(
            key=key,
            setting=setting,
            command=(bun,),
            version=_version(bun),
            locks=("bun.lock", "bun.lockb"),
            quiet=("--no-progress", "--no-summary"),
            home=shared | {".bunfig.toml": bunfig},
        )

    return [
        Tool(
            key="npm",
            setting="defaults",
            command=(npm,),
            version=_version(npm),
            locks=("package-lock.json", "npm-shrinkwrap.json"),
            quiet=("--no-audit", "--no-fund", "--no-progress"),
            adds_by="install",
            home=shared,
        ),
        pnpm_tool("pnpm", "minimumReleaseAge 0", no_age),
        pnpm_tool(
            "pnpm-global",
            "the same, and enableGlobalVirtualStore",
            no_age | {"enableGlobalVirtualStore": True},
        ),
        bun_tool("bun", "defaults", "telemetry = false\n"),
        bun_tool(
            "bun-global",
            'linker = "isolated", globalStore = true',
            'telemetry = false\n[install]\nlinker = "isolated"\nglobalStore = true\n',
        ),
        Tool(
            key="graft",
            setting="defaults",
            command=(graft,),
            version=_version(graft),
            locks=("graft-lock.json",),
            no_scripts=(),
            home=shared,
        ),
    ]


def default_graft() -> str:
    beside = Path(sys.executable).with_name("graft")
    return str(beside) if beside.exists() else _on_path("graft")


def registry_words(npmrc: str) -> list[str]:
    """What must not be shown of the registry: its URL, and the host in it."""
    words = []
    for line in npmrc.splitlines():
        key, _, value = line.partition("=")
        if key == "registry":
            words += [value, value.partition("//")[2].partition("/")[0]]
    return [word for word in words if word]


def _npmrc(npm: str, registry: str) -> str:
    """The registry, and the authorities that npm is configured for; no credentials."""
    lines = [f"registry={registry}"]
    authority = _npm_setting(npm, "cafile")
    if authority not in ("", "null", "undefined"):
        lines.append(f"cafile={authority}")
    lines += ["audit=false", "fund=false", "update-notifier=false", "ignore-scripts=true"]
    return "\n".join(lines) + "\n"


def _npm_setting(npm: str, name: str) -> str:
    # In the home folder: the project that we stand in has no say.
    return _output([npm, "config", "get", name], cwd=Path.home())


def _install_peers(npm: str, work: Path, say: Callable[[str], None]) -> Path:
    """A folder with the pinned versions, below ``work``; made once for each set of versions."""
    pinned = PINNED.read_bytes()
    folder = work / f"tools-{hashlib.sha256(pinned).hexdigest()[:12]}"
    ready = folder / ".ready"
    if ready.exists():
        return folder
    versions = json.loads(pinned)["dependencies"]
    names = " and ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    say(f"installing {names} with npm into the work folder, once")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_bytes(pinned)
    # Without scripts: they only put the platform's program in another place.
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
    done = subprocess.run([npm, "install", *flags], cwd=folder, timeout=600, check=False)
    if done.returncode != 0:
        raise UnusableError("npm could not install the peers; its words are above")
    ready.touch()
    return folder


def _only(folder: Path, pattern: str) -> str:
    for path in sorted(folder.glob(pattern)):
        return str(path)
    raise UnusableError(f"no {pattern.rpartition('/')[2]} for this platform among the peers")


def _on_path(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise UnusableError(f"there is no {name} on PATH")
    return found


def _version(program: str) -> str:
    return _output([program, "--version"]).split()[-1]


def _output(command: Sequence[str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise UnusableError(f"{Path(command[0]).name} {' '.join(command[1:])} failed")
    return done.stdout.strip()
