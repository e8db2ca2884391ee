"""Archives come to a host whole, once, and only as what they were said to be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from graft.base.diagnostics import GraftError
from graft.fleet.client import Offer
from graft.fleet.host import pull
from graft.fleet.host.pace import Pace
from graft.fleet.host.reconcile import reconcile
from graft.fleet.host.switch import current_hash
from harness.archive import Entry, pack
from harness.fleet_upstream import Shelf, host_at

BIG = {"data.bin": os.urandom(40_000)}


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(pull, "CHUNK", 4096)
    shelf = Shelf()
    shelf.publish("small@1.0.0")
    shelf.publish("big@1.0.0", files=BIG)
    return shelf


def test_a_pull_that_was_cut_goes_on_where_it_ended(tmp_path: Path, shelf: Shelf) -> None:
    host = host_at(tmp_path, shelf)
    release = shelf.want(big="big@1.0.0")
    left = 5

    def spoil(data: bytes, _: Offer) -> bytes:
        nonlocal left
        left -= 1
        if left < 0:
            raise GraftError("fleet-unreachable", "the line is cut")
        return data

    shelf.spoil = spoil
    done = reconcile(host, "apps")
    assert done.error and done.report.pulled_bytes == 5 * 4096
    left = 1000
    done = reconcile(host, "apps")
    assert done.error is None and done.report.hash == release.hash
    assert done.report.pulled_bytes == release.size - 5 * 4096
    # The part that did not come was asked for again at once, of the server itself, and later.
    assert len({start for _, start, _ in shelf.parts}) == len(shelf.parts) - 2
    assert os.listdir(host.root.blobs) == []


@pytest.mark.parametrize("left_over", [b"x" * 5000, b"x" * 90_000])
def test_what_an_earlier_life_left_may_be_wrong(
    tmp_path: Path, shelf: Shelf, left_over: bytes
) -> None:
    host = host_at(tmp_path, shelf)
    release = shelf.want(big="big@1.0.0")
    os.makedirs(host.root.blobs)
    for integrity in shelf.archives:
        Path(host.root.part(integrity)).write_bytes(left_over)
    assert reconcile(host, "apps").report.hash == release.hash


def flipped_bit(data: bytes, _: Offer) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def truncated(data: bytes, _: Offer) -> bytes:
    return data[: len(data) // 2] if len(data) < 4096 else data


def too_much(data: bytes, _: Offer) -> bytes:
    return data + b"more"


def nothing(_: bytes, __: Offer) -> bytes:
    return b""


@pytest.mark.parametrize("spoil", [flipped_bit, too_much, nothing])
def test_an_archive_that_is_not_what_was_published_is_not_used(
    tmp_path: Path, shelf: Shelf, spoil: object
) -> None:
    host = host_at(tmp_path, shelf)
    first = shelf.want(small="small@1.0.0")
    reconcile(host, "apps")
    second = shelf.want(big="big@1.0.0", small="small@1.0.0")
    shelf.spoil = spoil  # type: ignore[assignment]
    done = reconcile(host, "apps")
    assert done.error and done.error.diagnostic.code == "fleet-blob-damaged"
    assert "big@1.0.0" in str(done.error)
    assert len(os.listdir(host.store.objects)) == 2  # that of small, and what says so
    assert current_hash(host.root.set("apps")) == first.hash
    shelf.spoil = lambda data, _: data
    assert reconcile(host, "apps").report.hash == second.hash


def test_short_answers_are_taken_up(tmp_path: Path, shelf: Shelf) -> None:
    release = shelf.want(big="big@1.0.0")
    shelf.spoil = lambda data, _: data[:1000]
    assert reconcile(host_at(tmp_path, shelf), "apps").report.hash == release.hash


def test_an_unsafe_archive_is_refused_and_leaves_nothing(tmp_path: Path, shelf: Shelf) -> None:
    archive = pack([Entry("package/package.json", b"{}"), Entry("package/../../evil", b"x")])
    import base64
    import hashlib

    digest = base64.b64encode(hashlib.sha512(archive).digest()).decode()
    shelf.publish("evil@1.0.0", archive=archive, integrity=f"sha512-{digest}")
    shelf.want(evil="evil@1.0.0")
    host = host_at(tmp_path, shelf)
    done = reconcile(host, "apps")
    assert done.error and done.error.diagnostic.code == "archive-refused"
    assert os.listdir(host.store.objects) == [] and list(tmp_path.rglob("evil")) == []


def test_an_archive_that_is_too_large_is_not_begun(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull.Puller.__init__, "__kwdefaults__", {"keeps": False, "most": 10_000})
    host = host_at(tmp_path, shelf)
    shelf.want(big="big@1.0.0", small="small@1.0.0")
    done = reconcile(host, "apps")
    assert done.error and done.error.diagnostic.code == "fleet-too-large"
    assert shelf.parts == []


def test_where_an_object_store_fails_the_server_gives_the_archive(
    tmp_path: Path, shelf: Shelf
) -> None:
    shelf.url = "http://store.example.com/blob"

    def spoil(data: bytes, offer: Offer) -> bytes:
        if offer.url:
            raise GraftError("fleet-unreachable", "no such host")
        return data

    shelf.spoil = spoil
    release = shelf.want(big="big@1.0.0", small="small@1.0.0")
    assert reconcile(host_at(tmp_path, shelf), "apps").report.hash == release.hash
    # Or it gives something else there.
    shelf.spoil = lambda data, offer: b"x" * len(data) if offer.url else data
    assert reconcile(host_at(tmp_path / "2", shelf), "apps").report.hash == release.hash


def test_a_pace_is_kept_by_all_together() -> None:
    now, slept = 0.0, list[float]()

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)

    pace = Pace(100_000, lambda: now, sleep)
    assert pace.chunk(8 << 20) == 100_000
    for _ in range(11):
        pace.take(100_000)
    assert now == pytest.approx(10.0)
    free = Pace(0, lambda: now, sleep)
    before = len(slept)
    free.take(10**9)
    assert len(slept) == before and free.chunk(5) == 5


def test_two_sets_of_a_host_pull_what_they_share_once(tmp_path: Path, shelf: Shelf) -> None:
    shelf.want(big="big@1.0.0", small="small@1.0.0")
    shelf.want(set="other", big="big@1.0.0")
    host = host_at(tmp_path, shelf)
    assert reconcile(host, "apps").report.pulled_blobs == 2
    done = reconcile(host, "other")
    assert done.error is None and done.flipped and done.report.pulled_blobs == 0
