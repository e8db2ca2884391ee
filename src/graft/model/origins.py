"""Where a package comes from: the ``origin`` of a manifest.

Empty is the default registry, and a URL is another one. The others begin with a word: ``tarball:``
an archive's URL; ``file:`` an archive, or a snapshot of a folder, by its path relative to the
project's root; ``git:`` a repository's URL, a commit and perhaps a folder in it; ``link:`` a folder
that is used where it lies; ``index:`` a namespace, as the project calls it, that an index serves.
"""

from __future__ import annotations

import posixpath

from graft.base.records import Record

TARBALL = "tarball:"
FILE = "file:"
GIT = "git:"
LINK = "link:"
INDEX = "index:"

_PATH = "&path:/"
_SHORT = 10
_ARCHIVES = (".tgz", ".tar.gz", ".tar")
_HEX = frozenset("0123456789abcdef")


class GitOrigin(Record):
    """``url`` is the canonical one, ``commit`` all its hex digits, ``path`` a folder within that
    the package is in (empty: the root)."""

    url: str
    commit: str
    path: str = ""

    def __str__(self) -> str:
        return f"{GIT}{self.url}#{self.commit}" + (f"{_PATH}{self.path}" if self.path else "")


def is_from_registry(origin: str) -> bool:
    return not origin.startswith((TARBALL, FILE, GIT, LINK, INDEX))


def is_archive_path(path: str) -> bool:
    """npm's rule for what ``file:`` names: by the end of its name, an archive, else a folder."""
    return path.lower().endswith(_ARCHIVES)


def shown_origin(origin: str) -> str:
    """As people read it: without the word in front where the rest says as much, and with no more of
    a commit than tells it from others."""
    if origin.startswith(TARBALL):
        return origin.removeprefix(TARBALL).partition("?")[0]
    try:
        git = parse_git_origin(origin)
    except ValueError:
        return origin
    return f"git {git.url}#{git.commit[:_SHORT]}" + (f" {git.path}" if git.path else "")


def is_snapshot(origin: str) -> bool:
    """Whether it is a folder's contents, which no lock can pin."""
    return origin.startswith(FILE) and not is_archive_path(origin)


def is_commit(text: str) -> bool:
    """All digits of a commit's name, in SHA-1 or SHA-256."""
    return len(text) in (40, 64) and _HEX.issuperset(text)


def parse_git_origin(origin: str) -> GitOrigin:
    """ValueError if it is not one."""
    url, _, rest = origin.removeprefix(GIT).partition("#")
    commit, _, path = rest.partition(_PATH)
    found = GitOrigin(url=url, commit=commit, path=path)
    if not (origin.startswith(GIT) and url and is_commit(commit) and str(found) == origin):
        raise ValueError(f"'{origin}' names no commit of a repository")
    return found


def base_of(origin: str) -> str | None:
    """The folder to which the paths that a package asks for are relative, as a path relative to the
    project's root; None for what came from elsewhere, which may name no files of this machine."""
    if origin.startswith(LINK):
        return origin.removeprefix(LINK)
    if not origin.startswith(FILE):
        return None
    path = origin.removeprefix(FILE)
    return posixpath.dirname(path) or "." if is_archive_path(path) else path


def check_address(address: str) -> None:
    """Where an archive of an index's package may be: at ``https://host/path``, at a commit as
    ``git+<url>#<commit>``, or at a path within the index. ValueError if it is none of them."""
    if not address.isprintable() or not address.isascii() or " " in address or "\\" in address:
        raise ValueError("the address of an archive holds what no address does")
    if address.startswith(("https://", "http://")):
        return
    if address.startswith("git+"):
        url, _, commit = address.removeprefix("git+").partition("#")
        parse_git_origin(str(GitOrigin(url=url, commit=commit)))
        return
    if (
        address.startswith("/")
        or ":" in address
        or not {"", ".", ".."}.isdisjoint(address.split("/"))
    ):
        raise ValueError(f"'{address}' is not the address of an archive")
