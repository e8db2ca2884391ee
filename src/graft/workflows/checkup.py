"""What ``doctor`` looks at on the machine: programs, registry, store, file systems. Each check says
what it found and what mends it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

from graft.base.clones import Cloner
from graft.base.diagnostics import GraftError
from graft.base.files import remove_tree, temporary_sibling, write_file
from graft.base.http import Request
from graft.base.processes import run
from graft.base.programs import find_program
from graft.base.renames import exchange
from graft.project.manifest import MANIFEST_NAME
from graft.store.hold import hold_shared
from graft.store.objects import ObjectFile
from graft.store.paths import Store, open_store
from graft.workflows.check import FAIL, NOTE, OK, Check
from graft.workflows.project import Asking, Context
from graft.workflows.report import Laps
from graft.workflows.store_checkup import project_checks, store_checks

_SECONDS = 20.0


def machine_checks(context: Context, environ: Mapping[str, str]) -> Iterator[Check]:
    path = environ.get("PATH", os.defpath)
    yield _node(path, environ, context.folder)
    yield _program("git", path, "packages from git repositories cannot be fetched", "install git")
    if sys.platform == "linux":
        yield _program(
            "bwrap",
            path,
            "scripts of packages that you approve would run without a sandbox",
            "install bubblewrap",
        )
    yield _launcher(path)
    yield _registry(context)
    try:
        store = open_store(context.settings.store_root)
    except GraftError as error:
        said = error.diagnostic
        yield Check(name="store", state=FAIL, message=said.message, fix=said.fix)
        return
    # What is tried out in the store may not look like junk to who has it alone.
    with hold_shared(store, context.progress.say):
        yield from _file_systems(store, context.folder)
        yield from store_checks(store)
        if os.path.isfile(os.path.join(context.folder, MANIFEST_NAME)):
            yield from project_checks(store, context.folder)


def _node(path: str, environ: Mapping[str, str], folder: str) -> Check:
    node = find_program("node", path)
    if not node:
        message = "there is no program 'node' on the path"
        return Check(name="node", state=FAIL, message=message, fix="install Node.js")
    answer = run([node, "--version"], cwd=folder, environ=environ, timeout=_SECONDS)
    if answer.status:
        message = f"{node} --version ended with {answer.status}"
        return Check(name="node", state=FAIL, message=message, fix="install Node.js again")
    return Check(name="node", state=OK, message=f"{answer.stdout.strip()} at {node}")


def _program(name: str, path: str, without: str, fix: str) -> Check:
    found = find_program(name, path)
    if found:
        return Check(name=name, state=OK, message=found)
    return Check(name=name, state=NOTE, message=f"not installed: {without}", fix=fix)


def _launcher(path: str) -> Check:
    found = find_program("graft", path)
    own = os.path.dirname(os.path.realpath(sys.prefix))
    if not found:
        return Check(
            name="launcher",
            state=NOTE,
            message="there is no 'graft' on the path",
            fix=f"add {os.path.join(sys.prefix, 'bin')} to PATH",
        )
    real = os.path.realpath(found)
    if not real.startswith(own + os.sep):
        return Check(
            name="launcher",
            state=NOTE,
            message=f"'graft' on the path is {found}, and this is the one in {sys.prefix}",
            fix="take one of the two off PATH",
        )
    return Check(name="launcher", state=OK, message=found)


def _registry(context: Context) -> Check:
    name = "registry"
    try:
        url = context.settings.registries.default_url
    except GraftError as error:
        said = error.diagnostic
        return Check(name=name, state=FAIL, message=said.message, fix=said.fix)
    if context.settings.offline:
        return Check(name=name, state=NOTE, message=f"{url} was not asked: offline")
    asking = Asking(context, frozenset())
    laps = Laps()
    try:
        registries = context.settings.registries
        request = Request(
            url=f"{url}-/ping",
            subject="the registry",
            auth=registries.authorization_for(url),
            certificate=registries.certificate_for(url),
        )
        transfer = asking.client.send(request)
        asking.client.pump_until_done(transfer)
        status = transfer.result().status
    except GraftError as error:
        said = error.diagnostic
        why = "; ".join(said.why) or said.message
        fix = said.fix or "see 'graft config explain registry', and the proxy settings"
        return Check(
            name=name, state=FAIL, message=f"{url} does not answer: {why}", fix=said.fix or fix
        )
    finally:
        asking.close()
    if status in (401, 403):
        fix = "put a token for it into ~/.npmrc with 'graft config set'"
        return Check(name=name, state=FAIL, message=f"{url} refuses who asks ({status})", fix=fix)
    if status >= 500:
        return Check(name=name, state=FAIL, message=f"{url} is in trouble ({status})", fix="wait")
    milliseconds = laps.total().get("total", 0)
    return Check(name=name, state=OK, message=f"{url} answers in {milliseconds} ms")


def _file_systems(store: Store, folder: str) -> Iterator[Check]:
    try:
        within = _way(store.root, store.trash)
    except OSError as error:
        fix = "set GRAFT_HOME to a folder that you may write to"
        yield Check(name="store", state=FAIL, message=f"{store.root}: {error.strerror}", fix=fix)
        return
    yield Check(name="store", state=OK, message=f"{store.root} can be written, with {within}")
    if not os.path.isdir(folder):
        return
    try:
        way = _way(store.root, folder)
        one_step = _exchanges(folder)
    except OSError as error:
        fix = "see who owns the folder"
        yield Check(name="project", state=FAIL, message=f"{folder}: {error.strerror}", fix=fix)
        return
    if os.stat(folder).st_dev != os.stat(store.root).st_dev:
        yield Check(
            name="project",
            state=NOTE,
            message=f"lies on another file system than the store: {way} where files are needed",
            fix="set GRAFT_HOME to a folder on the project's file system",
        )
    else:
        yield Check(name="project", state=OK, message=f"files of the store come here by {way}")
    message = "two folders can change places in one step"
    if not one_step:
        message = "no: node_modules is away for an instant while it changes"
    yield Check(name="exchange", state=OK if one_step else NOTE, message=message)


def _way(store: str, folder: str) -> str:
    """How a file comes from a store's folder into another folder, tried out."""
    source, target = _trial(store), _trial(folder)
    try:
        os.mkdir(source)
        os.mkdir(target)
        write_file(f"{source}/file", b"x")
        cloner = Cloner()
        cloner.clone(source, target, [ObjectFile("file", False, 1, "")])
        return cloner.way
    finally:
        remove_tree(source)
        remove_tree(target)


def _exchanges(folder: str) -> bool:
    first, second = _trial(folder), _trial(folder)
    try:
        os.mkdir(first)
        os.mkdir(second)
        return exchange(first, second)
    finally:
        remove_tree(first)
        remove_tree(second)


def _trial(folder: str) -> str:
    return temporary_sibling(os.path.join(folder, "doctor"))
