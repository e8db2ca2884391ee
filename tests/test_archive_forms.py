"""Well-formed archives, however odd, are read as npm's own reader and Python's read them. What two
such readers would read differently is refused."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graft.store import archive, archive_names
from graft.store.archive import read_archive
from graft.store.archive_names import ArchiveRefused
from harness.archive import Entry, pack
from harness.tar_bytes import extended, header, pax_record, resealed, tar_of

END = bytes(1024)


def read(data: bytes) -> dict[str, bytes]:
    return {file.path: bytes(file.data) for file in read_archive(data)}


def refusal(data: bytes) -> str:
    with pytest.raises(ArchiveRefused) as refused:
        read(data)
    return str(refused.value)


def by_tarfile(data: bytes) -> dict[str, bytes]:
    """What the standard library reads, with npm's rule that the first component goes."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            content = tar.extractfile(member)
            path = "/".join(part for part in member.name.split("/")[1:] if part not in ("", "."))
            if content is not None and path:
                found[path] = content.read()
    return found


class Form(NamedTuple):
    """A file and the way its header says so."""

    name: bytes
    data: bytes
    how: str

    def packed(self) -> bytes:
        name, size = self.name, len(self.data)
        padded = self.data + bytes(-size % 512)
        if self.how == "pax":
            record = pax_record(b"mtime", b"1.5") + pax_record(b"path", name)
            return extended(b"x", record) + header(b"package/other", size) + padded
        if self.how == "pax size":
            said = extended(b"x", pax_record(b"size", b"%d" % size))
            return said + header(name, 0) + padded
        if self.how == "gnu":
            return extended(b"L", name + b"\0") + header(name[:99], size) + padded
        if self.how == "prefix":
            folder, _, own = name.rpartition(b"/")
            return header(own, size, prefix=folder) + padded
        if self.how == "base 256":
            return header(name, size, size_field=b"\x80" + size.to_bytes(11, "big")) + padded
        if self.how == "spaces":
            return header(name, size, size_field=b"%11o " % size) + padded
        if self.how == "old":
            return header(name, size, kind=b"\0", magic=bytes(8)) + padded
        return header(name, size) + padded


names = st.lists(st.text("ab.-é日 \\", min_size=1, max_size=6), min_size=1, max_size=4)
forms = st.builds(
    Form,
    name=names.map(lambda parts: "/".join(["package", *parts]).encode()),
    data=st.one_of(st.binary(max_size=9), st.sampled_from([bytes(512), b"x" * 700])),
    how=st.sampled_from(["", "pax", "pax size", "gnu", "prefix", "base 256", "spaces", "old"]),
)


@given(files=st.lists(forms, max_size=5), end=st.sampled_from([b"", END, END * 9]))
def test_what_is_read_is_what_the_standard_library_reads(files: list[Form], end: bytes) -> None:
    tar = b"".join(form.packed() for form in files) + end
    try:
        found = read(tar)
    except ArchiveRefused as refused:
        assert any(
            word in str(refused)
            for word in ("one name", "below", "and a folder", "leaves the package", "not a tar")
        ), refused
        return
    assert found == by_tarfile(tar or END)


def test_a_lone_empty_block_ends_nothing_as_for_npm() -> None:
    parts = header(b"package/a", 0), header(b"package/b", 0), header(b"package/c", 0)
    assert read(bytes(512).join(parts[:2]) + END + parts[2]) == {"a": b"", "b": b""}
    assert read(gzip.compress(parts[0] + bytes(512)) + gzip.compress(parts[1] + bytes(512))) == {
        "a": b"",
        "b": b"",
    }
    assert read(parts[0] + bytes(512) + b"tail") == {"a": b""}


