"""The node that scripts of packages run on, and the npm beside it, which ships node-gyp."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress

from graft.base.files import read_file, write_atomic
from graft.base.lines import read_lines, write_lines
from graft.base.processes import run
from graft.base.programs import find_program
from graft.base.records import Record

_FIRST_LINE = "graft-node 1"
_ASK = "[process.execPath, process.versions.node, process.versions.modules].join('\\n')"
_TIMEOUT = 20.0
_NPM_MODULES = ("lib", "node_modules", "npm")


class Node(Record):
    """``program`` is node's own file, ``abi`` what compiled addons are made for. All empty where
    there is no node."""

    program: str = ""
    version: str = ""
    abi: str = ""

    @property
    def prefix(self) -> str:
        """Where node is installed, if headers for addons lie there; else empty."""
        prefix = os.path.dirname(os.path.dirname(self.program))
        there = os.path.isfile(os.path.join(prefix, "include", "node", "node.h"))
        return prefix if self.program and there else ""


def find_node(environ: Mapping[str, str], folder: str, cache_root: str) -> Node:
    """The first on the path. It is asked what it is once; then its file's looks have to do, unless
    it is a version manager's, which may be another node in another ``folder``."""
    found = find_program("node", environ.get("PATH", os.defpath))
    if not found:
        return Node()
    seen = os.stat(found)
    looks = f"{found}\0{seen.st_dev}:{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}"
    digest = hashlib.sha256(os.fsencode(looks)).hexdigest()[:32]
    record = os.path.join(cache_root, "node", digest)
    pairs = dict(read_lines(read_file(record), _FIRST_LINE) or ())
    if pairs.keys() == {"program", "version", "abi"}:
        return Node(program=pairs["program"], version=pairs["version"], abi=pairs["abi"])
    done = run([found, "-p", _ASK], cwd=folder, environ=environ, timeout=_TIMEOUT)
    said = done.stdout.split("\n")
    if done.status != 0 or len(said) < 3 or not said[0].startswith("/"):
        return Node()
    node = Node(program=os.path.realpath(said[0]), version=said[1], abi=said[2])
    if node.program == os.path.realpath(found):
        facts = [("program", node.program), ("version", node.version), ("abi", node.abi)]
        with suppress(OSError):  # a cache that cannot be written stays as it is
            os.makedirs(os.path.dirname(record), exist_ok=True)
            write_atomic(record, write_lines(_FIRST_LINE, facts))
    return node


def find_npm(environ: Mapping[str, str], node: Node) -> str:
    """The folder of the npm on the path, or of the one that came with node; empty if there is none
    that has node-gyp in it."""
    command = find_program("npm", environ.get("PATH", os.defpath))
    beside = os.path.dirname(os.path.dirname(node.program))
    for folder in (
        os.path.dirname(os.path.dirname(os.path.realpath(command))) if command else "",
        os.path.join(beside, *_NPM_MODULES) if node.program else "",
    ):
        if folder and os.path.isfile(gyp_script(folder)):
            return folder
    return ""


def npm_script(npm: str) -> str:
    return os.path.join(npm, "bin", "npm-cli.js")


def gyp_script(npm: str) -> str:
    return os.path.join(npm, "node_modules", "node-gyp", "bin", "node-gyp.js")


def gyp_commands(npm: str) -> str:
    """The folder to put on a path for ``node-gyp`` to be found."""
    run_script = os.path.join(npm, "node_modules", "@npmcli", "run-script")
    return os.path.join(run_script, "lib", "node-gyp-bin")
