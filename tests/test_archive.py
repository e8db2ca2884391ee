"""Archives in every form that packages come in are read alike."""

from __future__ import annotations

import contextlib
import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.store import archive, archive_names
from graft.store.archive import read_archive
from graft.store.archive_names import ArchiveRefused
from harness.archive import Entry, pack, pack_files
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tar_bytes import pax_named, resealed, tar_of

PACKAGE_JSON = Entry("package/package.json", b'{"name":"a","version":"1.0.0"}')


def read(data: bytes) -> dict[str, bytes]:
    return {file.path: bytes(file.data) for file in read_archive(data)}


def test_npm_s_own_archives_are_read() -> None:
    assert read(pack_files({"package.json": "{}", "lib/x.js": "1"})) == {
        "package.json": b"{}",
        "lib/x.js": b"1",
    }


@pytest.mark.parametrize("size", [0, 1, 2**32 - 1, 64 * 1024**2])
def test_a_gzip_trailer_that_lies_about_the_size_is_not_believed(size: int) -> None:
    data = pack([PACKAGE_JSON, Entry("package/zeros", bytes(3 * 1024**2))])
    lying = data[:-4] + size.to_bytes(4, "little")
    assert read(lying)["zeros"] == bytes(3 * 1024**2)


@pytest.mark.parametrize("large", [False, True])
def test_forms_that_a_gzip_may_take(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(archive, "_ONE_CALL_BYTES", 0)
        monkeypatch.setattr(archive, "_PIECE", 2)
    data = pack([PACKAGE_JSON, Entry("package/x", bytes(range(256)) * 50)])
    tar = gzip.decompress(data)
    plain = read(data)
    assert plain["x"] == bytes(range(256)) * 50
    assert read(tar) == plain
    assert read(gzip.compress(tar[:700]) + gzip.compress(tar[700:])) == plain
    assert read(data + bytes(100)) == plain
    assert read(data + b"trailing garbage") == plain
    assert read(gzip.compress(tar.rstrip(b"\0") + b"\0" * (-len(tar.rstrip(b"\0")) % 512))) == plain


@pytest.mark.parametrize("format", ["pax", "gnu"])
def test_long_names(format: Any) -> None:
    name = "d/" * 100 + "é" * 50 + ".js"
    assert read(pack([Entry(f"package/{name}", b"1")], format=format)) == {name: b"1"}


def test_a_size_in_a_pax_record_beats_the_header() -> None:
    record = b"12 size=700\n"
    tar = tar_of(Entry("package/h", record), Entry("package/x", b"y" * 700), Entry("package/z"))
    tar[156:157] = b"x"
    tar[1024 + 124 : 1024 + 136] = b"%011o\0" % 3
    assert read(resealed(bytearray(resealed(tar)), 1024)) == {"x": b"y" * 700, "z": b""}


def test_a_size_in_base_256() -> None:
    tar = tar_of(Entry("package/x", b"y" * 700), Entry("package/z", b"2"))
    tar[124:136] = b"\x80" + (700).to_bytes(11, "big")
    assert read(resealed(tar)) == {"x": b"y" * 700, "z": b"2"}


def test_a_folder_has_no_contents_whatever_size_it_names() -> None:
    tar = tar_of(Entry("package/lib", type="dir"), Entry("package/lib/x", b"1"))
    tar[124:136] = b"%011o\0" % 4096
    assert read(resealed(tar)) == {"lib/x": b"1"}


def test_names_that_are_not_utf_8_stay_what_they_are() -> None:
    name = b"\xe9\xff.js"
    found = read(pax_named(b"package/" + name))
    assert found.pop(name.decode("utf-8", "surrogateescape")) == b"1"


def test_the_first_component_is_dropped_whatever_it_is_called() -> None:
    names = ["package/a", "node/b", "@types-x/lib/c", "package/./d", "top-level", "package/dir/"]
    assert set(read(pack(Entry(name) for name in names))) == {"a", "b", "lib/c", "d"}


def test_bits_beside_executable_mean_nothing() -> None:
    entries = [Entry(f"package/{mode:o}", mode=mode) for mode in (0o644, 0o4755, 0o666, 0o010, 0)]
    found = {file.path: file.executable for file in read_archive(pack(entries))}
    assert found == {"644": False, "4755": True, "666": False, "10": True, "0": False}


part = st.text("abcdefgAB.-_éß日", min_size=1, max_size=9).filter(
    lambda name: name not in (".", "..") and name[1:2] != ":"
)
paths = st.lists(part, min_size=1, max_size=12).map("/".join)
contents = st.one_of(st.binary(max_size=40), st.sampled_from([bytes(511), bytes(512), bytes(5000)]))


def _apart(files: dict[str, bytes]) -> bool:
    """No path is another's folder, or another's name where case does not count."""
    seen: dict[str, str] = {}
    for path in files:
        parts = path.split("/")
        for length in range(1, len(parts)):
            prefix = "/".join(parts[:length])
            if seen.setdefault(archive_names._folded(prefix), prefix + "/") != prefix + "/":
                return False
        if archive_names._folded(path) in seen:
            return False
        seen[archive_names._folded(path)] = path
    return True


trees = st.dictionaries(paths, contents, max_size=6).filter(_apart)


@given(files=trees, format=st.sampled_from(["pax", "gnu", "ustar"]), gzipped=st.booleans())
def test_any_tree_comes_back_as_it_was_packed(
    files: dict[str, bytes], format: Any, gzipped: bool
) -> None:
    entries = [Entry(f"package/{path}", data) for path, data in files.items()]
    try:
        packed = pack(entries, format=format)
    except ValueError:
        return  # ustar has no room for some names
    assert read(packed if gzipped else gzip.decompress(packed)) == files


@given(data=st.data())
def test_a_damaged_archive_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    entries = [PACKAGE_JSON, Entry(f"package/{'d/' * 60}x.js", b"1" * 600), Entry("package/y")]
    valid = pack(entries, format=data.draw(st.sampled_from(["pax", "gnu"])))
    if data.draw(st.booleans()):
        valid = gzip.decompress(valid)[:6000]
    damaged = bytearray(valid)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    if len(valid) == 6000 and data.draw(st.booleans()):
        for at in range(0, 4096, 512):  # so that more than the checksum is put to the test
            resealed(damaged, at)
    with contextlib.suppress(ArchiveRefused):
        read(bytes(damaged))


def test_hazard_modes_of_scripts_that_are_no_bins_are_kept(
    project: Project, registry: LocalRegistry
) -> None:
    registry.publish(
        "a@1.0.0",
        bin={"a": "./bin/a.js"},
        files={
            "bin/a.js": ("#!/usr/bin/env node\nconsole.log('ran')\n", 0o644),
            "tool.sh": ("#!/bin/sh\n", 0o755),
            "data": ("", 0o666),
            "odd": ("", 0o711),
        },
    )
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    package = project.path("node_modules/a").resolve()
    modes = {name: f"{(package / name).stat().st_mode & 0o7777:o}" for name in ("tool.sh", "data")}
    assert modes == {"tool.sh": "555", "data": "444"}
    assert (package / "odd").stat().st_mode & 0o777 == 0o555
    assert project.machine.run([str(project.path("node_modules/.bin/a"))]).stdout == "ran\n"


def test_one_file_twice_with_the_same_bytes_is_one_file(
    project: Project, registry: LocalRegistry
) -> None:
    manifest = json.dumps({"name": "a", "version": "1.0.0"}).encode()
    twice = [Entry("package/package.json", manifest), Entry("package/x.js", b"1")]
    registry.publish("a@1.0.0", archive=pack([*twice, Entry("package/./x.js", b"1")]))
    project.manifest(dependencies={"a": "1"})
    project.graft("install")
    assert project.read("node_modules/a/x.js") == "1"