@pytest.mark.parametrize(
    "before",
    [
        extended(b"x", pax_record(b"path", b"package/1")) * 2,
        extended(b"L", b"package/1\0") * 2,
        extended(b"L", b"package/1\0") + extended(b"x", pax_record(b"path", b"package/2")),
        extended(b"x", pax_record(b"path", b"package/2")) + extended(b"L", b"package/1\0"),
    ],
)
def test_an_entry_that_is_named_twice_is_refused(before: bytes) -> None:
    assert "says twice" in refusal(before + header(b"package/x", 0) + END)


@pytest.mark.parametrize(
    "record",
    [
        pax_record(b"size", b"-1"),
        pax_record(b"size", b"1e3"),
        pax_record(b"size", b""),
        pax_record(b"path", b"package/a\nb"),
        # npm reads the second line of this comment as a record.
        pax_record(b"comment", b"\n" + pax_record(b"path", b"package/evil")),
        pax_record(b"path", b"package/x")[:-1] + b"x",
        b"7 path\n",
        b"9999 path=package/x\n",
        b"5 a=\n" + b"0 path=x\n",
    ],
)
def test_records_that_tools_read_differently_are_refused(record: bytes) -> None:
    assert "broken extended" in refusal(extended(b"x", record) + header(b"package/x", 0) + END)


@pytest.mark.parametrize(
    "nameless",
    [
        header(b"", 512),
        header(b"", 0, prefix=b"package/a"),
        extended(b"L", b"\0") + header(b"package/x", 0),
        extended(b"x", pax_record(b"path", b"")) + header(b"package/x", 0),
        header(b"", 512, kind=b"L") + b"package/y".ljust(512, b"\0") + header(b"package/x", 0),
    ],
    ids=["no name", "prefix", "long", "pax", "of a header"],
)
def test_an_entry_without_a_name_is_refused(nameless: bytes) -> None:
    assert "without a name" in refusal(nameless + header(b"package/z", 0) + END)


@pytest.mark.parametrize("key", [b"path", b"size", b"GNU.sparse.size", b"linkpath"])
def test_a_global_header_says_nothing_of_entries(key: bytes) -> None:
    said = extended(b"g", pax_record(b"comment", b"a commit"))
    assert read(said + header(b"package/x", 0) + said + header(b"package/y", 0)).keys() == {
        "x",
        "y",
    }
    said = extended(b"g", pax_record(key, b"1"))
    assert "global header" in refusal(said + header(b"package/x", 0) + END)


@pytest.mark.parametrize(
    "records",
    [
        [(b"GNU.sparse.size", b"9"), (b"GNU.sparse.numblocks", b"1")],
        [(b"GNU.sparse.map", b"0,1"), (b"GNU.sparse.name", b"package/y")],
        [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.realsize", b"9")],
    ],
    ids=["0.0", "0.1", "1.0"],
)
def test_hazard_sparse_files_of_each_pax_form_are_refused(
    records: list[tuple[bytes, bytes]],
) -> None:
    said = extended(b"x", b"".join(pax_record(*record) for record in records))
    assert refusal(said + header(b"package/x", 0) + END) == "'package/x' is a sparse file"


def test_a_socket_is_refused_by_name() -> None:
    assert refusal(header(b"package/s", 0, kind=b"s") + END).startswith("'package/s' is")


@pytest.mark.parametrize(
    "name", ["aux.js", "con", "a.", "a ", " a", "x/..a", "...", "a\\b", "-rf", "a\x01b", "nul/x"]
)
def test_names_that_other_systems_reserve_are_read_as_they_are(name: str) -> None:
    assert read(header(b"package/" + name.encode(), 0) + END) == {name: b""}


def test_a_prefix_counts_only_where_npm_reads_one() -> None:
    for magic in (b"ustar  \0", b"ustar\0  ", bytes(8)):
        assert read(header(b"package/x", 0, prefix=b"other", magic=magic) + END) == {"x": b""}


def test_accents_that_only_a_change_of_case_makes_one_are_one_name() -> None:
    first, second = "α\u0345\u0301", "\u1fb4"  # one letter, its two marks in the other order
    tar = header(f"package/{first}".encode(), 0) + header(f"package/{second}".encode(), 0)
    assert "are one name" in refusal(tar + END)


def test_a_first_gzip_member_of_the_last_one_s_size_is_not_all_there_is() -> None:
    first, second = header(b"package/a", 0) + bytes(512), header(b"package/b", 0) + bytes(512)
    assert read(gzip.compress(first) + gzip.compress(second)).keys() == {"a", "b"}


def test_hazard_gzip_members_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 20)
    tar = bytes(tar_of(Entry("package/x", b"1")))
    empty = gzip.compress(b"")
    assert read(empty * 19 + gzip.compress(tar)) == {"x": b"1"}
    assert "20 gzip members" in refusal(empty * 20 + gzip.compress(tar))


