"""What is fuzzed: each reader of files that others wrote, as a function of the file's bytes.

A function returns if the file is read or refused as its reader documents, and raises for anything
else, which is a bug. Where there is more to hold than that, the function says so. Nothing here
needs the fuzzer: the tests replay the corpus with the same functions.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.indices.paths import is_sound_path
from graft.indices.reading import Parsed, quick_identity, read_descriptor
from graft.lockfile.foreign.choose import TOOLS, read_foreign
from graft.lockfile.format import read_lock, write_lock
from graft.model.graph import Graph, Importer, Node
from graft.model.manifest import Manifest
from graft.model.names import is_sound, split_spec
from graft.project.catalogs import read_catalogs
from graft.project.checkout import read_checkout
from graft.project.edit import _spans, remove_dependencies, set_dependencies, set_overrides
from graft.project.edit_indices import with_rev, without_rev
from graft.project.edit_ini import delete_key, set_key
from graft.project.edit_toml import remove_entries, set_entry
from graft.project.graft_toml import parse_graft_toml
from graft.project.indices_settings import IndexSource, read_indices
from graft.project.ini import parse_ini
from graft.project.manifest import SECTIONS, ProjectManifest, parse_manifest
from graft.project.namespaces import Namespaces
from graft.project.npmrc import Layer, objection, read_npmrc
from graft.project.overrides import read_rules
from graft.project.pnpm_settings import PnpmSettings, read_pnpm_settings
from graft.project.toml_lines import key_places
from graft.project.toml_manifest import read_toml_manifest
from graft.project.workspace import patterns_of
from graft.sources.archive_manifest import read_archive_package
from graft.sources.packument import Packument
from graft.sources.slim import slim
from graft.store.archive import read_archive
from graft.store.archive_names import ArchiveRefused
from graft.store.unpack import unpack
from graft.versions.index_dependency import parse_dependency
from graft.versions.mistakes import MalformedError
from graft.versions.npm import parse_range
from graft.versions.source_text import parse_source
from graft.versions.specifier import parse_specifier
from graft.versions.version import parse_version

_BLOCK = 512


class Wrong(Exception):  # noqa: N818 - what a reader did, though it raised nothing
    """A reader broke a promise."""


def hold(promise: bool, what: str) -> None:
    if not promise:
        raise Wrong(what)


def read_archives(data: bytes) -> None:
    """A tar behind one byte that says how it is compressed. Checksums are made right first: nothing
    gets past a wrong one. All of it lies in its folder, is what was read, and fits the limits;
    compressed or not, it is the same."""
    how, tar = data[:1], sealed(data[1:])
    packed = gzip.compress(tar, 1)
    if how == b"\1":  # two members, cut where the content says
        at = len(tar) * data[-1] // 256
        packed = gzip.compress(tar[:at], 1) + gzip.compress(tar[at:], 1)
    files = _archive_files(tar)
    if how != b"\0":
        hold(files == _archive_files(packed), "an archive and its compressed self differ")
    with _folder() as above:
        root = os.path.join(above, "target")
        try:
            package, unpacked = unpack(packed if how != b"\0" else tar, root, subject="it")
        except ArchiveRefused:
            package, unpacked = "", ()
        hold(set(os.listdir(above)) <= {"target"}, "there is something beside the target")
        if package:
            hold(files is not None, "what is refused was unpacked")
            found = dict(_contents(os.path.join(root, "node_modules", package)))
            hold(found == files, "what is unpacked is not what was read")
            hold({file.path for file in unpacked} == found.keys(), "files are not as recorded")
    try:
        said = read_archive_package(tar, origin="file:a.tgz", local="a").manifest
    except GraftError:
        return
    _survives_a_lock(said)


def sealed(tar: bytes) -> bytes:
    """The tar with right checksums in all headers that a reader comes by."""
    blocks = bytearray(tar)
    at = 0
    while at + _BLOCK <= len(blocks):
        header = blocks[at : at + _BLOCK]
        if any(header):
            header[148:156] = b" " * 8
            header[148:156] = b"%06o\0 " % sum(header)
            blocks[at : at + _BLOCK] = header
            digits = bytes(header[124:136]).strip(b" \0")
            size = int(digits, 8) if digits and not digits.strip(b"01234567") else 0
            at += (size if header[156:157] != b"5" else 0) + -size % _BLOCK
        at += _BLOCK
    return bytes(blocks)


def _archive_files(data: bytes) -> dict[str, bytes] | None:
    """None where it is refused. A path that comes twice counts once; unpacking compares the two."""
    try:
        return {file.path: bytes(file.data) for file in read_archive(data)}
    except ArchiveRefused:
        return None


def _contents(folder: str) -> Iterator[tuple[str, bytes]]:
    for path in Path(folder).rglob("*"):
        hold(path.is_dir() or path.is_file(), "there is something but files and folders")
        hold(not path.is_symlink() and not path.stat().st_mode & 0o7222, "a mode is wrong")
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _survives_a_lock(manifest: Manifest) -> None:
    """What a reader says of a package can be written to a lock and read from it."""
    graph = Graph(
        importers={".": Importer(path=".", requirements=(), edges={})},
        nodes={manifest.id: Node(id=manifest.id, manifest=manifest, edges={})},
    )
    text = write_lock(graph)
    hold(write_lock(read_lock(text, where="it")) == text, "a lock reads otherwise than written")


def read_packuments(data: bytes) -> None:
    """Each version that can be chosen survives a lock; the slim form says the same."""
    try:
        packument = Packument(data, name="a", registry="https://registry.example.com/")
    except GraftError:
        return
    shorter = Packument(slim(data), name="a", registry=packument.registry)
    hold(packument.offers_what(shorter), "the slim form offers something else")
    for _, version in packument.newest_first(prereleases=True):
        try:
            manifest = packument.manifest(version)
            packument.is_deprecated(version)
            packument.digests(version)
        except GraftError:
            continue
        hold(manifest == shorter.manifest(version), "the slim form says something else")
        _survives_a_lock(manifest)
        for requirement in manifest.requirements:
            _specifier(requirement.local, requirement.specifier)


def read_locks(data: bytes) -> None:
    """What is read and written again reads as the same."""
    try:
        graph = read_lock(data, where="graft-lock.json")
    except GraftError:
        return
    text = write_lock(graph)
    hold(write_lock(read_lock(text, where="it")) == text, "a lock reads otherwise than written")


def read_foreign_locks(data: bytes) -> None:
    """A lock of another tool, behind one byte that says which."""
    name = list(TOOLS)[data[0] % len(TOOLS)] if data else "yarn.lock"
    try:
        lock = read_foreign(name, data[1:], where=name)
    except GraftError:
        return
    for package in lock.packages.values():
        hold("/../" not in f"/{package.name}/", "a name leads elsewhere")


def read_ranges(data: bytes) -> None:
    """A specifier, and what an index package asks for. A range's text, and that of its
    complement's, reads as the same range."""
    text = data.decode("utf-8", "surrogatepass" if _has_halves(data) else "replace")
    for read in (parse_version, parse_range):
        try:
            read(text)
        except ValueError:
            pass
    _specifier("a", text)
    split_spec(text)
    try:
        asked = parse_dependency(text).constraint
    except MalformedError as error:
        told = [
            one for one in error.mistakes if 0 <= one.at <= len(text) and str(one).isprintable()
        ]
        hold(0 < len(told) == len(error.mistakes), "a mistake cannot be shown")
    else:
        hold(asked.range.is_subset(asked.at_least), "a constraint admits what is below it")
        hold(not asked.range.is_empty, "a constraint admits nothing")


