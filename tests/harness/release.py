"""One published version: what a test says of it in a line, made into a package."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from harness.archive import Content, pack_files

Ranges = Mapping[str, str]


class Facts(TypedDict, total=False):
    """What ``publish`` takes. Fields of package.json keep their shape; the others are:

    - ``files``: files of the archive, over the ones that every package gets (``package.json``, an
      ``index.js``, and a script for each bin). A ``package.json`` here is in the archive only.
    - ``archive``: the bytes to serve in place of the archive that would be built.
    - ``integrity``: ``sha512`` (with the old ``shasum`` beside it, as npm has it), ``sha1`` (the
      ``shasum`` only), ``none``, or an integrity string to publish whatever the bytes are.
    - ``unpacked``: what the registry says that the files come to; by default nothing.
    - ``published``: the time in the full packument; by default a minute after the last one.
    - ``extra``: any other fields of package.json.
    """

    dependencies: Ranges
    optional: Ranges
    peers: Ranges
    peers_meta: Mapping[str, Mapping[str, bool]]
    optional_peers: Sequence[str]
    dev: Ranges
    bin: str | Mapping[str, str]
    os: Sequence[str]
    cpu: Sequence[str]
    libc: Sequence[str]
    engines: Ranges
    scripts: Mapping[str, str]
    bundled: Sequence[str] | bool
    deprecated: str
    files: Mapping[str, Content]
    archive: bytes
    integrity: str
    unpacked: int
    published: str
    extra: Mapping[str, Any]


# Fields of package.json by the shorter name that tests give them.
_FIELDS = {
    "dependencies": "dependencies",
    "optional": "optionalDependencies",
    "peers": "peerDependencies",
    "peers_meta": "peerDependenciesMeta",
    "dev": "devDependencies",
    "bin": "bin",
    "os": "os",
    "cpu": "cpu",
    "libc": "libc",
    "engines": "engines",
    "scripts": "scripts",
    "bundled": "bundleDependencies",
}

# `require("a").requires("b").version` says which b this a got.
_INDEX = """\
exports.name = {name};
exports.version = {version};
exports.filename = __filename;
exports.requires = (name) => require(name);
"""
_BIN = """\
#!/usr/bin/env node
console.log([{spec}, ...process.argv.slice(2)].join(" "));
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version as the registry keeps it. ``dist`` lacks only the tarball's URL."""

    name: str
    version: str
    manifest: dict[str, Any]
    archive: bytes
    dist: dict[str, Any]
    deprecated: str
    published: str
    takes_latest: bool


def build(spec: str, facts: Facts, *, published: str, takes_latest: bool) -> Release:
    name, at, version = spec.rpartition("@")
    if not (name and at and version):
        raise ValueError(f"{spec!r} is not name@version")
    manifest = _manifest(name, version, facts)
    archive = facts.get("archive")
    if archive is None:
        archive = pack_files(_files(manifest, facts))
    return Release(
        name=name,
        version=version,
        manifest=manifest,
        archive=archive,
        dist=_dist(archive, facts.get("integrity", "sha512"))
        | ({"unpackedSize": facts["unpacked"]} if "unpacked" in facts else {}),
        deprecated=facts.get("deprecated", ""),
        published=facts.get("published", published),
        takes_latest=takes_latest,
    )


def _manifest(name: str, version: str, facts: Facts) -> dict[str, Any]:
    manifest: dict[str, Any] = {"name": name, "version": version, "license": "MIT"}
    manifest |= {field: facts[key] for key, field in _FIELDS.items() if key in facts}  # type: ignore[literal-required]
    if optional := facts.get("optional_peers"):
        meta = {peer: {"optional": True} for peer in optional}
        manifest["peerDependenciesMeta"] = meta | dict(facts.get("peers_meta", {}))
    return manifest | dict(facts.get("extra", {}))


def _files(manifest: dict[str, Any], facts: Facts) -> dict[str, Content]:
    name, version = json.dumps(manifest["name"]), json.dumps(manifest["version"])
    files: dict[str, Content] = {
        "package.json": json.dumps(manifest, indent=2) + "\n",
        "index.js": _INDEX.format(name=name, version=version),
    }
    bins = facts.get("bin", {})
    for path in [bins] if isinstance(bins, str) else bins.values():
        spec = json.dumps(f"{manifest['name']}@{manifest['version']}")
        files[path.removeprefix("./")] = (_BIN.format(spec=spec), 0o755)
    return files | dict(facts.get("files", {}))


def _dist(archive: bytes, integrity: str) -> dict[str, Any]:
    shasum = {"shasum": hashlib.sha1(archive).hexdigest()}
    match integrity:
        case "sha512":
            digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
            return {"integrity": f"sha512-{digest}", **shasum}
        case "sha1":
            return shasum
        case "none":
            return {}
        case _:
            return {"integrity": integrity}
