"""The repositories whose worktrees are timed: one package, or a workspace with the same packages.

The workspace deals the direct dependencies of a fixture out to twelve members, each of which asks
for the two members before it as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MEMBERS = 12
PATTERN = "packages/*"
_KINDS = ("dependencies", "devDependencies")


def single(fixture: bytes) -> dict[str, bytes]:
    """Files by their paths in the repository."""
    return {"package.json": fixture, ".gitignore": b"node_modules\n"}


def workspace(fixture: bytes) -> dict[str, bytes]:
    """The same packages, asked for by members."""
    said: Mapping[str, Any] = json.loads(fixture)
    members = [_member(number) for number in range(MEMBERS)]
    asked = [(kind, name, said[kind][name]) for kind in _KINDS for name in said.get(kind, {})]
    for at, (kind, name, line) in enumerate(asked):
        members[at % MEMBERS].setdefault(kind, {})[name] = line
    root = {key: value for key, value in said.items() if key not in _KINDS}
    files = single(_text(root | {"workspaces": [PATTERN]}))
    for member in members:
        name = member["name"].rpartition("/")[2]
        files[f"packages/{name}/package.json"] = _text(member)
        files[f"packages/{name}/index.js"] = f"module.exports = '{name}'\n".encode()
    return files


def _member(number: int) -> dict[str, Any]:
    before = range(max(0, number - 2), number)
    return {
        "name": f"@bench/m{number:02}",
        "version": "1.0.0",
        "private": True,
        "main": "index.js",
        "dependencies": {f"@bench/m{other:02}": "workspace:*" for other in before},
    }


def _text(value: object) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
