"""The tools under test: how each is called, configured and told apart from its neighbours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

GRAFT_STORE = ".local/share/graft/store/v1"  # below a home
_LOOPBACK = "127.0.0.1"
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
    ``no_scripts`` keeps scripts of packages from running, where they would; ``ready_made`` are
    patterns below the home: packages that can be linked as they are, made from what was
    downloaded."""

    key: str
    setting: str
    command: tuple[str, ...]
    version: str
    locks: tuple[str, ...]
    quiet: tuple[str, ...] = ()
    no_scripts: tuple[str, ...] = ("--ignore-scripts",)
    adds_by: str = "add"
    ready_made: tuple[str, ...] = ()
    home: Mapping[str, str] = field(default_factory=dict)
    project: Mapping[str, str] = field(default_factory=dict)

    def install(self, *flags: str) -> tuple[str, ...]:
        return (*self.command, "install", *self.no_scripts, *self.quiet, *flags)

    def add(self, package: str) -> tuple[str, ...]:
        return (*self.command, self.adds_by, package, *self.no_scripts, *self.quiet)


def environment(home: Path) -> dict[str, str]:
    """What every tool gets: a home of its own, and of ours no more than the way to the network."""
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    for name in ("no_proxy", "NO_PROXY"):  # registries that count are on the loopback
        passed_on[name] = ",".join(filter(None, (passed_on.get(name), _LOOPBACK)))
    return passed_on | {"HOME": str(home), "LANG": "C.UTF-8", "NO_COLOR": "1", "DO_NOT_TRACK": "1"}


def graft_tool(program: str, home: Mapping[str, str]) -> Tool:
    return Tool(
        key="graft",
        setting="defaults",
        command=(program,),
        version=version_of(program),
        locks=("graft-lock.json",),
        no_scripts=(),
        ready_made=(f"{GRAFT_STORE}/slots", f"{GRAFT_STORE}/graphs"),
        home=home,
    )


def default_graft() -> str:
    beside = Path(sys.executable).with_name("graft")
    return str(beside) if beside.exists() else on_path("graft")


def through(tool: Tool, registry: str, mirror: str) -> Tool:
    """The same tool, configured for a registry that stands before its own."""
    home = {name: text.replace(registry, mirror) for name, text in tool.home.items()}
    return replace(tool, home=home)


def registry_words(npmrc: str) -> list[str]:
    """What must not be shown of the registry: its URL, and the host in it."""
    words = []
    for line in npmrc.splitlines():
        key, _, value = line.partition("=")
        if key == "registry":
            words += [value, value.partition("//")[2].partition("/")[0]]
    return [word for word in words if word]


def on_path(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise UnusableError(f"there is no {name} on PATH")
    return found


def version_of(program: str) -> str:
    return output_of([program, "--version"]).split()[-1]


def output_of(command: Sequence[str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise UnusableError(f"{Path(command[0]).name} {' '.join(command[1:])} failed")
    return done.stdout.strip()
