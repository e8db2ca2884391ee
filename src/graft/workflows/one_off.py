"""``x``: a tool of a package that the project may not have.

What is not installed here goes into a folder of graft's cache, which is a project like any other:
a ``package.json`` that asks for the tool, a lock, and links into the store. The folder is used
again for a day; then registries are asked anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence

from graft import __version__
from graft.base.diagnostics import GraftError
from graft.base.files import read_file, write_atomic
from graft.base.locks import FileLock
from graft.base.machine import machine
from graft.base.records import Record, replace
from graft.link.importers import ROOT
from graft.model.graph import Graph
from graft.project.choices import Choice
from graft.project.defaults import is_setting, setting_texts, texts_digest
from graft.project.manifest import MANIFEST_NAME
from graft.scripts.environment import bin_folders
from graft.scripts.package import sound_package
from graft.store.paths import open_store
from graft.versions.specifier import parse_specifier
from graft.workflows.install import install
from graft.workflows.jobs import Place
from graft.workflows.lease import lease_modules
from graft.workflows.project import Context, at_work
from graft.workflows.report import InstallOptions, InstallReport
from graft.workflows.wishes import Wish

# The folder of the cache that these folders lie in.
TOOLS = "x"
_DAY_SECONDS = 24 * 60 * 60
# The time of this file is when registries were last asked.
_ASKED = ".asked"


class Fetched(Record):
    """``bins`` is the folder of commands, ``report`` None where nothing had to be done."""

    graph: Graph
    bins: str
    report: InstallReport | None


def installed_command(place: Place, wish: Wish) -> str:
    """The command that the project, or one of the folders above it, has for ``wish``; empty if none
    has, or if a version was asked for."""
    if wish.specifier:
        return ""
    for bins in bin_folders(place.folder):
        if "/" not in wish.local and os.path.isfile(os.path.join(bins, wish.local)):
            return wish.local
        package = sound_package(os.path.join(os.path.dirname(bins), wish.local))
        command = _choose(package.bins, wish.local)
        if command and os.path.isfile(os.path.join(bins, command)):
            return command
    return ""


def fetch_tools(
    context: Context, place: Place, wishes: Sequence[Wish], *, registry: str, now: float
) -> Fetched:
    """Bring these tools' folder to what was wished for. ``context`` and ``place`` are those of the
    project that they are wanted in, ``registry`` is what a flag says, ``now`` is in seconds since
    the epoch. Raises as ``install`` does."""
    wishes = [_with_name(wish, place.folder) for wish in wishes]
    settings = _deciding_settings(place, registry)
    folder = _tools_folder(context.settings.cache_root, wishes, settings)
    context = replace(
        context,
        folder=folder,
        importer=ROOT,
        # How the project resolves is for what the project asks for.
        settings=replace(context.settings, resolution=Choice()),
        is_plain=False,
        settings_digest="",
    )
    asked = os.path.join(folder, _ASKED)
    # Not let go: the tool takes this process's place, and holds it until it ends.
    lock = open_store(context.settings.store_root).tools_lock(folder)
    FileLock(lock, exclusive=False, inherited=True).__enter__()
    graph = context.graph()
    report = None
    if graph is None or not _is_current(context, wishes, asked, now):
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, MANIFEST_NAME)
        tag = context.settings.tag
        document = {
            "private": True,
            "dependencies": {wish.local: wish.specifier or tag for wish in wishes},
        }
        raw = json.dumps(document, indent=2).encode() + b"\n"
        with at_work(context, fresh=frozenset(wish.package for wish in wishes)) as work:
            checkout = context.checkout({MANIFEST_NAME: raw} if read_file(path) != raw else {})
            report = install(work, checkout, InstallOptions(update=None))
        write_atomic(asked, b"")
        graph = context.graph()
        assert graph is not None
    lease_modules(place, folder)
    return Fetched(graph=graph, bins=os.path.join(folder, "node_modules", ".bin"), report=report)


def command_of(graph: Graph, wish: Wish) -> str:
    """What to run of a package: its only command, or the one of its name; else ``bin-unclear``."""
    edges = graph.importers[ROOT].edges
    # A source that was named without a name is the only tool there is.
    manifest = graph.nodes[edges[wish.local or min(edges)]].manifest
    bins = dict(manifest.bins)
    command = _choose(bins, manifest.name)
    if not command:
        raise GraftError(
            "bin-unclear",
            f"{manifest.id} has {'several commands' if bins else 'no command to run'}",
            why=[f"its commands are {', '.join(sorted(bins))}"] if bins else (),
            fix=f"run 'graft x -p {wish.local} <command>' with one of them" if bins else "",
        )
    return command


def _with_name(wish: Wish, folder: str) -> Wish:
    """What a source calls itself is not known before it is there, and its path is seen from where
    the user is."""
    if wish.local:
        return wish
    from graft.versions.source_text import written

    text = wish.specifier
    if parse_specifier("", text).foreign == "directory":
        text = f"file:{os.path.join(folder, written(text, root=folder).partition(':')[2])}"
    return Wish(f"tool-{hashlib.sha256(text.encode()).hexdigest()[:8]}", text)


def _tools_folder(cache_root: str, wishes: Sequence[Wish], settings: str) -> str:
    """Where these tools are kept. ``settings`` is the digest of those that have a say."""
    digest = hashlib.sha256(f"{__version__} {' '.join(machine())} {settings}\n".encode())
    for text in sorted(f"{wish.local}@{wish.specifier}" for wish in wishes):
        digest.update(text.encode() + b"\n")
    return os.path.join(cache_root, TOOLS, digest.hexdigest()[:32])


def _deciding_settings(place: Place, registry: str) -> str:
    """One digest for all that may say where packages come from."""
    said = {k: v for k, v in place.environ.items() if is_setting(k)}
    said["--registry"] = registry
    variables = [os.fsencode(f"{key}={value}") for key, value in sorted(said.items())]
    return texts_digest([*setting_texts(place.folder, place.environ, place.home), *variables])


def _choose(bins: Mapping[str, str], package: str) -> str:
    """npx's rule."""
    bare = package.rpartition("/")[2]
    if len(set(bins.values())) == 1 and bare not in bins:
        return min(bins)
    return bare if bare in bins else ""


def _is_current(context: Context, wishes: Sequence[Wish], asked: str, now: float) -> bool:
    modules = os.path.join(context.folder, "node_modules")
    if not all(os.path.exists(os.path.join(modules, wish.local)) for wish in wishes):
        return False
    if context.settings.offline or context.settings.prefer_offline:
        return True
    try:
        return 0 <= now - os.stat(asked).st_mtime < _DAY_SECONDS
    except FileNotFoundError:
        return False
