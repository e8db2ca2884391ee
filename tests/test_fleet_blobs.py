"""Where archives lie: folders, object stores, and which of several is asked."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from unittest.mock import patch

import pytest

from graft.base import files
from graft.base.diagnostics import GraftError
from graft.fleet.blobs.folder import FolderBlobs
from graft.fleet.blobs.locations import open_blob_stores, parse_location
from graft.fleet.blobs.objects import ObjectBlobs
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import BlobStores, absent
from graft.model.integrity import Integrity
from harness.fleet_blobs import DictBlobs, archive
from harness.fleet_s3 import S3Server

A, A_DATA = archive("a")
B, B_DATA = archive("b", 70_000)


@pytest.fixture(params=["folder", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """One of each kind, with nothing in it."""
    if request.param == "folder":
        return FolderBlobs("folder", str(tmp_path / "not/there/yet"))
    if request.param == "memory":
        return ObjectBlobs("memory", "memory:///")
    return s3_store(request.getfixturevalue("s3"), tmp_path)


def s3_store(s3: S3Server, tmp_path: Path) -> BlobStore:
    bucket = hashlib.sha256(os.fsencode(tmp_path)).hexdigest()[:20]
    location = s3.bucket(bucket).location(bucket)
    return open_blob_stores([location], s3.environment()).store()


def code_of(caught: pytest.ExceptionInfo[GraftError]) -> str:
    return caught.value.diagnostic.code


# Every kind of store


def test_what_is_put_is_there_once_and_what_is_deleted_is_gone(store: BlobStore) -> None:
    assert (store.get(A), store.size(A), store.part(A, 0, 10)) == (None, None, None)
    assert [*store.list()] == []
    before = time.time() * 1000
    for _ in range(2):
        store.put(A, A_DATA)
    store.put(B, B_DATA)
    found = {integrity: (size, at) for integrity, size, at in store.list()}
    assert {integrity: size for integrity, (size, _) in found.items()} == {A: 1000, B: 70_000}
    assert all(before - 5000 < at < before + 60_000 for _, at in found.values())
    assert store.get(A) == A_DATA and store.size(B) == 70_000
    assert type(store.get(A)) is bytes
    for _ in range(2):
        store.delete(A)
    assert store.get(A) is None and store.get(B) == B_DATA


def test_a_store_that_answers_a_range_with_the_whole_is_survived(store: BlobStore) -> None:
    """``rclone serve s3`` answers with 200 instead of 206."""
    store.put(A, A_DATA)
    for start, end in ((0, 10), (990, 2000), (0, 1000), (1000, 1010), (5000, 5001), (7, 7), (9, 3)):
        assert store.part(A, start, end) == A_DATA[start:end]
    assert store.part(B, 0, 10) is None and store.part(B, 3, 3) is None


def test_what_is_put_again_replaces_a_copy_that_was_spoilt(store: BlobStore) -> None:
    store.put(A, b"spoilt")
    store.put(A, A_DATA)
    assert store.get(A) == A_DATA


# Folders


def test_a_put_that_is_killed_leaves_nothing_and_its_remains_go_a_day_later(tmp_path: Path) -> None:
    store = FolderBlobs("folder", str(tmp_path))
    with (
        patch.object(os, "replace", side_effect=KeyboardInterrupt),
        patch.object(files, "remove_file"),
        pytest.raises(KeyboardInterrupt),
    ):
        store.put(A, A_DATA)
    (left,) = os.listdir(tmp_path)
    assert store.get(A) is None and [*store.list()] == []
    assert os.listdir(tmp_path) == [left]  # somebody may be at it
    os.utime(tmp_path / left, (time.time() - 90_000,) * 2)
    (tmp_path / "README").write_text("not ours")
    os.utime(tmp_path / "README", (0, 0))
    assert [*store.list()] == []
    assert os.listdir(tmp_path) == ["README"]


def test_a_folder_that_cannot_be_used_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FolderBlobs("folder", str(tmp_path / "file"))
    with pytest.raises(GraftError) as caught:
        store.put(A, A_DATA)
    assert code_of(caught) == "blob-store-failed"
    assert caught.value.diagnostic.where == str(tmp_path / "file")
    (tmp_path / A.file_name).mkdir()
    with pytest.raises(GraftError) as caught:
        FolderBlobs("folder", str(tmp_path)).get(A)
    assert code_of(caught) == "blob-store-failed"


# Object stores


def test_an_address_can_be_read_by_anyone_for_a_while(s3: S3Server, tmp_path: Path) -> None:
    store = s3_store(s3, tmp_path)
    store.put(A, A_DATA)
    address = store.address(A, 60)
    assert address.startswith(s3.endpoint) and urllib.request.urlopen(address).read() == A_DATA
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(address.partition("?")[0])
    assert FolderBlobs("folder", str(tmp_path)).address(A, 60) == ""
    assert ObjectBlobs("memory", "memory:///").address(A, 60) == ""


def test_stores_that_refuse_are_said_without_credentials(s3: S3Server, tmp_path: Path) -> None:
    store = s3_store(s3, tmp_path)
    location = s3.location("no-such-bucket")
    wrong = {"GRAFT_BLOBS_S3__ACCESS_KEY_ID": "nobody", "GRAFT_BLOBS_S3__SECRET_ACCESS_KEY": "hush"}
    other = open_blob_stores([location], wrong).store()
    with pytest.raises(GraftError) as caught:
        other.get(A)
    said = str(caught.value.diagnostic.as_json())
    assert code_of(caught) == "blob-store-failed" and "hush" not in said and "nobody" not in said
    assert caught.value.diagnostic.where == "s3://no-such-bucket/blobs"
    # A bucket that is not there is no empty one.
    gone = open_blob_stores([location], s3.environment()).store()
    with pytest.raises(GraftError, match="listed"):
        list(gone.list())
    with pytest.raises(GraftError, match="written to"):
        gone.put(A, A_DATA)
    assert store.get(A) is None


class NoRanges(BaseHTTPRequestHandler):
    """The whole, whatever part was asked for."""

    asked = 0

    def do_GET(self) -> None:
        NoRanges.asked += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(A_DATA)))
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 21:05:18 GMT")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(A_DATA)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def without_ranges() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), NoRanges)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_knows_no_ranges_is_asked_for_the_whole(without_ranges: str) -> None:
    store = ObjectBlobs("web", without_ranges)
    assert store.part(A, 100, 200) == A_DATA[100:200]
    before = NoRanges.asked
    assert store.part(A, 200, 300) == A_DATA[200:300]
    assert NoRanges.asked == before  # and not for each part


# Which stores there are


def test_places_of_blob_stores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = parse_location("blobs")
    assert (folder.id, folder.place) == ("folder", str(tmp_path / "blobs"))
    assert parse_location("old=file:///srv/a%20b").place == "/srv/a b"
    s3 = parse_location("s3://bucket/pre?endpoint=https://s3.example.com&region=eu")
    assert (s3.id, s3.place) == ("s3", "s3://bucket/pre")
    assert s3.options == {"endpoint": "https://s3.example.com", "region": "eu"}
    assert parse_location("site-2=gs://bucket").id == "site-2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Old=/srv",
        "a--b=/srv",
        "old=",
        "s3://key:hush@bucket",
        "s3://bucket?secret_access_key=hush",
        "az://box?sas_token=hush",
        "nothing://bucket",
        "s3://bucket?bogus=1",
    ],
)
def test_what_names_no_blob_store_is_refused_without_saying_secrets(text: str) -> None:
    with pytest.raises(GraftError) as caught:
        open_blob_stores([text], {})
    assert code_of(caught) in ("fleet-invalid", "blob-store-failed")
    assert "hush" not in str(caught.value.diagnostic.as_json())


def test_two_stores_in_one_place_are_refused(tmp_path: Path) -> None:
    """The copies of one would be cleared away as those of the other."""
    (tmp_path / "link").symlink_to(tmp_path / "blobs")
    for second in (f"b={tmp_path}/blobs/", f"b={tmp_path}/link", f"a={tmp_path}/other"):
        with pytest.raises(GraftError, match="names no blob store"):
            open_blob_stores([f"a={tmp_path}/blobs", second], {})
    with pytest.raises(GraftError, match="names no blob store"):
        open_blob_stores(["a=s3://bucket/x", "b=s3://bucket/x/"], {})


# Section 8, blob-store-registry


def test_a_store_that_is_not_there_is_refused_with_those_that_are() -> None:
    stores = BlobStores([DictBlobs("folder"), DictBlobs("s3")])
    assert stores.ids == ("folder", "s3")
    assert (stores.store().id, stores.store("s3").id) == ("folder", "s3")
    with pytest.raises(GraftError) as caught:
        stores.store("gs")
    assert code_of(caught) == "fleet-invalid"
    assert caught.value.diagnostic.why == ("this server has: folder, s3",)
    with pytest.raises(GraftError) as caught:
        BlobStores([]).store()
    assert caught.value.diagnostic.why == ("this server has: none",)


def order_of(stores: list[DictBlobs], active: str, indexed: str) -> list[str]:
    asked: list[str] = []
    for store in stores:
        store.get = lambda _, id=store.id: asked.append(id)  # type: ignore
    with pytest.raises(GraftError) as caught:
        BlobStores(stores).read(A, active=active, indexed=indexed)
    assert code_of(caught) == "fleet-blob-missing"
    return asked


def test_the_active_store_is_asked_first_then_the_one_of_the_index_then_the_others() -> None:
    stores = [DictBlobs(id) for id in ("one", "two", "three", "four")]
    assert order_of(stores, "three", "four") == ["three", "four", "one", "two"]
    assert order_of(stores, "two", "two") == ["two", "one", "three", "four"]
    assert order_of(stores, "", "gone") == ["one", "two", "three", "four"]


def test_who_served_it_is_said() -> None:
    stores = BlobStores([DictBlobs("folder"), DictBlobs("s3", (A, A_DATA))])
    served = stores.read(A, active="folder")
    assert (served.data, served.store) == (A_DATA, "s3")


def test_a_store_that_fails_is_passed_over_like_one_that_lacks_it() -> None:
    failing, good = DictBlobs("s3"), DictBlobs("folder", (A, A_DATA))
    failing.fails = {"get"}
    stores = BlobStores([failing, good])
    assert stores.read(A, active="s3").store == "folder"
    good.held.clear()
    # It may be in the one that does not answer: that is not to be missing.
    with pytest.raises(GraftError) as caught:
        stores.read(A)
    assert code_of(caught) == "blob-store-failed"


def test_other_bytes_are_never_handed_on() -> None:
    spoilt, good = DictBlobs("s3", (A, B_DATA)), DictBlobs("folder", (A, A_DATA))
    stores = BlobStores([spoilt, good])
    assert stores.read(A, active="s3") == stores.read(A, active="folder")
    assert stores.part(A, 5, 9, active="s3") == A_DATA[5:9]
    good.held.clear()
    for read in (stores.read, lambda it: stores.part(it, 5, 9)):
        with pytest.raises(GraftError) as caught:
            read(A)
        assert code_of(caught) == "fleet-blob-damaged"
        assert "'s3'" in caught.value.diagnostic.why[0]
    with pytest.raises(GraftError) as caught:
        stores.put("folder", A, B_DATA)
    assert code_of(caught) == "fleet-blob-damaged" and not good.held


def test_parts_are_read_of_what_was_looked_through_whole_and_once() -> None:
    store = DictBlobs("folder", (A, A_DATA))
    stores = BlobStores([store])
    assert b"".join(stores.part(A, at, at + 100) for at in range(0, 1000, 100)) == A_DATA
    assert (len(store.tried("get")), len(store.tried("part"))) == (1, 9)
    store.fails = {"part"}
    assert stores.part(A, 0, 10) == A_DATA[:10]


def test_what_a_store_lacks_is_asked_of_it_each_once(store: BlobStore) -> None:
    store.put(A, A_DATA)
    c, d = (archive(name)[0] for name in "cd")
    assert absent(store, [d, A, B, d, c, A]) == [d, B, c]
    assert absent(store, []) == []


def test_an_integrity_of_a_weak_digest_names_a_blob_too(store: BlobStore) -> None:
    weak = Integrity("sha1", hashlib.sha1(A_DATA).digest())
    store.put(weak, A_DATA)
    assert [integrity for integrity, _, _ in store.list()] == [weak]
