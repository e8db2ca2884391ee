"""Specifiers that name no registry: what they say, taken apart. Nothing is looked at here.

npm's grammar, with pnpm's and yarn's ways to name a folder of a repository. What could be taken for
an option by the git program, or makes it run something, is refused.
"""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from graft.base.diagnostics import GraftError
from graft.base.http import redact, without_user
from graft.base.records import Record
from graft.model.integrity import parse_integrity
from graft.model.origins import (
    FILE,
    GIT,
    LINK,
    TARBALL,
    GitOrigin,
    is_archive_path,
    is_commit,
    parse_git_origin,
)
from graft.versions.git_hosts import HOSTS, Hosted, by_address, by_shortcut

_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]")
_USER = re.compile(r"[^\s:/@-][^\s:/@]*(?::[^\s/@]*)?")
_SCP = re.compile(r"(?:(?:git\+)?ssh://)?([^@/:#]+)@([^:/#]+):(?!\d+(?:/|$))(.+)")
_BAD_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock$")
_SHA1 = re.compile(r"[0-9a-f]{40}")
# yarn's names for what a fragment may hold.
_REFS = ("commit", "tag", "branch", "head")


class ArchiveSource(Record, unshown=("url",)):
    """``url`` may hold credentials, and has no fragment. ``integrity`` is what the fragment said of
    the bytes, as SRI text."""

    url: str
    integrity: str = ""

    @property
    def origin(self) -> str:
        return TARBALL + without_user(self.url)


class LocalSource(Record):
    """``path`` as it was written, relative to who asks. A ``link`` is used where it lies."""

    path: str
    link: bool = False

    def origin(self, base: str) -> str:
        """``base`` is the folder of who asks, relative to the project's root."""
        path = self.path
        if not path.startswith(("/", "~/")):
            path = posixpath.join(base, path)
        return (LINK if self.link else FILE) + posixpath.normpath(path)


class GitSource(Record, unshown=("transports",)):
    """``url`` is the repository's identity, ``transports`` the addresses to try, what was written
    first. Of ``ref`` (a commit, a tag, a branch) and ``range`` (over its tags) at most one is set;
    with neither, what the repository's HEAD names. ``path`` is a folder within."""

    url: str
    transports: tuple[str, ...]
    ref: str = ""
    range: str = ""
    path: str = ""

    @property
    def is_local(self) -> bool:
        return self.url.startswith("file://")


Source = ArchiveSource | LocalSource | GitSource


@lru_cache(maxsize=4096)
def parse_source(text: str) -> Source:
    """Raises ``bad-specifier``, and ``source-unsupported`` for what graft does not speak."""
    text = text.strip()
    if not text.isprintable():
        raise _bad(text, "it holds control characters")
    scheme = text.partition(":")[0].lower() if ":" in text else ""
    if scheme in ("file", "link", "portal"):
        return LocalSource(path=_local_path(text.partition(":")[2]), link=scheme != "file")
    if is_path(text):
        return LocalSource(path=_local_path(text))
    if scheme in ("http", "https") and not is_git_address(text):
        url, _, fragment = text.partition("#")
        return ArchiveSource(url=url, integrity=_hint(fragment))
    return _git(text)


def answers(origin: str, text: str, base: str | None) -> bool:
    """Whether a package of this ``origin`` is what the specifier ``text`` asks for. ``base`` as
    ``model.origins.base_of`` gives it."""
    try:
        source = parse_source(text)
    except GraftError:
        return False
    if isinstance(source, ArchiveSource):
        return origin == source.origin
    if isinstance(source, LocalSource):
        return base is not None and origin == source.origin(base)
    if not origin.startswith(GIT) or (source.is_local and base is None):
        return False
    try:
        got = parse_git_origin(origin)
    except ValueError:
        return False
    if (got.url, got.path) != (source.url, source.path):
        return False
    return got.commit == source.ref if is_commit(source.ref) else True


