"""Folders come into the store whole, whoever else wants to put them there."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from graft.store.paths import Store, open_store
from graft.store.trash import discard, publish


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path))


def folder(path: str, text: str) -> str:
    os.mkdir(path)
    Path(path, "file").write_text(text)
    Path(path).chmod(0o555)
    return path


def final(store: Store) -> str:
    return store.slot("slot")


def put(store: Store, text: str) -> str:
    return folder(os.path.join(store.slots, f".tmp-{text}"), text)


def text_of(store: Store) -> str:
    return Path(final(store), "file").read_text()


def test_what_is_good_stays(store: Store) -> None:
    assert publish(store, put(store, "first"), final(store), lambda: False)
    assert not publish(store, put(store, "second"), final(store), lambda: True)
    assert text_of(store) == "first"


def test_what_is_not_good_makes_way(store: Store) -> None:
    folder(final(store), "damaged")
    assert publish(store, put(store, "new"), final(store), lambda: False)
    assert text_of(store) == "new"
    assert os.listdir(store.trash) == []


def test_an_empty_folder_makes_way(store: Store) -> None:
    os.mkdir(final(store))
    assert publish(store, put(store, "new"), final(store), lambda: False)
    assert text_of(store) == "new"


def test_another_takes_the_damaged_folder_away_at_the_same_time(store: Store) -> None:
    folder(final(store), "damaged")

    def looked() -> bool:
        discard(store, final(store))
        return False

    assert publish(store, put(store, "new"), final(store), looked)
    assert text_of(store) == "new"


def test_another_is_quicker_with_the_same(store: Store) -> None:
    folder(final(store), "damaged")
    looks = []

    def looked() -> bool:
        looks.append(text_of(store))
        if len(looks) == 1:
            discard(store, final(store))
            folder(final(store), "theirs")
            return False
        return looks[-1] == "theirs"

    publish(store, put(store, "ours"), final(store), looked)
    assert text_of(store) in ("theirs", "ours")
    assert os.listdir(store.trash) == []


def test_a_system_that_refuses_is_heard(store: Store) -> None:
    Path(final(store)).write_text("a file")
    with pytest.raises(NotADirectoryError):
        publish(store, put(store, "new"), final(store), lambda: False)
    with pytest.raises(OSError) as refused:
        publish(store, put(store, "more"), f"{final(store)}/below/it", lambda: False)
    assert refused.value.errno == errno.ENOTDIR
