"""The hash that names a release."""

from __future__ import annotations

import random

from graft.fleet.release import EMPTY_HASH, Entry, is_release_hash, lockfile_hash, release_hash

A = ("a", "1.0.0", "sha-a")
B = ("b", "2.0.0", "sha-b")


def entry(name: str, version: str = "1.0.0") -> Entry:
    return Entry(name=name, version=version, integrity=f"sha512-{name}")


def test_the_hash_of_packages_is_that_of_the_vectors() -> None:
    of_a = "cfbe1be0429bfbcd7c5f04f5a12f0944bb3c7c70b86c3eab51fd046185d227c5"
    of_both = "224c4499329406a91ee025138c695f24a298c2012193b127af8284e33c18910b"
    assert lockfile_hash([A]) == of_a
    assert lockfile_hash([A, B]) == lockfile_hash([B, A]) == of_both
    assert lockfile_hash([]) == EMPTY_HASH
    assert EMPTY_HASH.startswith("e3b0c44298fc") and EMPTY_HASH.endswith("b855")


def test_the_hash_depends_on_version_and_integrity_and_on_no_order() -> None:
    entries = [(f"p{number}", "1.0.0", f"sha-{number}") for number in range(50)]
    shuffled = random.Random(7).sample(entries, len(entries))
    assert lockfile_hash(entries) == lockfile_hash(shuffled)
    assert lockfile_hash([("a", "1.0.1", "sha-a")]) != lockfile_hash([A])
    assert lockfile_hash([("a", "1.0.0", "sha-b")]) != lockfile_hash([A])


def test_a_release_is_another_where_its_lock_is() -> None:
    packages = [entry("a"), entry("b")]
    one, other = release_hash(b"{}", packages), release_hash(b"{ }", packages)
    assert one != other and is_release_hash(one)
    assert release_hash(b"{}", packages[::-1]) == one
    assert release_hash(b"{}", []) == EMPTY_HASH


def test_only_a_hash_may_name_a_folder() -> None:
    assert is_release_hash(EMPTY_HASH)
    for text in ("", "..", "a" * 63, "A" * 64, f"{EMPTY_HASH}\n", f"../{EMPTY_HASH}"):
        assert not is_release_hash(text)
