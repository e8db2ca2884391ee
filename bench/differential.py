"""Compare what graft chooses with what npm and pnpm choose: the same manifests, registry and day.

For each popular package, and for each fixture, every tool writes a lock from nothing. The packages
that only one of two locks has are listed, each with the reason that the registry's own words prove
(differential_reasons). Exit 1 if a difference has no such reason, or a tool fails.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import ssl
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from differential_locks import Choices, read_choices
from differential_reasons import Difference, Reason, differences
from documents import publish, table
from install_peers import Registry, find_registry, find_tools
from install_tools import Tool, UnusableError, default_graft, environment, on_path, output_of

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "differential.md"
PEERS = ("npm", "pnpm")
POPULAR = (
    *("express", "react-dom", "axios", "lodash", "chalk", "commander", "debug", "typescript"),
    *("webpack", "vite", "rollup", "esbuild", "eslint", "prettier", "jest", "vitest", "mocha"),
    *("next", "nuxt", "vue", "svelte", "@angular/core", "@babel/core", "@babel/preset-env"),
    *("@nestjs/core", "fastify", "socket.io", "@apollo/client", "graphql", "mongoose", "prisma"),
    *("tailwindcss", "postcss", "@mui/material", "@reduxjs/toolkit", "storybook", "puppeteer"),
)
_LOCK_ONLY = {"npm": "--package-lock-only", "pnpm": "--lockfile-only", "graft": "--lockfile-only"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """``packages`` counts what each tool chose; ``failed`` holds the last words of a tool."""

    name: str
    packages: Mapping[str, int]
    found: Mapping[str, Sequence[Difference]]
    failed: Mapping[str, str]

    @property
    def unexplained(self) -> list[Difference]:
        return [d for found in self.found.values() for d in found if d.reason is Reason.UNKNOWN]


def main(arguments: list[str]) -> int:
    said = _parser().parse_args(arguments)
    registry = find_registry()
    work = Path(said.work).resolve()
    tools = {
        tool.key: tool
        for tool in find_tools(said.graft or default_graft(), registry, work, {}, _say)
        if tool.key in _LOCK_ONLY
    }
    document = _documents(registry)
    node = output_of([on_path("node"), "--version"]).removeprefix("v")
    results = []
    for name, manifest in _cases(said.only, document):
        result = _compare(
            name, manifest, tools, work / "differential", document, node, said.timeout
        )
        _say(_line(result))
        for difference in result.unexplained if not said.verbose else _all(result):
            _say(f"    {_words(difference)}")
        results.append(result)
    if said.json:
        Path(said.json).write_text(json.dumps(_data(results), indent=1) + "\n", encoding="utf-8")
    if said.markdown:
        section = _section(results, tools, node)
        publish(PAGE, "differential", section, writer="bench/differential.py")
    return 1 if any(result.unexplained or result.failed for result in results) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--only", action="append", metavar="NAME", help="a package or a fixture; again for more")
    add("--work", default=str(Path.home() / ".cache" / "graft-bench"), metavar="DIR")
    add("--graft", metavar="FILE", help="the graft to compare (default: the one beside python)")
    add("--timeout", type=float, default=900.0, metavar="S", help="for one command")
    add("--verbose", action="store_true", help="show every difference, not the unexplained alone")
    add("--json", metavar="FILE")
    add("--markdown", action="store_true", help=f"write the tables into {PAGE.name}")
    return parser


def _cases(
    only: Sequence[str] | None, document: Callable[[str], Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Names and manifests. A popular package stands alone, in the range that an add would save."""
    files = sorted((HERE / "fixtures").glob("*.json"))
    files += sorted((HERE / "ecosystems").glob("*/package.json"))
    cases: list[tuple[str, dict[str, Any]]] = []
    for name in POPULAR:
        if not only or name in only:
            latest = document(name)["dist-tags"]["latest"]
            cases.append((name, {"dependencies": {name: f"^{latest}"}}))
    for file in files:
        name = file.stem if file.stem != "package" else f"ecosystems/{file.parent.name}"
        if not only or name in only:
            manifest = json.loads(file.read_bytes())
            if (HERE / "ecosystems") not in file.parents or _is_plain(manifest):
                cases.append((name, manifest))
    return cases


def _is_plain(manifest: Mapping[str, Any]) -> bool:
    """Whether a manifest can stand without the folder that it is in."""
    asked = {**manifest.get("dependencies", {}), **manifest.get("devDependencies", {})}
    kinds = ("file:", "link:", "workspace:", "catalog:")
    return "workspaces" not in manifest and not any(t.startswith(kinds) for t in asked.values())


