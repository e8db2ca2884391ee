"""Which modules graft loads, and which it may load on its short roads."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

_MAIN = "from graft.__main__ import main; raise SystemExit(main())"


def loaded(python: str, *, cwd: Path, env: Mapping[str, str]) -> frozenset[str]:
    """The modules that ``graft install`` loads there, beside those that the interpreter has anyway:
    graft's by their whole names, and other public ones by their first part, because what lies
    within them differs between versions of Python."""
    found = _imported(python, _MAIN, cwd=cwd, env=env) - _imported(python, "", cwd=cwd, env=env)
    return frozenset(
        name if name.startswith("graft") else name.partition(".")[0]
        for name in found
        if not name.startswith("_")
    )


def _imported(python: str, code: str, *, cwd: Path, env: Mapping[str, str]) -> set[str]:
    command = [python, "-I", "-X", "importtime", "-c", code, "install"]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


# A folder without ``node_modules`` whose graph the store knows.
_SECOND_FOLDER = """
    graft graft.__main__ graft.base graft.base._native graft.base.files
    graft.base.inventories graft.base.lines graft.base.native
    graft.base.locks graft.base.machine graft.base.mounts graft.base.records graft.base.renames
    graft.cli
    graft.cli.shortest graft.cli.words graft.link graft.link.commit graft.link.importers
    graft.link.stamp graft.link.state graft.project graft.project.defaults graft.store
    graft.store.complete graft.store.graphs graft.store.hold graft.store.paths graft.store.projects
    graft.store.sharing graft.workflows graft.workflows.relink graft.project.roots errno fcntl
    hashlib
"""

# What more that takes in a workspace.
_OF_WORKSPACES = """
    graft.workflows.relink_workspace graft.project.said graft.project.subfolders graft.link.own_bins
    stat
"""

# The full check of a project in which nothing changed: what runs where the launcher is not sure.
_FULL_CHECK = """
    graft.base.clones graft.base.diagnostics graft.base.http graft.base.light_json
    graft.base.pool graft.base.processes graft.base.progress graft.base.retry
    graft.base.trees graft.cli.add graft.cli.commands graft.cli.console graft.cli.main
    graft.cli.parser graft.cli.report graft.cli.session graft.link.links graft.link.layouts
    graft.lockfile graft.lockfile.check graft.lockfile.format graft.model graft.model.bins
    graft.model.graph graft.model.integrity graft.model.manifest graft.model.names
    graft.model.origins
    graft.model.platform graft.model.requirement graft.project.build_settings
    graft.project.credentials
    graft.project.default_registry graft.project.garbage_settings graft.project.http_settings
    graft.project.ini
    graft.project.choices
    graft.project.manifest graft.project.manifests
    graft.project.npmrc graft.project.omit graft.project.overrides
    graft.project.peer_settings graft.project.registries graft.project.settings
    graft.project.values graft.resolve
    graft.resolve.prune graft.sources graft.sources.resolutions graft.store.admission
    graft.store.archive_names graft.store.check graft.store.keys
    graft.store.objects graft.store.slots
    graft.store.trash graft.versions graft.versions.comparators
    graft.versions.desugar graft.versions.grammar graft.versions.intervals graft.versions.npm
    graft.versions.partial graft.versions.ranges graft.versions.specifier graft.versions.version
    graft.workflows.answer graft.workflows.change graft.workflows.fill graft.workflows.host
    graft.workflows.inputs graft.workflows.install graft.workflows.install_notes
    graft.workflows.project graft.workflows.report
    graft.model.links graft.project.checkout graft.project.pnpm_settings
    argparse binascii bisect collections contextlib copyreg encodings enum
    functools gettext heapq importlib itertools json keyword locale operator queue re
    reprlib threading types typing unicodedata warnings
"""

SECOND_FOLDER = frozenset(_SECOND_FOLDER.split())
OF_WORKSPACES = frozenset(_OF_WORKSPACES.split())
NO_OP = SECOND_FOLDER | frozenset(_FULL_CHECK.split())