def written(text: str, *, root: str) -> str:
    """A source as npm writes it into package.json. ``root`` is the project's folder."""
    source = parse_source(text)
    text = text.strip()
    if isinstance(source, LocalSource):
        path = source.path
        if path.startswith("/"):
            path = posixpath.relpath(path, root)
        return f"{text.partition(':')[0] if source.link else 'file'}:{posixpath.normpath(path)}"
    if isinstance(source, ArchiveSource):
        return text
    address, _, fragment = text.partition("#")
    scheme, separator, _ = address.partition("://")
    if ":" not in address:
        address = f"github:{address}"
    elif separator and scheme in ("https", "http", "ssh"):
        address = f"git+{address}"
    elif _SCP.fullmatch(address) and not separator:
        hosted = by_address(*address.partition("@")[2].split(":", 1))
        address = f"git+{hosted.ssh}" if hosted else f"git+ssh://{address}"
    return address + (f"#{fragment}" if fragment else "")


def git_origin(source: GitSource, commit: str) -> str:
    return str(GitOrigin(url=source.url, commit=commit, path=source.path))


def is_path(text: str) -> bool:
    """npm's rule for what means a file even without ``file:``; ``a/b`` is GitHub's."""
    if text in (".", "..", "~") or text.startswith(("./", "../", "~/", "/")):
        return True
    address = text.partition("#")[0]
    if ":" in address or "@" in address:
        return False
    return address.count("/") > 1 or ("/" not in address and is_archive_path(address))


def is_git_address(text: str) -> bool:
    """Whether a web address means a repository, and not an archive."""
    address = text.partition("#")[0]
    rest = address.partition("://")[2].partition("?")[0]
    authority, _, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    return path.endswith(".git") or by_address(host, path) is not None


def _git(text: str) -> GitSource:
    address, _, fragment = text.partition("#")
    hosted, url, transports = _repository(text, address)
    said = _fragment(text, fragment)
    if hosted and hosted.ref and not fragment:
        said["ref"] = _ref(text, _unquoted(hosted.ref))
    return GitSource(url=url, transports=tuple(dict.fromkeys(transports)), **said)


def _repository(text: str, address: str) -> tuple[Hosted | None, str, list[str]]:
    """The host if it is a known one, the repository's identity, and how to get there."""
    shortcut, colon, rest = address.partition(":")
    if colon and shortcut in HOSTS and not rest.startswith("//"):
        return _by_shortcut(text, by_shortcut(shortcut, _unquoted(rest)))
    if not colon:
        owner, _, project = address.partition("/")
        if not project or "/" in project or address.startswith(("@", "-", ".")):
            raise _bad(text, "it is neither a version nor a source that npm knows")
        return _by_shortcut(text, by_shortcut("github", f"{owner}/{project}"))
    if found := _SCP.fullmatch(address):
        user, host, path = found.groups()
        _check(text, user=user, host=host, path=path)
        hosted = by_address(host, path)
        written = hosted.ssh if hosted else f"{user}@{host}:{path}"
        https = hosted.https if hosted else f"https://{host.lower()}/{path.lstrip('/')}"
        return hosted, https, [written, https]
    return _by_url(text, address)


def _by_shortcut(text: str, hosted: Hosted | None) -> tuple[Hosted | None, str, list[str]]:
    if hosted is None:
        raise _bad(text, "it names no repository")
    _check(text, path=hosted.path)
    return hosted, hosted.https, [hosted.https, hosted.ssh]


