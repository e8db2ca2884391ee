"""Where a release's bytes are, read and checked; what both formats of descriptors share."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from graft.base.diagnostics import GraftError
from graft.indices.descriptor import Archive
from graft.indices.fields import Fault, Fields
from graft.indices.paths import ARCHIVES, is_sound_path, is_within
from graft.model.integrity import parse_integrity
from graft.model.origins import is_commit
from graft.model.platform import ANYWHERE, PlatformLimits

ARCHIVE_KEYS = frozenset(
    ("url", "sha256", "integrity", "git", "commit", "os", "cpu", "libc"),
)
_LIMITS = ("os", "cpu", "libc")
_SHA256 = re.compile("[0-9a-fA-F]{64}")
# The group is what stands in front of the host.
_WEB = re.compile(
    r"https?://([^/?#]*@)?(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?(?:[/?]|$)"
)
_WORD = re.compile("!?[a-z0-9_]+")


def read_archive(fields: Fields) -> Archive:
    """From the keys of a TOML table. Raises ``Fault``."""
    urls, git = fields.texts("url"), fields.text("git")
    integrity, commit = _integrity(fields), fields.text("commit")
    platforms = ANYWHERE
    if not fields.data.keys().isdisjoint(_LIMITS):
        platforms = PlatformLimits(**{key: _words(fields, key) for key in _LIMITS})
    if bool(urls) == bool(git):
        raise fields.fault(
            "a version needs either 'url' and 'sha256', or 'git' and 'commit'"
            if not git
            else "'url' and 'git' are two places for one thing"
        )
    if git:
        if integrity:
            raise fields.fault("a commit is a digest itself: it goes with no other", "git")
        if not is_commit(commit):
            raise fields.fault("'commit' must be all digits of a commit's name", "commit")
        return Archive(git=_git(fields, git, commit), commit=commit, platforms=platforms)
    if "commit" in fields:
        raise fields.fault("'commit' goes with 'git'", "commit")
    if not integrity:
        raise fields.fault("'url' needs 'sha256' or 'integrity'", "url")
    try:
        return Archive(urls=checked_urls(urls), integrity=integrity, platforms=platforms)
    except ValueError as error:
        raise fields.fault(str(error), "url") from None


def checked_urls(urls: Iterable[str]) -> tuple[str, ...]:
    """The same, each once. Raises ValueError, with the reason, for one that cannot be used."""
    for url in urls:
        if not url.isprintable() or " " in url or "\\" in url:
            raise ValueError(f"{url!r} is no url: it holds what none may hold")
        if is_within(url):
            if not (is_sound_path(url) and url.startswith(f"{ARCHIVES}/")):
                raise ValueError(
                    f"'{url}' is neither a url nor the path of a file in the index's {ARCHIVES}/"
                )
            continue
        address = _WEB.match(url)
        if not address:
            raise ValueError(f"'{url}' is no address of the web")
        if address[1]:
            raise ValueError("a url must hold no user and no password")
    return tuple(dict.fromkeys(urls))


def sri_of(sha256: str) -> str:
    """64 hex digits as SRI. Raises ValueError."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError("'sha256' must be 64 hexadecimal digits")
    return f"sha256-{base64.b64encode(bytes.fromhex(sha256)).decode()}"


def _integrity(fields: Fields) -> str:
    sha256, sri = fields.text("sha256"), fields.text("integrity")
    if sha256 and sri:
        raise fields.fault("'sha256' and 'integrity' are two names for one thing", "integrity")
    try:
        if sha256:
            return sri_of(sha256)
        if not sri:
            return ""
        integrity = parse_integrity(sri)
    except ValueError as error:
        raise fields.fault(str(error), "sha256" if sha256 else "integrity") from None
    if integrity.weak:
        raise fields.fault("sha1 is too weak to tell one archive from another", "integrity")
    return str(integrity)


def _git(fields: Fields, url: str, commit: str) -> str:
    from graft.versions.source_text import GitSource, parse_source

    try:
        source = parse_source(f"git+{url}#{commit}")
    except GraftError as error:
        raise fields.fault(error.diagnostic.message, "git") from None
    if not isinstance(source, GitSource) or "#" in url:
        raise fields.fault(f"'{url}' is no repository's url", "git")
    has_user = "@" in source.url.partition("://")[2].partition("/")[0]
    if has_user or re.match("[a-z+]+://[^/]*:[^/]*@", url):
        raise fields.fault("a url must hold no user and no password", "git")
    return url


def _words(fields: Fields, key: str) -> tuple[str, ...]:
    words = fields.texts(key)
    for word in words:
        if not _WORD.fullmatch(word):
            raise Fault((*fields.path, key), f"'{word}' is no {key} as npm names them")
    return tuple(sorted(set(words)))
