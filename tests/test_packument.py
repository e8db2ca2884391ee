"""Packuments as real registries have them: every field of any type, and a few that are hostile."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.model.manifest import Manifest
from graft.model.platform import ANYWHERE, PlatformLimits
from graft.model.requirement import Kind, Requirement
from graft.resolve.pick import pick
from graft.sources.packument import Packument
from graft.sources.slim import slim
from graft.versions.specifier import parse_specifier

REGISTRY = "https://registry.example.com/npm/"
SHA1 = "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33"
SHA512 = "sha512-" + "A" * 86 + "=="


def document(name: str = "pkg", **fields: Any) -> bytes:
    """A packument with one version, 1.0.0, that has ``fields``."""
    said = {key.replace("__", "-"): value for key, value in fields.items()}
    version = {"name": name, "version": "1.0.0", **said}
    return json.dumps(
        {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    ).encode()


def read(name: str = "pkg", **fields: Any) -> Manifest:
    body = document(name, **fields)
    manifest = Packument(body, name=name, registry=REGISTRY).manifest("1.0.0")
    short = Packument(slim(body), name=name, registry=REGISTRY).manifest("1.0.0")
    assert short == manifest and short.tarball == manifest.tarball
    return manifest


def needs(manifest: Manifest) -> dict[str, tuple[str, Kind, bool]]:
    return {
        said.local: (said.specifier, said.kind, said.optional) for said in manifest.requirements
    }


def test_a_packument_lists_tags_and_versions_in_its_order() -> None:
    body = b'{"name":"a","dist-tags":{"latest":"2.0.0"},"versions":{"10.0.0":{},"2.0.0":{}}}'
    packument = Packument(body, name="a", registry=REGISTRY)
    assert packument.tags == {"latest": "2.0.0"}
    assert packument.versions == ["10.0.0", "2.0.0"]
    assert packument.manifest("2.0.0") is packument.manifest("2.0.0")
    with pytest.raises(KeyError):
        packument.manifest("3.0.0")


def test_a_whole_version() -> None:
    manifest = read(
        dependencies={"b": "^1.0.0"},
        peerDependencies={"react": ">=17"},
        os=["linux", "!win32"],
        bin={"tool": "./bin/tool.js"},
        hasInstallScript=True,
        dist={"integrity": SHA512, "shasum": SHA1, "tarball": f"{REGISTRY}pkg/-/pkg-1.0.0.tgz"},
    )
    assert manifest == Manifest(
        name="pkg",
        version="1.0.0",
        integrity=SHA512,
        requirements=(
            Requirement(local="b", specifier="^1.0.0", kind=Kind.PROD),
            Requirement(local="react", specifier=">=17", kind=Kind.PEER),
        ),
        bins=(("tool", "bin/tool.js"),),
        platforms=PlatformLimits(os=("linux", "!win32")),
        has_scripts=True,
    )


@pytest.mark.parametrize("wrong", [[], False, True, None, 7, "text", {"b": 1}, [["b"]]])
def test_fields_of_a_wrong_type_count_as_absent(wrong: Any) -> None:
    manifest = read(
        dependencies=wrong,
        optionalDependencies=wrong,
        peerDependencies=wrong,
        peerDependenciesMeta=wrong,
        dist=wrong,
        directories=wrong,
        scripts=wrong,
    )
    assert manifest == Manifest(name="pkg", version="1.0.0")


def test_dist_tags_of_a_wrong_type_count_as_absent() -> None:
    body = b'{"dist-tags":{"latest":1,"next":"1.0.0"},"versions":{}}'
    assert Packument(body, name="a", registry=REGISTRY).tags == {"next": "1.0.0"}
    body = b'{"dist-tags":[],"versions":{}}'
    assert Packument(body, name="a", registry=REGISTRY).tags == {}


@pytest.mark.parametrize(
    ("said", "bins"),
    [
        (False, ()),
        ("", ()),
        ("./cli.js", (("pkg", "cli.js"),)),
        ({"b": "b.js", "a": "./lib/../a.js"}, (("a", "a.js"), ("b", "b.js"))),
        ({"a": 7}, ()),
        (["a.js"], ()),
        ({"../evil": "a.js", "a/b": "a.js", "a\\b": "a.js", "": "a.js", "x\0": "a.js"}, ()),
        ({"..": "a.js", ".": "a.js"}, ()),
        ({"up": "../evil.js", "root": "/bin/sh", "win": "C\\x", "deep": "a/../../x"}, ()),
        ({"@acme/cli": "a.js"}, (("cli", "a.js"),)),
    ],
)
def test_bins(said: Any, bins: tuple[tuple[str, str], ...]) -> None:
    assert read(bin=said).bins == bins


def test_a_bin_without_a_name_is_called_like_the_package_without_scope() -> None:
    assert read("@acme/tool", bin="cli.js").bins == (("tool", "cli.js"),)


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        ("linux", ("linux",)),
        (["linux", "darwin"], ("linux", "darwin")),
        ([], ()),
        ("", ()),
        (["linux", 7], ("linux",)),
        ({"linux": True}, ()),
    ],
)
def test_platforms_are_a_text_or_a_list(said: Any, limits: tuple[str, ...]) -> None:
    assert read(os=said, cpu=said, libc=said).platforms == PlatformLimits(
        os=limits, cpu=limits, libc=limits
    )
    assert read().platforms is ANYWHERE


@pytest.mark.parametrize(
    ("said", "text"),
    [(True, "deprecated"), (False, ""), ("", ""), ("use b", "use b"), (None, ""), (7, "")],
)
def test_deprecation(said: Any, text: str) -> None:
    packument = Packument(document(deprecated=said), name="pkg", registry=REGISTRY)
    assert packument.manifest("1.0.0").deprecated == text
    assert packument.is_deprecated("1.0.0") is bool(text)


def test_an_optional_dependency_overrides_the_same_name_in_dependencies() -> None:
    manifest = read(dependencies={"b": "1", "c": "1"}, optionalDependencies={"b": "2"})
    assert needs(manifest) == {"b": ("2", Kind.OPTIONAL, True), "c": ("1", Kind.PROD, False)}


def test_a_dependency_beats_a_peer_of_the_same_name() -> None:
    manifest = read(dependencies={"b": "1"}, peerDependencies={"b": "2", "c": "3"})
    assert needs(manifest) == {"b": ("1", Kind.PROD, False), "c": ("3", Kind.PEER, False)}


def test_peers_may_be_optional() -> None:
    manifest = read(
        peerDependencies={"b": "1", "c": "1"},
        peerDependenciesMeta={"b": {"optional": True}, "c": {"optional": "yes"}, "d": {}},
    )
    assert needs(manifest) == {"b": ("1", Kind.PEER, True), "c": ("1", Kind.PEER, False)}


def test_a_peer_that_only_the_meta_names_is_an_optional_peer() -> None:
    manifest = read(peerDependenciesMeta={"b": {"optional": True}})
    assert needs(manifest) == {"b": ("*", Kind.PEER, True)}


def test_bundled_packages_are_not_asked_for() -> None:
    both: dict[str, Any] = {
        "dependencies": {"b": "1", "c": "1"},
        "optionalDependencies": {"d": "1"},
    }
    assert set(needs(read(**both, bundleDependencies=["b", "d"]))) == {"c"}
    assert set(needs(read(**both, bundledDependencies=["b"]))) == {"c", "d"}
    assert set(needs(read(**both, bundleDependencies=True))) == set()
    assert set(needs(read(**both, bundleDependencies=False))) == {"b", "c", "d"}
    peers: dict[str, Any] = {"peerDependencies": {"p": "1"}}
    assert set(needs(read(**both, **peers, bundleDependencies=True))) == {"p"}


@pytest.mark.parametrize("name", ["../evil", "a/b", "@acme", "@acme/../x", "", ".hidden", "a\0b"])
def test_an_unsafe_dependency_is_an_error_when_its_version_is_picked(name: str) -> None:
    packument = Packument(document(dependencies={name: "1"}), name="pkg", registry=REGISTRY)
    assert packument.versions == ["1.0.0"]
    with pytest.raises(GraftError) as caught:
        packument.manifest("1.0.0")
    assert caught.value.diagnostic.code == "registry-answer"
    assert "pkg@1.0.0" in caught.value.diagnostic.message


def test_scripts_are_known_from_either_form() -> None:
    assert read(hasInstallScript=True).has_scripts
    assert read(scripts={"postinstall": "node x"}).has_scripts
    assert not read(scripts={"test": "x", "prepare": "y", "install": None}).has_scripts
    assert not read(hasInstallScript=False).has_scripts


def test_integrity_falls_back_to_the_shasum() -> None:
    sha1 = "sha1-C+7Hteo/D9vJXQ3UfzxbwnXaijM="
    assert read(dist={"integrity": SHA512, "shasum": SHA1}).integrity == SHA512
    assert read(dist={"shasum": SHA1}).integrity == sha1
    assert read(dist={"integrity": "", "shasum": SHA1}).integrity == sha1
    assert read(dist={"integrity": "md5-x", "shasum": SHA1}).integrity == sha1
    assert read(dist={"shasum": "z" * 40}).integrity == ""
    assert read().integrity == ""


@pytest.mark.parametrize(
    ("name", "url", "tarball"),
    [
        ("pkg", f"{REGISTRY}pkg/-/pkg-1.0.0.tgz", ""),
        ("@acme/tool", f"{REGISTRY}@acme/tool/-/tool-1.0.0.tgz", ""),
        ("@acme/tool", f"{REGISTRY}@acme%2ftool/-/tool-1.0.0.tgz", ""),
        ("pkg", f"{REGISTRY}pkg/download/pkg-1.0.0.tgz", "pkg/download/pkg-1.0.0.tgz"),
        ("pkg", "https://cdn.example.com/pkg-1.0.0.tgz", "https://cdn.example.com/pkg-1.0.0.tgz"),
        ("pkg", f"{REGISTRY}../x/pkg.tgz", f"{REGISTRY}../x/pkg.tgz"),
        ("pkg", "file:///etc/passwd", ""),
        ("pkg", "ftp://host/pkg.tgz", ""),
        ("pkg", "https://host/a b.tgz", ""),
        ("pkg", "https://host/a\r\nX: y", ""),
        ("pkg", ["https://host/"], ""),
        ("pkg", "data:application/gzip,x", ""),
        ("pkg", "//host/pkg.tgz", ""),
        ("pkg", "pkg.tgz", ""),
        ("pkg", "https://", ""),
        ("pkg", "https:///pkg.tgz", ""),
        ("pkg", "https://user:pw@/pkg.tgz", ""),
        ("pkg", "https://host/" + "x" * 5000, ""),
        ("pkg", "HTTPS://host/pkg.tgz", "https://host/pkg.tgz"),
        ("pkg", "https://u:p@host/a@b.tgz", "https://host/a@b.tgz"),
        ("pkg", f"https://u:p@ss@{REGISTRY[8:]}pkg/-/pkg-1.0.0.tgz", ""),
    ],
)
def test_tarballs_are_relative_where_they_can_be(name: str, url: Any, tarball: str) -> None:
    assert read(name, dist={"tarball": url}).tarball == tarball


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>log in</html>",
        b"[]",
        b"null",
        b"{}",
        b'{"name":"pkg"}',
        b'{"name":"pkg","versions":[]}',
        b'{"name":"pkg","versions":{"1.0.0":{}}',
        b'{"name":"other","versions":{}}',
        b"\xff\xfe",
        b'{"versions":' + b"[" * 100_000,
    ],
)
def test_what_is_no_packument_is_an_error(body: bytes) -> None:
    with pytest.raises(GraftError) as caught:
        Packument(body, name="pkg", registry=REGISTRY)
    assert caught.value.diagnostic.code == "registry-answer"
    assert slim(body) == body or b"other" in body


def test_a_version_that_is_no_object_is_an_error_when_it_is_picked() -> None:
    body = b'{"versions":{"1.0.0":null,"2.0.0":{}}}'
    for form in (body, slim(body)):
        packument = Packument(form, name="pkg", registry=REGISTRY)
        assert packument.manifest("2.0.0").version == "2.0.0"
        with pytest.raises(GraftError, match=r"pkg@1\.0\.0"):
            packument.manifest("1.0.0")


def test_a_tagged_version_that_cannot_be_read_spoils_no_range_without_it() -> None:
    body = b'{"dist-tags":{"latest":"2.0.0"},"versions":{"1.0.0":{},"2.0.0":null}}'
    packument = Packument(body, name="pkg", registry=REGISTRY)
    assert pick(packument, parse_specifier("pkg", "^1"), "latest") == "1.0.0"
    with pytest.raises(GraftError, match=r"pkg@2\.0\.0"):
        pick(packument, parse_specifier("pkg", "*"), "latest")


@pytest.mark.parametrize(
    "version",
    [
        *("1.9.0\n", " 1.9.0", "1.9.0\t", "v 1.9.0", "1.9.0\u2028", "1.9.0\0", "\uff11.9.0"),
        *("1.9.0/../../x", "..", "1.9.0\\x", "1.9.0+a/b", "__proto__", "constructor", ""),
        *("9" * 5000 + ".0.0", "1.9.0-" + "9" * 5000, "1.9"),
    ],
)
def test_a_version_that_could_be_no_part_of_a_path_is_nobodys_choice(version: str) -> None:
    said = {"dist-tags": {"latest": version}, "versions": {version: {}, "1.0.0": {}}}
    packument = Packument(json.dumps(said).encode(), name="pkg", registry=REGISTRY)
    for text in ("*", "^1", ">=1.0.0-0"):
        assert pick(packument, parse_specifier("pkg", text), "latest") == "1.0.0"
    assert pick(packument, parse_specifier("pkg", "latest"), "latest") is None


def test_what_a_version_says_of_its_own_name_changes_nothing() -> None:
    manifest = read(version="9.9.9")
    body = document(name="pkg").replace(b'{"1.0.0": {"name": "pkg"', b'{"1.0.0": {"name": "../x"')
    assert Packument(body, name="pkg", registry=REGISTRY).manifest("1.0.0") == manifest
    assert (manifest.name, manifest.version) == ("pkg", "1.0.0")


@pytest.mark.parametrize(
    "said",
    [
        b'{"versions":{"1.0.0":{"dist":' + b"[" * 100_000 + b"]" * 100_000 + b"}}}",
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"versions":{}}',
        b'{"versions":{"\\ud800":{}}}',
        b'{"versions":{"1.0.0":{"deprecated":"\\udc00"}}}',
        b'{"name":7,"versions":{}}',
    ],
)
def test_what_no_reader_could_bear_is_refused_as_a_whole(said: bytes) -> None:
    with pytest.raises(GraftError) as caught:
        Packument(slim(said), name="pkg", registry=REGISTRY)
    assert caught.value.diagnostic.code == "registry-answer"


def test_a_huge_packument_is_read_in_less_memory_than_it_has_itself() -> None:
    versions = {f"1.0.{n}": {"dist": {"x": "y" * 2000}} for n in range(5_000)}
    body = json.dumps({"dist-tags": {"latest": "1.0.7"}, "versions": versions}).encode()
    del versions
    tracemalloc.start()
    packument = Packument(body, name="pkg", registry=REGISTRY)
    assert pick(packument, parse_specifier("pkg", "^1"), "latest") == "1.0.7"
    assert pick(packument, parse_specifier("pkg", "<1.0.5"), "latest") == "1.0.4"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(body)


def test_slimming_drops_what_an_install_does_not_need() -> None:
    full = json.loads(document(dependencies={"b": "1"}, maintainers=["x"], readme="long"))
    full |= {"readme": "x" * 1000, "time": {"1.0.0": "2024"}}
    short = json.loads(slim(json.dumps(full).encode()))
    assert short == {
        "name": "pkg",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": {"dependencies": {"b": "1"}}},
    }