def test_hazard_extended_records_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_RECORDS", 20)
    said = extended(b"x", b"5 a=\n" * 10)
    entries = [said + header(b"package/%d" % number, 0) for number in range(3)]
    assert len(read(b"".join(entries[:2]) + END)) == 2
    assert "20 extended records" in refusal(b"".join(entries) + END)


def test_hazard_more_folders_than_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_names, "MAX_ENTRIES", 12)
    deep = [header(b"package/%d/a/b/c/x" % number, 0) for number in range(4)]
    assert len(read(b"".join(deep[:3]) + END)) == 3
    assert refusal(b"".join(deep) + END) == "the archive has more than 12 folders"


def test_a_path_of_10_000_components_is_refused_in_few_words() -> None:
    said = extended(b"x", pax_record(b"path", b"package/" + b"d/" * 10_000 + b"x"))
    assert len(refusal(said + header(b"package/x", 0) + END)) < 1000
    said = extended(b"x", pax_record(b"path", b"package/" + b"./" * 10_000 + b"x"))
    assert "too long for a path" in refusal(said + header(b"package/x", 0) + END)


def test_a_package_json_that_fills_the_memory_is_refused() -> None:
    size = archive.MAX_MANIFEST_BYTES
    assert read(pack([Entry("package/package.json", b" " * size)])).keys() == {"package.json"}
    assert "'package/package.json' is larger" in refusal(
        pack([Entry("package/package.json", b" " * (size + 1))])
    )


@pytest.mark.parametrize("gzipped", [False, True])
def test_an_archive_cut_off_anywhere_is_refused_or_a_part_of_it(gzipped: bool) -> None:
    long = "d/" * 70 + "x"
    tar = gzip.decompress(pack([Entry("package/a", b"1"), Entry(f"package/{long}", b"22")]))
    whole = read(tar)
    data = gzip.compress(tar, mtime=0) if gzipped else tar
    # Blocks have 512 bytes: with a step that has no factor of that, places in them differ.
    for length in range(0, len(data), 1 if gzipped else 7):
        try:
            found = read(data[:length])
        except ArchiveRefused:
            continue
        assert found.items() <= whole.items()
        assert not gzipped or length == 0 or found == whole


@pytest.mark.parametrize(
    "data",
    [b"PK\x03\x04" + bytes(600), b"\xfd7zXZ\0" + b"x" * 600, b"BZh9" + b"x" * 600, b"\x1f\x8b"],
    ids=["zip", "xz", "bzip2", "half a magic"],
)
def test_other_formats_are_refused(data: bytes) -> None:
    assert refusal(data)


@pytest.mark.parametrize("field", [b"\xff" * 12, b"\x80" + b"\xff" * 11])
def test_sizes_below_zero_and_beyond_all_bounds_are_refused(field: bytes) -> None:
    assert "larger than is allowed" in refusal(header(b"package/x", 0, size_field=field) + END)
    assert "extended header" in refusal(header(b"x", 0, size_field=field, kind=b"x") + END)


def test_times_and_owners_that_make_no_sense_say_nothing() -> None:
    tar = bytearray(header(b"package/x", 0))
    tar[108:124], tar[136:148] = b"\xff" * 16, b"-9999999999\0"
    assert read(resealed(tar) + END) == {"x": b""}
