"""tar.xz, tar.zst and zip: the same files as from a tar.gz, held to the same rules."""

from __future__ import annotations

import gzip
import io
import lzma
import stat
import zipfile
from collections.abc import Callable

import pytest
from backports import zstd

from graft.store import compressed
from graft.store.archive import read_archive
from graft.store.archive_names import ArchiveRefused
from harness.archive import Entry, pack

FILES = {
    "package.json": b'{"name":"tool"}',
    "lib/index.js": b"module.exports = 1\n" * 5000,
    "bin/run": b"#!/bin/sh\n",
}


def tar() -> bytes:
    entries = [Entry(f"tool-1.0.0/{path}", data, 0o644) for path, data in FILES.items()]
    return gzip.decompress(pack(entries))


def zipped(entries: dict[str, bytes], mode: int = 0o644) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return whole.getvalue()


def read(data: bytes) -> dict[str, bytes]:
    return {file.path: bytes(file.data) for file in read_archive(data)}


@pytest.mark.parametrize(
    "compress", [lzma.compress, zstd.compress, lambda tar: lzma.compress(tar) + bytes(8)]
)
def test_a_tar_is_read_whatever_compressed_it(compress: Callable[[bytes], bytes]) -> None:
    assert read(compress(tar())) == FILES


@pytest.mark.parametrize("compress", [lzma.compress, zstd.compress])
def test_several_members_are_one_archive(compress: Callable[[bytes], bytes]) -> None:
    whole = tar()
    assert read(compress(whole[:700]) + compress(whole[700:])) == FILES


@pytest.mark.parametrize("compress", [lzma.compress, zstd.compress])
def test_what_is_cut_off_is_refused(compress: Callable[[bytes], bytes]) -> None:
    whole = compress(tar())
    with pytest.raises(ArchiveRefused, match=r"ends in the middle|not readable"):
        read(whole[: len(whole) // 2])


@pytest.mark.parametrize("magic", [compressed.XZ_MAGIC, compressed.ZSTD_MAGIC, b"PK\x03\x04"])
def test_what_only_begins_like_one_is_refused(magic: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="not readable as"):
        read(magic + b"and then something else" * 10)


def test_a_zip_loses_the_folder_that_all_of_it_is_in() -> None:
    assert read(zipped({f"tool-1.0.0/{path}": data for path, data in FILES.items()})) == FILES
    assert read(zipped(FILES)) == FILES


def test_a_zip_keeps_who_may_be_run() -> None:
    (file,) = read_archive(zipped({"tool/run": b"x"}, 0o755))
    assert file.executable


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped({"tool/../../evil": b""}), "leaves the package's folder"),
        (zipped({"/etc/passwd": b""}), "absolute path"),
        (zipped({"tool/link": b"/etc"}, stat.S_IFLNK | 0o777), "symbolic link"),
        (zipped({"tool/a\\b": b""}), "no path on every machine"),
        (zipped({"tool/A": b"1", "tool/a": b"2"}), "one name where case does not count"),
    ],
)
def test_a_zip_is_believed_in_nothing(data: bytes, reason: str) -> None:
    with pytest.raises(ArchiveRefused, match=reason):
        read(data)


def test_a_zip_with_two_files_of_one_name_is_refused() -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("tool/a", b"1")
        archive.writestr("tool/a", b"2")
    with pytest.raises(ArchiveRefused, match="there twice"):
        read(whole.getvalue())


def test_a_zip_that_inflates_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "MAX_TOTAL_BYTES", 100_000)
    with pytest.raises(ArchiveRefused, match="larger than is allowed"):
        read(zipped({"tool/zeros": bytes(200_000)}))