def _compare(
    name: str,
    manifest: Mapping[str, Any],
    tools: Mapping[str, Tool],
    work: Path,
    document: Callable[[str], Any],
    node: str,
    timeout: float,
) -> Result:
    choices: dict[str, Choices] = {}
    failed = {}
    for key, tool in tools.items():
        outcome = _lock(tool, manifest, work / key, timeout)
        if isinstance(outcome, str):
            failed[key] = outcome
        else:
            choices[key] = outcome
    found = {
        peer: differences(
            choices["graft"],
            choices[peer],
            names=("graft", peer),
            manifest=manifest,
            document=document,
            node=node,
        )
        for peer in PEERS
        if "graft" in choices and peer in choices
    }
    packages = {key: len(chosen.specs) for key, chosen in choices.items()}
    return Result(name=name, packages=packages, found=found, failed=failed)


def _lock(tool: Tool, manifest: Mapping[str, Any], folder: Path, timeout: float) -> Choices | str:
    """What the tool chooses, from an empty project; its last words if it fails. Its cache stays
    from case to case: it is of the same day."""
    home, project = folder / "home", folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    project.mkdir(parents=True)
    for place, files in ((home, tool.home), (project, tool.project)):
        for name, text in files.items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
    (project / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
    overrides = manifest.get("overrides")
    if overrides and tool.project:
        words = json.dumps({"overrides": overrides})
        (project / "pnpm-workspace.yaml").write_text(words, encoding="utf-8")
    try:
        done = subprocess.run(
            tool.install(_LOCK_ONLY[tool.key]),
            cwd=project,
            env=environment(home),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {timeout:g} seconds"
    locks = [project / lock for lock in tool.locks if (project / lock).exists()]
    if done.returncode or not locks:
        return " ".join((done.stderr or done.stdout).split()[-60:]) or "it wrote no lock"
    return read_choices(locks[0])


def _documents(registry: Registry) -> Callable[[str], Any]:
    trusted = ssl.create_default_context(cafile=registry.authorities or None)

    @cache
    def document(name: str) -> Any:
        url = registry.url.rstrip("/") + "/" + name.replace("/", "%2f")
        with urllib.request.urlopen(url, timeout=60, context=trusted) as answer:
            return json.load(answer)

    return document


def _all(result: Result) -> list[Difference]:
    return [difference for found in result.found.values() for difference in found]


def _line(result: Result) -> str:
    parts = [f"{result.name}:", *(f"{key} {n}" for key, n in sorted(result.packages.items()))]
    for peer, found in result.found.items():
        unknown = sum(d.reason is Reason.UNKNOWN for d in found)
        parts.append(f"| {peer}: {len(found)} differ, {unknown} unexplained")
    parts += [f"| {key} failed: {words}" for key, words in result.failed.items()]
    return " ".join(parts)


def _words(difference: Difference) -> str:
    spec = "@".join(difference.spec)
    return (
        f"{difference.tool} alone has {spec}: {difference.reason} "
        f"({difference.asks}; the other gives it {difference.other or 'the same'})"
    )


def _data(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [
        {
            "name": result.name,
            "packages": dict(result.packages),
            "failed": dict(result.failed),
            "differences": [
                {
                    "with": peer,
                    "only_in": d.tool,
                    "package": "@".join(d.spec),
                    "reason": d.reason.name.lower(),
                    "asks": d.asks,
                    "other": d.other,
                }
                for peer, found in result.found.items()
                for d in found
            ],
        }
        for result in results
    ]


def _section(results: Sequence[Result], tools: Mapping[str, Tool], node: str) -> str:
    versions = ", ".join(f"{key} {tool.version}" for key, tool in sorted(tools.items()))
    lines = [
        f"{datetime.date.today()}, {versions}, node {node}. A count is of packages that only one "
        "of the two locks has: of graft's, and of the other's.",
        "",
    ]
    rows = []
    for result in results:
        row = [result.name, str(result.packages.get("graft", "failed"))]
        for peer in PEERS:
            found = result.found.get(peer)
            if found is None:
                row.append("failed")
                continue
            ours = sum(d.tool == "graft" for d in found)
            row.append(f"{ours} / {len(found) - ours}" if found else "same")
        row.append(", ".join(sorted({d.reason.name.lower() for d in _all(result)})))
        rows.append(row)
    lines += table(["what", "packages", *(f"beside {peer}" for peer in PEERS), "reasons"], rows)
    for peer in PEERS:
        counts = Counter(d.reason for r in results for d in r.found.get(peer, ()))
        listed = [[reason.name.lower(), str(reason), str(n)] for reason, n in counts.most_common()]
        lines += [f"Reasons beside {peer}:", "", *table(["reason", "meaning", "packages"], listed)]
    return "\n".join(lines)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UnusableError as error:
        sys.exit(f"differential: {error}")