def _by_url(text: str, address: str) -> tuple[Hosted | None, str, list[str]]:
    scheme, separator, rest = address.partition("://")
    scheme = scheme.lower().removeprefix("git+")
    if not separator or scheme not in ("https", "http", "ssh", "git", "file"):
        raise GraftError(
            "source-unsupported",
            f"'{redact(text)}' is a source that graft does not know",
            fix="write a git source as git+https://, git+ssh://, git:// or host:owner/repository",
        )
    authority, _, path = rest.partition("/")
    if scheme == "file":
        if authority or not path:
            raise _bad(text, "a local repository is written as git+file:///path")
        return None, f"file:///{path}", [f"file:///{path}"]
    user, at, place = authority.rpartition("@")
    host, colon, port = place.partition(":") if "]" not in place else (place, "", "")
    if colon and not (port.isascii() and port.isdigit()):
        raise _bad(text, "its port is not a number")
    _check(text, user=user or "git", host=host, path=path)
    hosted = by_address(host, path) if not colon else None
    if hosted:
        written = {"https": f"https://{user}{at}{hosted.https[8:]}", "ssh": hosted.ssh}
        # GitHub and its like have given up http and git:.
        return hosted, hosted.https, [written.get(scheme, hosted.https), hosted.https]
    kept = f":{port}" if colon and scheme in ("https", "http") else ""
    # On a port of its own, what speaks http does not speak https.
    secure = "http" if scheme == "http" and kept else "https"
    url = f"{secure}://{host.lower()}{kept}/{path}"
    return None, url, [f"{scheme}://{rest}", url]


def _check(text: str, *, path: str, user: str = "git", host: str = "host") -> None:
    if not (_HOST.fullmatch(host) and _USER.fullmatch(user)):
        raise _bad(text, "its host or user cannot be one")
    if not path.strip("/") or path.startswith("-") or set(path) & set(" \\<>\"'`{|}^"):
        raise _bad(text, "it names no repository")


def _fragment(text: str, fragment: str) -> dict[str, str]:
    """``v1``, ``semver:^1``, ``path:/sub``, joined by ``::`` or ``&``."""
    said: dict[str, str] = {}
    for part in filter(None, re.split(r"::|&", fragment)):
        name, mark, value = part.partition(":")
        if not mark:
            name, mark, value = part.partition("=")
        if name == "semver" and mark:
            key, value = "range", _unquoted(value)
        elif name == "path" and mark:
            key, value = "path", _inner_path(text, _unquoted(value))
        elif name in _REFS and mark:
            key, value = "ref", _ref(text, _unquoted(value))
        else:
            key, value = "ref", _ref(text, _unquoted(part))
        if key in said or (key != "path" and said.keys() & {"ref", "range"}):
            raise _bad(text, "it names two things behind '#' of which only one can count")
        said[key] = value
    return said


def _ref(text: str, ref: str) -> str:
    if not ref or _BAD_REF.search(ref):
        raise _bad(text, f"'{ref}' cannot be a commit, a tag or a branch")
    return ref.lower() if is_commit(ref.lower()) else ref


def _inner_path(text: str, path: str) -> str:
    normal = posixpath.normpath(path.strip("/") or ".")
    if normal.split("/")[0] == ".." or "\\" in normal or "&" in normal or "#" in normal:
        raise _bad(text, f"'{path}' is no folder of a repository")
    return "" if normal == "." else normal


def _local_path(path: str) -> str:
    """``file:///a``, ``file:/a`` and ``file:a`` are all in use, and so is ``file:/../a``."""
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    if re.match(r"/\.\.?(/|$)", path) or re.match(r"/~/", path):
        path = path[1:]
    return path or "."


def _hint(fragment: str) -> str:
    """What a fragment says of the bytes: SRI text, or the sha1 that older tools write."""
    if _SHA1.fullmatch(fragment):
        import binascii

        encoded = binascii.b2a_base64(bytes.fromhex(fragment), newline=False).decode()
        return f"sha1-{encoded}"
    try:
        parse_integrity(fragment)
    except ValueError:
        return ""
    return fragment


def _bad(text: str, reason: str) -> GraftError:
    return GraftError(
        "bad-specifier",
        f"'{redact(text) if '://' in text else text}' cannot be read as a source: {reason}",
        fix="docs/concepts/sources.md shows what can be written",
    )


def _unquoted(text: str) -> str:
    if "%" not in text:
        return text
    from urllib.parse import unquote  # costs more to load than all else here

    return unquote(text)
