"""graft and its peers on this machine, and what npm is configured for here.

The pinned versions of pnpm and bun are installed with npm, once.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from install_tools import Tool, UnusableError, graft_tool, on_path, output_of, version_of

PINNED = Path(__file__).with_name("tools") / "package.json"
_NOTHING = ("", "null", "undefined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What npm is configured for: to be used, and not to be shown. ``authorities`` is the file of
    certificates that it trusts, or empty."""

    url: str
    authorities: str

    @property
    def npmrc(self) -> str:
        """No credentials, and nothing that only npm would spend time on."""
        lines = [f"registry={self.url}"]
        if self.authorities:
            lines.append(f"cafile={self.authorities}")
        lines += ["audit=false", "fund=false", "update-notifier=false", "ignore-scripts=true"]
        return "\n".join(lines) + "\n"


def find_registry() -> Registry:
    npm = on_path("npm")
    url, authorities = _npm_setting(npm, "registry"), _npm_setting(npm, "cafile")
    if not url.startswith(("http://", "https://")):
        raise UnusableError("npm names no registry: see 'npm config get registry'")
    return Registry(url=url, authorities="" if authorities in _NOTHING else authorities)


def find_tools(
    graft: str,
    registry: Registry,
    work: Path,
    overrides: Mapping[str, str],
    say: Callable[[str], None],
) -> list[Tool]:
    """graft and its peers, which are installed below ``work`` if they are not there yet."""
    npm = on_path("npm")
    peers = _install_peers(npm, work, say)
    pnpm = _only(peers, "node_modules/@pnpm/exe.*/pnpm")
    bun = _only(peers, "node_modules/@oven/bun-*/bin/bun")
    # pnpm reads overrides from here alone; all tools shall have the same graph to install.
    workspace = {"pnpm-workspace.yaml": json.dumps({"overrides": dict(overrides)}) + "\n"}
    # Since 11, pnpm looks at every version's age by default. None of the others does.
    no_age = {"minimumReleaseAge": 0, "updateNotifier": False}
    shared = {".npmrc": registry.npmrc}

    def pnpm_tool(key: str, setting: str, settings: Mapping[str, object], *ready_made: str) -> Tool:
        return Tool(
            key=key,
            setting=setting,
            command=(pnpm,),
            version=version_of(pnpm),
            locks=("pnpm-lock.yaml",),
            quiet=("--reporter=append-only",),
            ready_made=ready_made,
            home=shared | {".config/pnpm/config.yaml": json.dumps(settings) + "\n"},
            project=workspace,
        )

    def bun_tool(key: str, setting: str, bunfig: str, *ready_made: str) -> Tool:
        return Tool(
            key=key,
            setting=setting,
            command=(bun,),
            version=version_of(bun),
            locks=("bun.lock", "bun.lockb"),
            quiet=("--no-progress", "--no-summary"),
            ready_made=ready_made,
            home=shared | {".bunfig.toml": bunfig},
        )

    return [
        Tool(
            key="npm",
            setting="defaults",
            command=(npm,),
            version=version_of(npm),
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
            ".local/share/pnpm/store/v*/links",
        ),
        bun_tool("bun", "defaults", "telemetry = false\n"),
        bun_tool(
            "bun-global",
            'linker = "isolated", globalStore = true',
            'telemetry = false\n[install]\nlinker = "isolated"\nglobalStore = true\n',
            ".bun/install/cache/links",
        ),
        graft_tool(graft, shared),
    ]


def _npm_setting(npm: str, name: str) -> str:
    # In the home folder: the project that we stand in has no say.
    return output_of([npm, "config", "get", name], cwd=Path.home())


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
