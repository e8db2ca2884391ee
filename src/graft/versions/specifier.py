"""What the text behind a dependency's name asks for."""

from __future__ import annotations

from functools import lru_cache

from graft.base.records import Record
from graft.versions.grammar import MAX_NUMBER
from graft.versions.npm import parse_range
from graft.versions.ranges import Range
from graft.versions.version import Version

_GIT_HOSTS = ("github:", "gitlab:", "bitbucket:", "gist:")
_PREFIXES = {
    "git": ("git+", "git:", "git@", *_GIT_HOSTS),
    "tarball": ("http:", "https:"),
    "directory": ("file:", "link:", "portal:", "./", "../", "~/", "/"),
    "workspace": ("workspace:",),
    "catalog": ("catalog:",),
    "jsr": ("jsr:",),
}


_LOWEST = Version(0, 0, 0).key
_HIGHEST = Version(MAX_NUMBER, MAX_NUMBER, MAX_NUMBER).key


class Specifier(Record, kw_only=False):
    """Exactly one of ``range``, ``tag`` and ``foreign`` says what is asked of ``package``.

    ``package`` differs from the local name for an alias (``npm:real@^1``). ``foreign`` names a kind
    of source that is not a registry: ``git``, ``tarball``, ``directory``, ``workspace``,
    ``catalog``, ``jsr``.
    """

    package: str
    range: Range | None = None
    tag: str = ""
    foreign: str = ""


def asks_for_anything(range: Range) -> bool:
    """``*``: npm gives it whatever a package has, prereleases where there is nothing else."""
    # To compare ranges takes long where they have many alternatives, and few hold any release.
    return range.admits(_LOWEST) and range.admits(_HIGHEST) and range == parse_range("*")


@lru_cache(maxsize=65536)
def parse_specifier(local: str, text: str) -> Specifier:
    """Read a specifier as npm does. What is neither a range nor another source is a dist-tag."""
    text = text.strip()
    package = local
    if text.startswith("npm:"):
        package, text = _split_alias(text[4:], local)
    for kind, prefixes in _PREFIXES.items():
        if text.startswith(prefixes):
            return Specifier(package, foreign=kind)
    try:
        return Specifier(package, range=parse_range(text))
    except ValueError:
        pass
    if "/" in text:
        return Specifier(package, foreign="git")  # npm reads owner/repository as GitHub's
    return Specifier(package, tag=text)


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
