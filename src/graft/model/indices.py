"""What an index may be called: the addresses of repositories, and what is asked of them.

An address ends in the lock, which others read, and on git's command line: it holds no credentials
and nothing that git could take for a flag or a program to run.
"""

from __future__ import annotations

import re

REV, TAG, BRANCH = "rev", "tag", "branch"
REFS = (REV, TAG, BRANCH)

_SCHEMES = ("https", "http", "ssh", "git", "file")
_PUBLIC = ("https", "http", "git")
_SHORT = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?![/\\]{2})[^\\]+")
_HOST = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9.:\]-]*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_REV = re.compile("[0-9a-f]{4,64}")
_NOT_IN_REFS = frozenset(" ~^:?*[\\")
_SHOWN = 10


def shown_ref(ref: str) -> str:
    """``rev 1f2e3d4c5b…`` with no more digits than tell it from others."""
    kind, _, value = ref.partition(" ")
    return f"{kind} {short(value)}" if kind == REV else ref


def short(commit: str) -> str:
    return commit[:_SHOWN]


def url_fault(url: str) -> str:
    """What is wrong with a repository's address, as a clause about it; empty if nothing is."""
    if not (url.isascii() and url.isprintable()) or " " in url or not url:
        return "is empty or has spaces or characters that no address has"
    if url.startswith("-"):
        return "begins with '-', as a flag does"
    if url.startswith("git+"):
        return "begins with 'git+': an index is always a repository, so leave that out"
    scheme, separator, rest = url.partition("://")
    if not separator:
        if _SHORT.fullmatch(url):
            return ""
        if "::" in url:
            return "names a program to run"
        return f"is no address of a repository ({', '.join(_SCHEMES)} or user@host:path)"
    if scheme not in _SCHEMES:
        return f"begins with none of {', '.join(_SCHEMES)}"
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if at and (scheme in _PUBLIC or ":" in user):
        return "holds a user or a password, and it is written into the lock"
    if "?" in url or "#" in url:
        return "has a '?' or '#' in it"
    if scheme == "file":
        return "" if not authority and path else "needs three slashes: file:///path"
    if not _HOST.fullmatch(host) or (at and not _USER.fullmatch(user)):
        return "names no host"
    return "" if slash and path else "names no repository on that host"


def ref_fault(kind: str, value: str) -> str:
    """The same for a ``rev``, ``tag`` or ``branch``."""
    if kind == REV:
        return "" if _REV.fullmatch(value) else "is not a commit: 4 to 64 digits from 0 to f"
    if (
        not value
        or not value.isprintable()
        or not _NOT_IN_REFS.isdisjoint(value)
        or value.startswith(("-", "/", "."))
        or value.endswith(("/", ".", ".lock"))
        or any(part in value for part in ("..", "@{", "//", "/."))
    ):
        return f"is no name that a {kind} can have"
    return ""
