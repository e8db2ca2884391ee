"""What the text behind a dependency's name asks for."""

from __future__ import annotations

from functools import lru_cache

from graft.base.records import Record
from graft.versions.grammar import MAX_NUMBER
from graft.versions.npm import parse_range
from graft.versions.ranges import Range
from graft.versions.version import Version

_GIT_HOSTS = ("github:", "gitlab:", "bitbucket:", "gist:", "sourcehut:")
_PREFIXES = {
    "git": ("git+", "git:", "git@", "ssh:", *_GIT_HOSTS),
    "tarball": ("http:", "https:"),
    "directory": ("file:", "link:", "portal:", "./", "../", "~/", "/"),
    "workspace": ("workspace:",),
    "catalog": ("catalog:",),
}
# In front of a constraint on an index package, which has a grammar of its own.
INDEX = "index:"
# Of those, what ``source_text`` reads and ``sources.elsewhere`` fetches.
ELSEWHERE = frozenset({"git", "tarball", "directory"})


_LOWEST = Version(0, 0, 0).key
_HIGHEST = Version(MAX_NUMBER, MAX_NUMBER, MAX_NUMBER).key


class Specifier(Record, kw_only=False):
    """Exactly one of ``range``, ``tag`` and ``foreign`` says what is asked of ``package``.

    ``package`` differs from the local name for an alias (``npm:real@^1``). ``foreign`` names a kind
    of source that is not a registry: ``git``, ``tarball``, ``directory`` (any path of this machine,
    an archive's too), ``workspace``, ``catalog``. Of the first three, ``source_text`` says more.
    """

    package: str
    range: Range | None = None
    tag: str = ""
    foreign: str = ""


def asks_for_anything(range: Range) -> bool:
    """``*``: npm gives it whatever a package has, prereleases where there is nothing else."""
    # To compare ranges takes long where they have many alternatives, and few hold any release.
    return range.admits(_LOWEST) and range.admits(_HIGHEST) and range == parse_range("*")


def beats_packages(text: str) -> bool:
    """Whether a project's line counts more than what packages ask for: ``index:1.2.3!``."""
    return text.startswith(INDEX) and text.endswith("!")


@lru_cache(maxsize=65536)
def parse_specifier(local: str, text: str) -> Specifier:
    """Read a specifier as npm does. What is neither a range nor another source is a dist-tag."""
    text = text.strip()
    package = local
    if text.startswith("npm:"):
        package, text = _split_alias(text[4:], local)
    elif text.startswith("jsr:"):
        text = text[4:]
        if text.startswith("@"):
            package, text = _split_alias(text, local)
        package, text = _of_jsr(package), text or "*"
    for kind, prefixes in _PREFIXES.items():
        if text.startswith(prefixes):
            if kind == "tarball" and _is_git_address(text):
                kind = "git"
            return Specifier(package, foreign=kind)
    try:
        is_index = text.startswith(INDEX)
        return Specifier(package, range=_of_index(text) if is_index else parse_range(text))
    except ValueError:
        pass
    if "/" in text or is_scp_address(text) or "." in text:
        kind = _foreign_kind(text)
        if kind:
            return Specifier(package, foreign=kind)
    return Specifier(package, tag=text)


def _foreign_kind(text: str) -> str:
    """Of what has neither a word in front nor is a range: npm reads owner/repository as GitHub's.
    Empty for a tag."""
    from graft.versions.source_text import is_path  # few projects need what it loads

    if is_path(text):
        return "directory"
    return "git" if "/" in text or is_scp_address(text) else ""


def _is_git_address(text: str) -> bool:
    from graft.versions.source_text import is_git_address

    return is_git_address(text)


def is_scp_address(text: str) -> bool:
    """``user@host.example.com:path``."""
    user, at, rest = text.partition("@")
    host, colon, path = rest.partition(":")
    return bool(user and at and "." in host and "@" not in host and colon and path)


def _of_index(text: str) -> Range:
    from graft.versions.index_constraint import parse_constraint

    return parse_constraint(text.removeprefix(INDEX)).range


def _of_jsr(name: str) -> str:
    """JSR's packages as its registry for npm's users names them: ``@std/path`` ->
    ``@jsr/std__path``."""
    scope, slash, bare = name.removeprefix("@").partition("/")
    return f"@jsr/{scope}__{bare}" if slash else f"@jsr/{name}"


def _split_alias(text: str, local: str) -> tuple[str, str]:
    """``@s/real@^1`` -> (``@s/real``, ``^1``); a bare range keeps the local name, as for pnpm."""
    at = text.find("@", 1)
    if at > 0:
        return text[:at], text[at + 1 :]
    try:
        parse_range(text)
    except ValueError:
        return text, ""
    return (local, text) if text[:1].isdigit() or text[:1] in "^~<>=*" else (text, "")
