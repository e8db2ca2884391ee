"""``index publish``: a version of a package, put into an index."""

from __future__ import annotations

import os
from collections.abc import Callable

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, write_atomic
from graft.base.records import Record, replace
from graft.git.program import GitProgram
from graft.indices.compose import new_descriptor, with_release
from graft.indices.descriptor import Archive, Descriptor, Release
from graft.indices.gate import compare, shown
from graft.indices.paths import archive_place, descriptor_path
from graft.indices.reading import read_descriptor
from graft.indices.tree import IndexTree
from graft.model.integrity import Integrity
from graft.model.names import split_name
from graft.model.namespaces import DEFAULT
from graft.project.indices_settings import read_indices
from graft.project.settings import read_settings
from graft.workflows.index_edit import Kept, keep, open_index
from graft.workflows.index_package import described
from graft.workflows.jobs import Place
from graft.workflows.pack import Package, archive_name, package_of


class Wishes(Record):
    """``index`` is the folder of one, empty for that which the project names. ``url`` says where
    the archive will be, as ``IndexInfo.archive_url`` does; it is then written to ``destination``.
    Empty, the index says where."""

    index: str
    url: str
    destination: str
    allow_dirty: bool
    has_scripts: bool
    dry_run: bool
    commit: bool


class Published(Record):
    """``package`` is written ``acme:tool``. ``archive`` is the path of the file, ``files`` have
    path and size."""

    package: str
    version: str
    index: str
    archive: str
    url: str
    integrity: str
    size: int
    files: tuple[tuple[str, int], ...]
    kept: Kept


def publish(place: Place, wishes: Wishes, announce: Callable[[str], None]) -> Published:
    """Raises ``tree-dirty``, ``publish-refused``, ``version-published``, what packing raises, and
    what opening and writing an index does."""
    if not wishes.allow_dirty:
        _refuse_dirty(place)
    with package_of(place, announce, has_scripts=wishes.has_scripts) as package:
        said = described(package)
        index = wishes.index or _index_of(place, package, said.descriptor.namespace)
        tree = open_index(index)
        identity, text = said.descriptor.identity, said.release.text
        template = wishes.url or tree.info.archive_url
        url = _filled(template, identity, text) if template else archive_place(identity, text)
        archive = Archive(
            urls=(url,),
            integrity=str(_sha256(package.data)),
            platforms=said.release.archives[0].platforms,
        )
        release = replace(said.release, archives=(archive,))
        descriptor = _extended(index, tree, said.descriptor, release)
        files = {descriptor_path(identity): descriptor}
        if template:
            path = os.path.join(wishes.destination, archive_name(identity, text))
            if not wishes.dry_run:
                write_atomic(path, package.data)
        else:
            path = os.path.join(index, url)
            files = {url: package.data, **files}  # first what the other names
        kept = keep(
            index,
            files,
            f"{shown(identity)} {text}",
            place.environ,
            dry_run=wishes.dry_run,
            commit=wishes.commit,
        )
    return Published(
        package=shown(identity),
        version=text,
        index=index,
        archive=path,
        url=url,
        integrity=archive.integrity,
        size=len(package.data),
        files=tuple((file.path, len(file.data)) for file in package.files),
        kept=kept,
    )


def _refuse_dirty(place: Place) -> None:
    git = GitProgram(place.environ)
    status = git.run_within(place.folder, ["status", "--porcelain", "--", "."])
    lines = status.data.decode(errors="replace").splitlines()
    if status.is_good and lines:
        more = [f"and {len(lines) - 5} more"] if len(lines) > 5 else []
        raise GraftError(
            "tree-dirty",
            "there are changes that are not committed",
            where=place.folder,
            why=[*(line.strip() for line in lines[:5]), *more],
            fix="commit them, or say --allow-dirty",
        )


def _index_of(place: Place, package: Package, namespace: str) -> str:
    """The folder that the project, or its user, binds to the namespace."""
    settings = read_settings(package.checkout.folder, place.environ, place.home, {})
    root = package.checkout.root.toml
    scopes = settings.registries.scopes
    source = read_indices(root.toml if root else None, settings.user_config, scopes).route(
        namespace
    )
    if source and source.folder:
        return source.folder
    raise GraftError(
        "index-missing",
        f"nothing says in which folder the index of '{namespace or DEFAULT}' is",
        where=source.where if source else package.manifest.path,
        why=[f"it is known by its url: {source.url}"] if source else (),
        fix="name a checkout of it: graft index publish --index PATH",
    )


def _extended(index: str, tree: IndexTree, new: Descriptor, release: Release) -> bytes:
    """The descriptor's file with the release in it, read again to see that it says so."""
    identity = new.identity
    if not tree.info.serves(split_name(identity)[0]):
        served = ", ".join(each or "default" for each in tree.info.namespaces)
        raise _refused(identity, index, f"the index serves {served}")
    path = descriptor_path(identity)
    present = tree.find(identity)
    if present and present.where != os.path.join(index, path):
        raise _refused(identity, present.where, f"it is described there, and not in {path}")
    if present:
        for other in present.releases.values():
            if other.version == release.version:
                raise GraftError(
                    "version-published",
                    f"{shown(identity)}@{other.text} is published, and stays as it is",
                    where=present.where,
                    fix="publish another version",
                )
    raw = read_file(os.path.join(index, path)) if present else None
    text = raw.decode("utf-8-sig") if raw is not None else new_descriptor(new)
    data = with_release(text, release).encode()
    try:
        written = read_descriptor(data, path)
    except GraftError as error:
        raise _refused(identity, path, error.diagnostic.message) from None
    changed = [str(each) for each in compare(present, written)] if present else []
    if changed or written.releases.get(release.text) != release:
        raise _refused(identity, path, *changed, "it has a form that nothing can be added to")
    return data


def _refused(identity: str, where: str, *why: str) -> GraftError:
    return GraftError(
        "publish-refused",
        f"{shown(identity)} cannot be published like this",
        where=where,
        why=why,
        fix="docs/concepts/indices.md says what an index holds",
    )


def _filled(template: str, identity: str, version: str) -> str:
    namespace, name = split_name(identity)
    words = {"namespace": namespace, "name": name, "version": version}
    for word, value in words.items():
        template = template.replace(f"{{{word}}}", value)
    return template


def _sha256(data: bytes) -> Integrity:
    import hashlib

    return Integrity("sha256", hashlib.sha256(data).digest())