def _has_halves(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


def _specifier(local: str, text: str) -> None:
    specifier = parse_specifier(local, text)
    hold((specifier.range is not None) + bool(specifier.foreign) < 2, "it is two things at once")
    if specifier.range is not None:
        again = parse_range(str(specifier.range.union(specifier.range)))
        hold(again == specifier.range, "a range reads otherwise than written")
        rest = specifier.range.complement()
        hold(specifier.range.intersection(rest).is_empty, "a range meets its complement")
    if specifier.foreign in ("git", "tarball", "directory"):
        try:
            parse_source(text)
        except GraftError:
            pass


def read_manifests(data: bytes) -> None:
    """A package.json. An edit changes what it is about, and undone, the text is back."""
    try:
        manifest = parse_manifest(data, "package.json")
    except GraftError:
        return
    _project(manifest, PnpmSettings(path="pnpm-workspace.yaml"))
    for section in SECTIONS:
        edited = set_dependencies(data, section, {"zz-new": "^1.0.0"})
        said = parse_manifest(edited, "package.json").data
        before = manifest.data.get(section, {})
        hold(said[section] == {**before, "zz-new": "^1.0.0"}, "an edit did not come to be")
        hold(_others(said, section) == _others(manifest.data, section), "an edit changed more")
        _hold_apart(data, edited, section)
        undone = parse_manifest(remove_dependencies(edited, section, {"zz-new"}), "").data
        hold(undone.get(section, {}) == before, "an edit cannot be undone")
        hold(_others(undone, section) == _others(manifest.data, section), "undoing changed more")
    set_overrides(data, {"a": {"b": "1"}})


def _hold_apart(raw: bytes, edited: bytes, section: str) -> None:
    """Outside of the section that is edited, every byte is as it was."""
    text, spans = _spans(raw)
    if section in spans:
        start, end = spans[section]
        before, behind = text[:start].encode(), text[end:].encode()
        hold(edited.startswith(before) and edited.endswith(behind), "an edit touched other lines")
        return
    new = len(edited) - len(raw)
    inserted = any(edited[:at] + edited[at + new :] == raw for at in range(len(raw) + 1))
    hold(inserted, "a new section is not all that an edit brought")


def _others(data: Mapping[str, Any], section: str) -> dict[str, Any]:
    return {key: said for key, said in data.items() if key != section}


def _project(manifest: ProjectManifest, pnpm: PnpmSettings) -> None:
    """All that is made of a root's manifest and pnpm's file, without looking at folders."""
    own = {r.local: r.specifier for r in manifest.requirements}
    try:
        patterns_of(manifest.data, pnpm, where=manifest.path)
        catalogs = read_catalogs(manifest.data, pnpm, where=manifest.path)
        rules = read_rules(manifest.data, own, where=manifest.path, pnpm=pnpm, catalogs=catalogs)
    except GraftError:
        return
    for requirement in manifest.requirements:
        rules.overrides.apply(requirement)
        rules.overrides.of_project(requirement)


def read_settings(data: bytes) -> None:
    """An .npmrc. Setting a key changes no other, and deleting it again leaves what was there."""
    with _folder() as folder:
        path = os.path.join(folder, ".npmrc")
        Path(path).write_bytes(data)
        try:
            for layer in (Layer.USER, Layer.PROJECT):
                read_npmrc([(layer, path)], {"HOME": "/h", "NPM_TOKEN": "secret"}, {})
        except GraftError:
            return
    text = data.decode("utf-8-sig")
    for line in parse_ini(text):
        objection(line, "it")
    edited = set_key(text, "zz-new", "some value")
    if edited is not None:
        before = [(line.key, line.value) for line in parse_ini(text) if line.key != "zz-new"]
        after = [(line.key, line.value) for line in parse_ini(delete_key(edited, "zz-new"))]
        hold(after == before, "setting a key changed another")


def read_workspaces(data: bytes) -> None:
    """A pnpm-workspace.yaml beside a small package.json, with all that is made of it."""
    root = parse_manifest(b'{"name": "app", "dependencies": {"a": "catalog:"}}', "package.json")
    with _folder() as folder:
        Path(folder, "pnpm-workspace.yaml").write_bytes(data)
        Path(folder, "package.json").write_bytes(root.raw)
        try:
            pnpm = read_pnpm_settings(folder)
            _project(root, pnpm)
            read_checkout(folder, lambda _: Namespaces())
        except GraftError:
            return


def read_toml_descriptors(data: bytes) -> None:
    _descriptor(data, "tool.toml")


def read_lua_descriptors(data: bytes) -> None:
    _descriptor(data, "tool.lua")


def _descriptor(data: bytes, path: str) -> None:
    """What it declares is sound, and read from what is kept of it, it says the same."""
    kept = _Kept()
    quick_identity(data, path, namespace="acme")
    try:
        said = read_descriptor(data, path, namespace="acme", parsed=kept)
    except GraftError:
        return
    hold(is_sound(said.identity), "a name leads elsewhere")
    again = read_descriptor(b"", path, namespace="acme", parsed=kept)
    hold(again == said, "it reads otherwise than it was kept")
    for release in said.releases.values():
        for archive in release.archives:
            hold(all(map(_is_safe, archive.urls)), "a url leads elsewhere")
        for requirement in release.requirements:
            hold(is_sound(requirement.local), "a name leads elsewhere")


def _is_safe(url: str) -> bool:
    return url.startswith(("https://", "http://")) or is_sound_path(url)


class _Kept(Parsed):
    def __init__(self) -> None:
        self.text = ""

    def get(self, data: bytes) -> dict[str, Any] | None:
        return dict(json.loads(self.text)) if self.text and not data else None

    def put(self, data: bytes, document: Mapping[str, Any]) -> None:
        del data
        self.text = json.dumps(document)


def read_toml_manifests(data: bytes) -> None:
    """A graft.toml with what it asks for, the lines of its keys, and edits of it."""
    namespaces = Namespaces(indices=("acme", "other.deep"), scopes=("types",))
    try:
        toml = parse_graft_toml(data, "/app/graft.toml")
    except GraftError:
        return
    lines = toml.text.count("\n") + 1
    places = key_places(toml.text)
    hold(all(1 <= place.line <= lines for place in places.values()), "a key is on no line")
    hold(all(_is_there(toml.data, keys) for keys in places), "a key that is not there")
    try:
        manifest = read_toml_manifest(toml, namespaces)
    except GraftError:
        return
    for requirement in manifest.requirements:
        name = requirement.local
        try:
            without = parse_graft_toml(remove_entries(manifest, {name}), toml.path)
            entry = "=1.0.0" if namespaces.is_of_index(name) else "1.0.0"
            again = set_entry(read_toml_manifest(without, namespaces), name, entry, None)
        except GraftError:
            continue
        now = {r.local for r in read_toml_manifest(without, namespaces).requirements}
        hold(now == {r.local for r in manifest.requirements} - {name}, "another line went")
        read = read_toml_manifest(parse_graft_toml(again, toml.path), namespaces)
        hold(name in read.keys, "a line was lost")


def _is_there(table: Any, keys: tuple[str, ...]) -> bool:
    """Tables of an array are counted; what lies deeper in one may be in any."""
    if not keys:
        return True
    if isinstance(table, list):
        return keys[0].isdigit() or any(_is_there(each, keys) for each in table)
    return isinstance(table, dict) and keys[0] in table and _is_there(table[keys[0]], keys[1:])


def read_index_settings(data: bytes) -> None:
    """The ``[indices]`` of a graft.toml, and pins that are written there and taken out again. What
    is declared survives a lock."""
    try:
        toml = parse_graft_toml(data, "/app/graft.toml")
        indices = read_indices(toml, "/nowhere/config.toml", {})
    except GraftError:
        return
    commit = "0123456789" * 4
    pins = {name: source.pin(commit) for name, source in indices.sources.items()}
    pins = {name: pin if pin.url else replace(pin, commit="") for name, pin in pins.items()}
    graph = Graph(importers={".": Importer(path=".", requirements=(), edges={})}, nodes={})
    graph = replace(graph, indices=pins)
    hold(read_lock(write_lock(graph), where="it") == graph, "a pin does not survive a lock")
    for name, source in indices.sources.items():
        if not source.url:
            continue
        try:
            pinned = parse_graft_toml(with_rev(toml, name, source.url, commit), toml.path)
            free = parse_graft_toml(without_rev(pinned, name, source.url), toml.path)
        except GraftError:
            continue
        again = read_indices(pinned, "/nowhere/config.toml", {}).sources
        hold(again[name].ref == f"rev {commit}", "it is not pinned")
        now = read_indices(free, "/nowhere/config.toml", {}).sources
        hold(now[name].ref == "", "it is pinned still")
        hold(_places(now) == _places(indices.sources), "another index was changed")


def _places(sources: Mapping[str, IndexSource]) -> dict[str, tuple[str, str]]:
    return {name: (source.url, source.path) for name, source in sources.items()}


@contextmanager
def _folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="graft-fuzz-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


READERS: dict[str, Callable[[bytes], None]] = {
    "archive": read_archives,
    "packument": read_packuments,
    "lockfile": read_locks,
    "foreign-lockfile": read_foreign_locks,
    "range": read_ranges,
    "manifest": read_manifests,
    "npmrc": read_settings,
    "workspace": read_workspaces,
    "descriptor": read_toml_descriptors,
    "lua-descriptor": read_lua_descriptors,
    "indices": read_index_settings,
    "graft-toml": read_toml_manifests,
}
