"""What no archive may hold is refused by name, and nothing of it stays behind."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from typing import Any

import pytest

from graft.store import archive
from graft.store.archive import read_archive
from graft.store.archive_names import MAX_ENTRIES, ArchiveRefused
from harness.archive import Entry, pack
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tar_bytes import pax_named, resealed, tar_of
from harness.tree import snapshot

PACKAGE_JSON = Entry("package/package.json", b'{"name":"a","version":"1.0.0"}')


def read(data: bytes) -> dict[str, bytes]:
    return {file.path: bytes(file.data) for file in read_archive(data)}


def refusal(data: bytes) -> str:
    with pytest.raises(ArchiveRefused) as refused:
        read(data)
    return str(refused.value)


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
    assert f"'{name}" in refusal(pack([PACKAGE_JSON, Entry(name, type=type)]))


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


def test_over_100_000_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_ENTRIES == 100_000
    monkeypatch.setattr(archive, "MAX_ENTRIES", 1_000)
    empty = bytes(tar_of(Entry("package/x", type="dir"))[:512])
    assert read(gzip.compress(empty * 1_000 + bytes(1024), 1)) == {}
    assert "1,000 entries" in refusal(gzip.compress(empty * 1_001 + bytes(1024), 1))


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


def test_a_bomb_is_refused_before_it_goes_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILE_BYTES", 100_000)
    monkeypatch.setattr(archive, "_ONE_CALL_BYTES", 100_000)
    asked: list[int] = []
    read_of = archive._GzipStream.read

    def spying(self: archive._GzipStream, size: int, /) -> memoryview:
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
    for length in (520, 1024 + 100, 1024 + 512 + 5000):
        for data in (tar[:length], gzip.compress(tar[:length])):
            assert refusal(data) == "the archive ends in the middle of an entry"


def test_what_is_no_archive_is_refused() -> None:
    assert "not a tar" in refusal(b"<!doctype html>" + b" " * 1000)
    assert "not a tar" in refusal(gzip.compress(b"{}" * 600))
    assert "gzip" in refusal(b"\x1f\x8b" + b"x" * 1000)
    assert refusal(b"short")


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
    bad = pack(entries) if entries else pax_named(b"package/\xff/../..", PACKAGE_JSON)
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


def test_hazard_names_that_no_file_system_takes(project: Project, registry: LocalRegistry) -> None:
    longest = "n" * 214
    said = json.dumps({"name": "日" * 90, "version": "1.0.0"}).encode()
    nameless = pack([Entry("package/package.json", said)])
    registry.publish("a@1.0.0", archive=nameless, bin={"c" * 256: "x.js", "b": "y" * 800})
    registry.publish(f"{longest}@1.0.0-{'0a' * 100}")
    project.manifest(dependencies={"a": "1", longest: "*", "日": "*"})
    assert project.graft("install", "--json", check=False).json["error"]["code"] == (
        "manifest-invalid"
    )
    project.manifest(dependencies={"a": "1", longest: "*"})
    project.graft("install")
    assert project.path(f"node_modules/{longest}/package.json").exists()
