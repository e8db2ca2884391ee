"""Archives: what is read, what is refused, and that a refusal leaves nothing behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graft.store import archive
from graft.store.archive import ArchiveRefused, read_archive
from harness.archive import Entry, pack, pack_files
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot

PACKAGE_JSON = Entry("package/package.json", b'{"name":"a","version":"1.0.0"}')


def read(data: bytes) -> dict[str, bytes]:
    return {file.path: bytes(file.data) for file in read_archive(data)}


def refusal(data: bytes) -> str:
    with pytest.raises(ArchiveRefused) as refused:
        read(data)
    return str(refused.value)


def tar_of(*entries: Entry) -> bytearray:
    return bytearray(gzip.decompress(pack(entries, format="ustar")))


def resealed(tar: bytearray, at: int = 0) -> bytes:
    """The tar with the checksum of the header at ``at`` made right again."""
    tar[at + 148 : at + 156] = b" " * 8
    tar[at + 148 : at + 156] = b"%06o\0 " % sum(tar[at : at + 512])
    return bytes(tar)


def pax_named(name: bytes) -> bytes:
    """A tar with one file, whose name is in an extended header as it is said here."""
    record = b" path=" + name + b"\n"
    record = b"%d" % (len(record) + 2) + record
    tar = tar_of(Entry("package/header", record), Entry("package/x", b"1"), PACKAGE_JSON)
    tar[156:157] = b"x"
    return resealed(tar)


HOSTILE_NAMES = [
    "package/../../evil",
    "package/..",
    "../evil",
    "package\\..\\..\\evil",
    "package/lib\\..\\..\\..\\evil",
    "/etc/evil",
    "\\\\host\\evil",
    "C:\\evil",
    "c:/evil",
    "package/c:/evil",
    f"package/{'n' * 256}",
    f"package/{'d/' * 500}x",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("type", ["file", "dir"])
def test_names_that_leave_the_package_are_refused(name: str, type: Any) -> None:
    assert refusal(pack([PACKAGE_JSON, Entry(name, type=type)])).startswith(f"'{name}' ")


def test_a_zero_byte_in_a_name_is_refused() -> None:
    assert refusal(pax_named(b"package/a\0b")) == r"'package/a\x00b' holds a zero byte"


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        (Entry("package/x", type="symlink", target="../../etc/passwd"), "a symbolic link"),
        (Entry("package/x", type="symlink", target="index.js"), "a symbolic link"),
        (Entry("package/x", type="hardlink", target="package/package.json"), "a hard link"),
        (Entry("package/x", type="char"), "a character device"),
        (Entry("package/x", type="fifo"), "a fifo"),
    ],
)
def test_what_is_no_file_is_refused_by_name(entry: Entry, what: str) -> None:
    assert refusal(pack([PACKAGE_JSON, entry])) == f"'package/x' is {what}"


@pytest.mark.parametrize(("kind", "what"), [(b"4", "block device"), (b"S", "sparse"), (b"V", "V")])
def test_other_kinds_of_entries_are_refused_by_name(kind: bytes, what: str) -> None:
    tar = tar_of(Entry("package/x", b"data"))
    tar[156:157] = kind
    assert refusal(resealed(tar)).startswith("'package/x' is ")
    assert what in refusal(resealed(tar))


def test_a_sparse_file_in_pax_form_is_refused() -> None:
    header = tarfile.TarInfo("package/x")
    header.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.name": "package/../../evil"}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(header)
    assert refusal(out.getvalue()) == "'package/x' is a sparse file"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("package/Readme.md", "package/README.md"),
        ("package/lib/a.js", "package/Lib/b.js"),
        ("package/straße", "package/STRASSE"),
        ("package/\u00e9.js", "package/e\u0301.js"),
        ("package/lib", "package/lib/a.js"),
        ("package/lib/a.js", "package/lib"),
        ("package/LIB", "package/lib/a.js"),
    ],
)
def test_two_names_for_one_place_are_refused(first: str, second: str) -> None:
    said = refusal(pack([PACKAGE_JSON, Entry(first), Entry(second)]))
    assert second[8:11] in said and ("case" in said or "file" in said)


def test_more_entries_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 5)
    # Long names, so that each entry comes with an extended header, which is no entry.
    files = [Entry(f"package/{'d' * 120}{number}", b"x") for number in range(5)]
    assert len(read(pack(files))) == 5
    assert refusal(pack([*files, Entry("package/last")])) == "the archive has more than 5 entries"


def test_over_100_000_entries_are_refused() -> None:
    empty = bytes(tar_of(Entry("package/x", type="dir"))[:512])
    assert read(gzip.compress(empty * 100_000 + bytes(1024), 1)) == {}
    assert "100,000 entries" in refusal(gzip.compress(empty * 100_001 + bytes(1024), 1))


@pytest.mark.parametrize("name", ["MAX_FILE_BYTES", "MAX_TOTAL_BYTES"])
def test_sizes_are_capped(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [Entry(f"package/{n}", bytes(3000)) for n in range(3)]
    limit = {"MAX_FILE_BYTES": 3000, "MAX_TOTAL_BYTES": 3 * (512 + 3000)}[name]
    monkeypatch.setattr(archive, name, limit)
    assert len(read(pack(files))) == 3
    monkeypatch.setattr(archive, name, limit - 1)
    assert "larger than is allowed" in refusal(pack(files))


def test_extended_headers_are_capped() -> None:
    tar = tar_of(Entry("package/x", b"x"))
    tar[156:157] = b"x"
    tar[124:136] = b"%011o\0" % (archive.MAX_EXTENDED_BYTES + 1)
    assert "extended header" in refusal(resealed(tar))


@pytest.mark.parametrize("field", [b"-0000000017\0", b"0o00000001\0\0", b"1_000\0", b"00000 001\0"])
def test_a_size_is_octal_digits_and_nothing_else(field: bytes) -> None:
    tar = tar_of(Entry("package/x", b"data"), Entry("package/y", b"data"))
    tar[124:136] = field.ljust(12, b"\0")
    assert "broken number" in refusal(resealed(tar))


@pytest.mark.parametrize("digits", [b"9" * 30, b"0" * 30 + b"9", b"x", b"-5", b"0", b"4"])
def test_broken_pax_records_are_refused(digits: bytes) -> None:
    record = digits + b" path=package/y\n"
    tar = tar_of(Entry("package/x", record), Entry("package/z", b"data"))
    tar[156:157] = b"x"
    assert "broken extended header" in refusal(resealed(tar))


@pytest.mark.parametrize("size", [0, 1, 2**32 - 1, 64 * 1024**2])
def test_a_gzip_trailer_that_lies_about_the_size_is_not_believed(size: int) -> None:
    data = pack([PACKAGE_JSON, Entry("package/zeros", bytes(3 * 1024**2))])
    lying = data[:-4] + size.to_bytes(4, "little")
    assert read(lying)["zeros"] == bytes(3 * 1024**2)


def test_a_bomb_is_refused_before_it_goes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 100_000)
    monkeypatch.setattr(archive, "_ONE_CALL_BYTES", 100_000)
    asked: list[int] = []
    read_of = archive._GzipStream.read

    def spying(self: archive._GzipStream, size: int, /) -> bytes:
        asked.append(size)
        return read_of(self, size)

    monkeypatch.setattr(archive._GzipStream, "read", spying)
    bomb = pack([PACKAGE_JSON, Entry("package/bomb", bytes(50 * 1024**2))])
    assert "'package/bomb'" in refusal(bomb)
    assert max(asked) <= 512


def test_what_is_cut_off_is_refused() -> None:
    noise = b"".join(hashlib.sha512(bytes([n])).digest() for n in range(100))
    whole = pack([PACKAGE_JSON, Entry("package/x", noise)])
    for length in range(20, len(whole) - 100, 37):
        assert refusal(whole[:length]) == "the archive ends in the middle of its compressed data"
    tar = gzip.decompress(whole)
    for length in (700, 1024 + 100, 1024 + 512 + 5000):
        for data in (tar[:length], gzip.compress(tar[:length])):
            assert refusal(data) == "the archive ends in the middle of an entry"


def test_what_is_no_archive_is_refused() -> None:
    assert "not a tar" in refusal(b"<!doctype html>" + b" " * 1000)
    assert "not a tar" in refusal(gzip.compress(b"{}" * 600))
    assert "gzip" in refusal(b"\x1f\x8b" + b"x" * 1000)
    assert refusal(b"short")


@pytest.mark.parametrize("large", [False, True])
def test_forms_that_a_gzip_may_take(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(archive, "_ONE_CALL_BYTES", 0)
        monkeypatch.setattr(archive, "_PIECE", 7)
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
            if seen.setdefault(archive._folded(prefix), prefix + "/") != prefix + "/":
                return False
        if archive._folded(path) in seen:
            return False
        seen[archive._folded(path)] = path
    return True


trees = st.dictionaries(paths, contents, max_size=6).filter(_apart)


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=150, deadline=None)
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
    try:
        read(bytes(damaged))
    except ArchiveRefused:
        pass


# Through the command line


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ([PACKAGE_JSON, Entry("package/../../evil")], "'package/../../evil'"),
        ([PACKAGE_JSON, Entry("package/l", type="symlink", target="/")], "'package/l'"),
        ([PACKAGE_JSON, Entry("package/x", b"1"), Entry("package/x", b"2")], "'x' is there twice"),
        ([Entry("package/d/x", b"1")], "no package.json"),
        ([PACKAGE_JSON, Entry("package/\x1b[2J/../..")], r"'package/\x1b[2J/../..'"),
        ([], r"'package/\udcff/../..'"),
    ],
)
def test_a_refused_archive_leaves_nothing_behind(
    project: Project, registry: LocalRegistry, entries: list[Entry], named: str
) -> None:
    registry.publish("good@1.0.0")
    bad = pack(entries) if entries else pax_named(b"package/\xff/../..")
    registry.publish("a@1.0.0", archive=bad)
    project.manifest(dependencies={"good": "1"})
    project.graft("install")
    project.manifest(dependencies={"good": "1", "a": "1.0.0"})
    before = snapshot(project.dir), snapshot(project.store / "objects")
    slots = snapshot(project.store / "slots")
    failed = project.graft("install", "--json", check=False)
    assert failed.code == 32, failed
    assert (snapshot(project.dir), snapshot(project.store / "objects")) == before
    assert snapshot(project.store / "slots") == slots
    assert not list(project.store.glob("trash/*"))
    error = failed.json["error"]
    assert (error["code"], error["where"]) == ("archive-refused", "a@1.0.0")
    assert named in error["message"]


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


def test_npm_s_own_archives_are_read() -> None:
    assert read(pack_files({"package.json": "{}", "lib/x.js": "1"})) == {
        "package.json": b"{}",
        "lib/x.js": b"1",
    }
