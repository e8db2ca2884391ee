"""Specifiers that name no registry, read as npm reads them. The cases are npm's documented forms,
and those that its own readers of addresses are tested with."""

from __future__ import annotations

import pytest

from graft.base.diagnostics import GraftError
from graft.versions.source_text import (
    ArchiveSource,
    GitSource,
    LocalSource,
    answers,
    parse_source,
    written,
)
from graft.versions.specifier import parse_specifier

HUB = "https://github.com/o/r.git"
SSH = "ssh://git@github.com/o/r.git"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "url", "first"),
    [
        ("o/r", HUB, HUB),
        ("o/r.git", HUB, HUB),
        ("github:o/r", HUB, HUB),
        ("github:user:password@o/r", HUB, HUB),
        ("https://github.com/o/r", HUB, HUB),
        ("https://www.github.com/o/r", HUB, HUB),
        ("https://github.com/o/r.git", HUB, HUB),
        ("git+https://github.com/o/r.git", HUB, HUB),
        ("git+https://user:pass@github.com/o/r.git", HUB, "https://user:pass@github.com/o/r.git"),
        ("git+ssh://git@github.com/o/r.git", HUB, SSH),
        ("git+ssh://git@github.com:o/r.git", HUB, SSH),
        ("ssh://git@github.com/o/r", HUB, SSH),
        ("git@github.com:o/r.git", HUB, SSH),
        ("git@github.com:o/r", HUB, SSH),
        ("git://github.com/o/r.git", HUB, HUB),
        ("gitlab:g/s/r", "https://gitlab.com/g/s/r.git", "https://gitlab.com/g/s/r.git"),
        ("https://gitlab.com/g/s/r", "https://gitlab.com/g/s/r.git", None),
        ("bitbucket:o/r", "https://bitbucket.org/o/r.git", None),
        ("gist:11081aaa281", "https://gist.github.com/11081aaa281.git", None),
        ("gist:user/11081aaa281", "https://gist.github.com/11081aaa281.git", None),
        ("sourcehut:~o/r", "https://git.sr.ht/~o/r", None),
        ("git@h.example.com:o/r.git", "https://h.example.com/o/r.git", "git@h.example.com:o/r.git"),
        ("git+ssh://git@H.example.com:2222/o/r", "https://h.example.com/o/r", None),
        ("git+https://h.example.com:8443/o/r", "https://h.example.com:8443/o/r", None),
        ("git+http://h.example.com:8080/o/r", "http://h.example.com:8080/o/r", None),
        ("git://h.example.com/r", "https://h.example.com/r", "git://h.example.com/r"),
        ("git+file:///srv/r.git", "file:///srv/r.git", "file:///srv/r.git"),
    ],
)
def test_repositories(text: str, url: str, first: str | None) -> None:
    source = parse_source(text)
    assert parse_specifier("x", text).foreign == "git"
    assert isinstance(source, GitSource) and source.url == url
    assert first is None or source.transports[0] == first
    assert (source.ref, source.range, source.path) == ("", "", "")


@pytest.mark.parametrize(
    ("fragment", "ref", "range", "path"),
    [
        ("v1.0.0", "v1.0.0", "", ""),
        (COMMIT, COMMIT, "", ""),
        (COMMIT.upper(), COMMIT, "", ""),
        ("feature/x", "feature/x", "", ""),
        ("pull/3/head", "pull/3/head", "", ""),
        ("semver:^1.0.0", "", "^1.0.0", ""),
        ("semver:%5E1.0.0", "", "^1.0.0", ""),
        ("path:/packages/a", "", "", "packages/a"),
        ("main&path:/a", "main", "", "a"),
        ("main::path:a", "main", "", "a"),
        ("semver:^1::path:a/./b", "", "^1", "a/b"),
        ("commit=abcdef0", "abcdef0", "", ""),
        ("tag=v1&path:/a", "v1", "", "a"),
    ],
)
@pytest.mark.parametrize("repository", ["o/r", "git+ssh://git@h.example.com/o/r.git"])
def test_fragments(repository: str, fragment: str, ref: str, range: str, path: str) -> None:
    source = parse_source(f"{repository}#{fragment}")
    assert isinstance(source, GitSource)
    assert (source.ref, source.range, source.path) == (ref, range, path)


@pytest.mark.parametrize(
    "text",
    [
        "https://h.example.com/x.tgz",
        "http://h.example.com/x.tgz",
        "https://github.com/o/r/archive/v1.tar.gz",
        "https://github.com/o/r/tarball/main",
        "https://codeload.github.com/o/r/tar.gz/main",
        "https://gitlab.com/o/r/-/archive/v1/r-v1.tar.gz",
        "https://bitbucket.org/o/r/get/v1.tar.gz",
    ],
)
def test_archives(text: str) -> None:
    assert parse_specifier("x", text).foreign == "tarball"
    source = parse_source(text)
    assert isinstance(source, ArchiveSource) and source.origin == f"tarball:{text}"


