"""Locks that other package managers wrote for one small project, and the packages of that project.

Each file was made by the tool and version that it is named by, from a registry with just these
packages, then given placeholders for digests (``<sha512 a@1.0.0>``), so that it fits whatever bytes
the tests' registry packs.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from harness.registry import LocalRegistry
from harness.release import Release

LOCKS = Path(__file__).parent

MANIFEST: dict[str, Any] = {
    "dependencies": {
        "@scope/tool": "^1.0.0",
        "old-real": "npm:real@^1.0.0",
        "plugin": "^1.0.0",
        "host": "^1.0.0",
        "twice": "^2.0.0",
        "user": "^1.0.0",
        "wrapper": "^1.0.0",
    },
    "devDependencies": {"real": "^2.0.0"},
    "optionalDependencies": {"native": "^1.0.0"},
}
# What each owner got for a local name, in every lock. Newer versions of all are published later.
GOT = {
    "@scope/tool@1.0.0": {"@scope/lib": "@scope/lib@1.0.0"},
    "user@1.0.0": {"twice": "twice@1.0.0", "real": "real@1.0.0"},
    "wrapper@1.0.0": {"host": "host@2.0.0", "plugin": "plugin@1.0.0"},
    "native@1.0.0": {"native-linux": "native-linux@1.0.0", "native-other": "native-other@1.0.0"},
}
DIRECT = {
    "@scope/tool": "1.0.0",
    "host": "1.0.0",
    "native": "1.0.0",
    "old-real": "1.0.0",
    "plugin": "1.0.0",
    "real": "2.0.0",
    "twice": "2.0.0",
    "user": "1.0.0",
    "wrapper": "1.0.0",
}
VERSIONS = {
    *("@scope/tool@1.0.0", "@scope/lib@1.0.0", "host@1.0.0", "host@2.0.0", "plugin@1.0.0"),
    *("native@1.0.0", "native-linux@1.0.0", "native-other@1.0.0", "real@1.0.0", "real@2.0.0"),
    *("twice@1.0.0", "twice@2.0.0", "user@1.0.0", "wrapper@1.0.0"),
}

_DIGEST = re.compile(r"<(sha512|sha1|shasum) ([^>]+)>")


def publish(
    registry: LocalRegistry, minor: int, *, user_asks: str = "^1.0.0 || ^2.0.0"
) -> dict[str, Release]:
    """Every package with that minor version, by ``name@version``.

    When the locks were made, ``user`` asked for ``^1.0.0``. By default it now takes what the
    project has as well, so only the lock knows which of the two it got.
    """
    one, two = f"1.{minor}.0", f"2.{minor}.0"
    releases = [
        registry.publish(f"@scope/lib@{one}"),
        registry.publish(f"@scope/tool@{one}", dependencies={"@scope/lib": "^1.0.0"}),
        *(
            registry.publish(f"{name}@{v}")
            for name in ("host", "real", "twice")
            for v in (one, two)
        ),
        registry.publish(f"plugin@{one}", peers={"host": "^1.0.0 || ^2.0.0"}),
        registry.publish(f"user@{one}", dependencies={"twice": user_asks, "real": "^1.0.0"}),
        registry.publish(f"wrapper@{one}", dependencies={"host": "^2.0.0", "plugin": "^1.0.0"}),
        registry.publish(f"native-linux@{one}", os=["linux"], cpu=["x64"]),
        registry.publish(f"native-other@{one}", os=["darwin"], cpu=["arm64"]),
        registry.publish(
            f"native@{one}", optional={"native-linux": "^1.0.0", "native-other": "^1.0.0"}
        ),
    ]
    return {f"{release.name}@{release.version}": release for release in releases}


def lock_text(path: Path, releases: dict[str, Release]) -> str:
    """A stored lock with the digests of these releases."""

    def digest(found: re.Match[str]) -> str:
        kind, spec = found.groups()
        dist = releases[spec].dist
        if kind == "sha512":
            return str(dist["integrity"])
        shasum = str(dist["shasum"])
        return (
            shasum
            if kind == "shasum"
            else f"sha1-{base64.b64encode(bytes.fromhex(shasum)).decode()}"
        )

    return _DIGEST.sub(digest, path.read_text(encoding="utf-8"))
