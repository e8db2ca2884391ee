"""``pack``: the archive that a registry would be given of a package. The same files give the same
bytes, whenever and wherever they are packed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from graft.base.diagnostics import GraftError
from graft.base.files import write_atomic
from graft.base.foreground import attend
from graft.base.records import Record
from graft.link.importers import refuse_strange
from graft.model.files import PackedFile
from graft.project.checkout import Checkout, read_checkout
from graft.project.manifest import MANIFEST_NAME, ProjectManifest, read_manifest
from graft.project.roots import find_root
from graft.sources.packing import pack
from graft.workflows.jobs import Place
from graft.workflows.namespaces import declared_in
from graft.workflows.publishing import published_files
from graft.workflows.run import script_jobs

_BEFORE = ("prepack", "prepare")
_AFTER = ("postpack",)


class Packed(Record):
    """``path`` is where the archive is, or would be; ``files`` have path, size and mode, sorted;
    ``bundled`` are names."""

    path: str
    name: str
    version: str
    size: int
    unpacked: int
    shasum: str
    integrity: str
    files: tuple[tuple[str, int, int], ...]
    bundled: tuple[str, ...]


class Package(Record):
    """What others would get: ``data`` is the archive. ``manifest`` is what the folder says, and
    ``checkout`` what it is part of."""

    manifest: ProjectManifest
    checkout: Checkout
    files: tuple[PackedFile, ...]
    data: bytes


def pack_folder(
    place: Place,
    destination: str,
    announce: Callable[[str], None],
    *,
    dry_run: bool = False,
    has_scripts: bool = True,
) -> Packed:
    """Run ``prepack`` and ``prepare``, pack, write, run ``postpack``. ``destination`` is a folder.

    Raises ``manifest-invalid`` for a package without name or version, ``script-failed``, and as
    reading manifests and workspaces does.
    """
    _named(read_manifest(place.folder))
    with package_of(place, announce, has_scripts=has_scripts) as package:
        name, version = _named(package.manifest)
        files = package.files
        packed = Packed(
            path=os.path.join(destination, archive_name(name, version)),
            name=name,
            version=version,
            size=len(package.data),
            unpacked=sum(len(file.data) for file in files),
            shasum=hashlib.sha1(package.data).hexdigest(),
            integrity=f"sha512-{base64.b64encode(hashlib.sha512(package.data).digest()).decode()}",
            files=tuple((f.path, len(f.data), 0o755 if f.executable else 0o644) for f in files),
            bundled=tuple(sorted(_bundled(file.path for file in files))),
        )
        refuse_strange(place.folder, packed.path)
        if not dry_run:
            write_atomic(packed.path, package.data)
    return packed


@contextmanager
def package_of(
    place: Place, announce: Callable[[str], None], *, has_scripts: bool
) -> Iterator[Package]:
    """What is in ``place``, packed, between the scripts that run before and behind that. Raises as
    ``pack_folder``, but for a name and a version, which it needs not have."""
    has_scripts = has_scripts and os.path.exists(os.path.join(place.folder, MANIFEST_NAME))
    if has_scripts:
        _run(place, _BEFORE, announce)
    # Scripts may have written manifests anew.
    root, importer = find_root(place.folder)
    checkout = read_checkout(root, declared_in(root, place.environ, place.home))
    files = published_files(checkout, importer)
    yield Package(
        manifest=checkout.manifests[importer],
        checkout=checkout,
        files=tuple(files),
        data=gzip.compress(pack(files), compresslevel=9, mtime=0),
    )
    if has_scripts:
        _run(place, _AFTER, announce)


def archive_name(name: str, version: str) -> str:
    """npm's: ``@acme/tool`` -> ``acme-tool-1.2.0.tgz``."""
    return f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"


def _named(manifest: ProjectManifest) -> tuple[str, str]:
    name, version = manifest.name, manifest.data.get("version")
    if name and isinstance(version, str) and version and "/" not in version:
        return name, version
    raise GraftError(
        "manifest-invalid",
        "a package that is packed needs a name and a version",
        where=manifest.path,
        fix="give it both",
    )


def _run(place: Place, events: Iterable[str], announce: Callable[[str], None]) -> None:
    """The package's own scripts, without hooks of theirs, as npm runs them here. What they print
    goes to stderr: stdout is for the archive's name."""
    for event in events:
        jobs = script_jobs(place, event, (), command="pack", has_hooks=False, if_present=True)
        for job in jobs.jobs:
            announce(f"$ {job.line}")
            code = _attend_quietly(jobs.folder, job.program, job.arguments, job.environ)
            if code:
                raise GraftError(
                    "script-failed",
                    f"'{event}' ended with {code}, and nothing was packed"
                    if event in _BEFORE
                    else f"'{event}' ended with {code}",
                    where=os.path.join(place.folder, MANIFEST_NAME),
                    fix="mend the script, or leave scripts out with --ignore-scripts",
                )


def _attend_quietly(
    folder: str, program: str, arguments: tuple[str, ...], environ: Mapping[str, str]
) -> int:
    before = os.getcwd()
    stdout = os.dup(1)
    try:
        os.chdir(folder)
        os.dup2(2, 1)
        return attend(program, arguments, environ)
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
        os.chdir(before)


def _bundled(paths: Iterable[str]) -> set[str]:
    parts = [path.split("/") for path in paths if path.startswith("node_modules/")]
    return {"/".join(part[1:3]) if part[1].startswith("@") else part[1] for part in parts}
