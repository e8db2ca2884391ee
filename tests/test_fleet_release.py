"""The hash that names a release."""

from __future__ import annotations

import random

from graft.fleet.publishing.composition import archives_of, release_of
from graft.fleet.release import EMPTY_HASH, Entry, is_release_hash, lockfile_hash, release_hash
from graft.model.graph import Graph, Importer, Node
from graft.model.integrity import Integrity
from graft.model.manifest import Manifest, PlatformArchive
from graft.model.platform import Platform, PlatformLimits

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


def test_a_release_is_another_where_it_was_made_for_other_platforms() -> None:
    packages = [entry("a")]
    linux, mac = Platform(os="linux", cpu="x64", libc="glibc"), Platform(os="darwin", cpu="arm64")
    for_all, for_linux = release_hash(b"{}", packages), release_hash(b"{}", packages, [linux])
    for_both = release_hash(b"{}", packages, [mac, linux])
    assert len({for_all, for_linux, for_both}) == 3
    assert release_hash(b"{}", packages, [linux, mac, linux]) == for_both
    assert release_hash(b"{}", [], [linux]) == EMPTY_HASH


def test_only_a_hash_may_name_a_folder() -> None:
    assert is_release_hash(EMPTY_HASH)
    for text in ("", "..", "a" * 63, "A" * 64, f"{EMPTY_HASH}\n", f"../{EMPTY_HASH}"):
        assert not is_release_hash(text)


def test_the_same_bytes_for_two_kinds_of_machines_are_one_archive_for_both() -> None:
    integrity = str(Integrity("sha256", bytes(32)))
    archives = tuple(
        PlatformArchive(PlatformLimits(os=(os,)), integrity, f"{os}.tgz")
        for os in ("linux", "darwin")
    )
    manifest = Manifest(name="a", version="1.0.0", archives=archives)
    graph = Graph(
        importers={".": Importer(path=".", requirements=(), edges={"a": "a@1.0.0"})},
        nodes={"a@1.0.0": Node(id="a@1.0.0", manifest=manifest, edges={})},
    )
    (only,) = release_of(graph, archives_of(graph, ())).entries
    for os in ("linux", "darwin"):
        assert only.platforms.admit(Platform(os=os, cpu="x64"))
    (of_linux,) = archives_of(graph, [Platform(os="linux", cpu="x64")]).values()
    assert of_linux.platforms.admit(Platform(os="linux", cpu="x64"))