def test_what_an_address_says_of_the_bytes_is_not_part_of_it() -> None:
    source = parse_source("https://user:pass@h.example.com/x.tgz#" + "0" * 40)
    assert isinstance(source, ArchiveSource)
    assert source.origin == "tarball:https://h.example.com/x.tgz"
    assert source.integrity.startswith("sha1-") and "pass" not in repr(source)


@pytest.mark.parametrize(
    ("text", "base", "origin"),
    [
        ("file:x.tgz", ".", "file:x.tgz"),
        ("file:./x.tgz", "packages/a", "file:packages/a/x.tgz"),
        ("file:../x", ".", "file:../x"),
        ("file:///srv/x", ".", "file:/srv/x"),
        ("file:/srv/x", "packages/a", "file:/srv/x"),
        ("file:/../x", ".", "file:../x"),
        ("~/x", ".", "file:~/x"),
        ("./x", "../lib", "file:../lib/x"),
        ("x.tgz", ".", "file:x.tgz"),
        ("a/b/c", ".", "file:a/b/c"),
        ("link:../x", ".", "link:../x"),
        ("portal:../x", ".", "link:../x"),
    ],
)
def test_paths(text: str, base: str, origin: str) -> None:
    assert parse_specifier("x", text).foreign == "directory"
    source = parse_source(text)
    assert isinstance(source, LocalSource) and source.origin(base) == origin
    assert answers(origin, text, base) and not answers(origin, text, None)


@pytest.mark.parametrize(
    "text",
    [
        *("git+ext::sh -c x/y", "ext::sh/x", "git+rsync://h.example.com/x", "fd::17/x"),
        *("git+ssh://-oProxyCommand=x/y", "git+ssh://-u@h.example.com/y", "git@-h.example.com:o/r"),
        *("o/r#-v", "o/r#--upload-pack=x", "o/r#a..b", "o/r#a b", "o/r#a:b", "o/r#@{u}", "o/r#a~1"),
        *("o/r#path:../x", "o/r#v1::semver:^1", "o/r#a&b", "git+https://", "git+https://h/ /x"),
        *("git+file://host/x", "github:", "github:o", "git+https://h:port/x", "o/r\n/x"),
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(GraftError) as refused:
        parse_source(text)
    assert refused.value.diagnostic.code in ("bad-specifier", "source-unsupported")


@pytest.mark.parametrize(
    ("text", "saved"),
    [
        ("o/r#v1", "github:o/r#v1"),
        ("github:o/r", "github:o/r"),
        ("https://github.com/o/r", "git+https://github.com/o/r"),
        ("git@github.com:o/r.git#v1", "git+ssh://git@github.com/o/r.git#v1"),
        ("git@h.example.com:o/r.git", "git+ssh://git@h.example.com:o/r.git"),
        ("git+https://h.example.com/r", "git+https://h.example.com/r"),
        ("https://h.example.com/x.tgz", "https://h.example.com/x.tgz"),
        ("./x.tgz", "file:x.tgz"),
        ("../x", "file:../x"),
        ("/srv/x", "file:../x"),
        ("~/x", "file:~/x"),
        ("link:./x", "link:x"),
    ],
)
def test_what_is_saved(text: str, saved: str) -> None:
    assert written(text, root="/srv/app") == saved
    if not saved.startswith(("file:", "link:")):
        assert parse_source(saved) == parse_source(text)


@pytest.mark.parametrize(
    ("origin", "text", "fits"),
    [
        (f"git:{HUB}#{COMMIT}", "o/r", True),
        (f"git:{HUB}#{COMMIT}", "git@github.com:o/r.git#main", True),
        (f"git:{HUB}#{COMMIT}", f"o/r#{COMMIT}", True),
        (f"git:{HUB}#{COMMIT}", f"o/r#{'0' * 40}", False),
        (f"git:{HUB}#{COMMIT}", "o/other", False),
        (f"git:{HUB}#{COMMIT}", "o/r#path:a", False),
        (f"git:{HUB}#{COMMIT}&path:/a", "o/r#path:a", True),
        (f"git:{HUB}#main", "o/r#main", False),
        ("", "o/r", False),
        ("tarball:https://h.example.com/x.tgz", "https://h.example.com/x.tgz", True),
        ("tarball:https://h.example.com/x.tgz", "https://h.example.com/y.tgz", False),
        ("file:x.tgz", "https://h.example.com/x.tgz", False),
    ],
)
def test_which_origin_answers_what(origin: str, text: str, fits: bool) -> None:
    assert answers(origin, text, ".") is fits
