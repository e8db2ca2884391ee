"""One version, and the order of versions.

The order is the precedence of Semantic Versioning 2.0.0, section 11. What is read here as a
version, beyond that grammar, follows node-semver, npm's own reader. Versions of index packages can
be repackaged: 1.2.3_1 is the first wrap of 1.2.3 (see ``index_version``, which reads those).
"""

from __future__ import annotations

from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Comparing two keys as tuples is comparing two versions by precedence. A key is major, minor,
# patch, and then either the single number 2, or for each prerelease identifier a pair: 0 and a
# number, or 1 and a word. So numbers come before words, a prerelease before a longer one that it
# begins, and the release after them all. A wrap comes right after what it wraps: for a release it
# is added to the 2, and a prerelease's key gets another pair: -1 and the wrap. So only the key of a
# prerelease has more than four elements.
Key = tuple["Any", ...]

RELEASE = 2
_WRAPPED = -1

_PARTING = frozenset("/\\: ")


class Version:
    """An immutable version. Build metadata is kept, but takes no part in order and equality."""

    __slots__ = ("build", "key", "prerelease")

    key: Key
    prerelease: tuple[int | str, ...]
    build: tuple[str, ...]

    def __init__(
        self,
        major: int,
        minor: int,
        patch: int,
        prerelease: tuple[int | str, ...] = (),
        build: tuple[str, ...] = (),
        wrap: int = 0,
    ) -> None:
        if prerelease:
            _set_key(self, (major, minor, patch, *_precedence(prerelease, wrap)))
        else:
            _set_key(self, (major, minor, patch, RELEASE + wrap))
        _set_prerelease(self, prerelease)
        _set_build(self, build)

    @property
    def major(self) -> int:
        return self.key[0]  # type: ignore[no-any-return]

    @property
    def minor(self) -> int:
        return self.key[1]  # type: ignore[no-any-return]

    @property
    def patch(self) -> int:
        return self.key[2]  # type: ignore[no-any-return]

    @property
    def wrap(self) -> int:
        """How often it was repackaged: 1 for 1.2.3_1, and 0 for 1.2.3 and all of npm's."""
        key = self.key
        if not self.prerelease:
            return key[3] - RELEASE  # type: ignore[no-any-return]
        return key[-1] if key[-2] == _WRAPPED else 0

    def __str__(self) -> str:
        """The canonical text: no leading ``v``, no leading zeros, no build metadata."""
        text = f"{self.key[0]}.{self.key[1]}.{self.key[2]}"
        if self.prerelease:
            text = f"{text}-{'.'.join(map(str, self.prerelease))}"
        return f"{text}_{wrap}" if (wrap := self.wrap) else text

    def __repr__(self) -> str:
        return f"Version({self})"

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self.key == other.key

    # Written out, because functools.total_ordering makes three of the four several times slower.
    def __lt__(self, other: Version) -> bool:
        return self.key < other.key

    def __le__(self, other: Version) -> bool:
        return self.key <= other.key

    def __gt__(self, other: Version) -> bool:
        return self.key > other.key

    def __ge__(self, other: Version) -> bool:
        return self.key >= other.key

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Version is immutable: cannot set {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return Version, (*self.key[:3], self.prerelease, self.build, self.wrap)


# The slots' own setters: the way past __setattr__ that costs least, on a road taken once for every
# version in every packument.
_set_key = Version.__dict__["key"].__set__
_set_prerelease = Version.__dict__["prerelease"].__set__
_set_build = Version.__dict__["build"].__set__


@lru_cache(maxsize=1 << 17)
def parse_version(text: str, *, loose: bool = True) -> Version:
    """Read a version; raise ValueError if ``text`` is none.

    ``loose``, npm's mode when it picks versions, also reads ``v1.2.3``, ``=1.2.3``, ``01.2.3`` and
    ``1.2.3beta``. Surrounding whitespace is always allowed.
    """
    # Most versions are three short numbers and need no regular expression. A text of less than
    # twenty characters cannot hold three numbers of which one is beyond the limit.
    if len(text) < 20 and text.isascii():
        parts = text.split(".")
        if len(parts) == 3:
            major, minor, patch = parts
            if major.isdigit() and minor.isdigit() and patch.isdigit():
                version = Version(int(major), int(minor), int(patch))
                if loose or str(version) == text:
                    return version
    from graft.versions.grammar import read_version

    return read_version(text, loose=loose)


def version_of(key: Key) -> Version:
    """The version that has ``key``; its build metadata is lost."""
    major, minor, patch, first = key[:4]
    if first >= RELEASE:
        return Version(major, minor, patch, wrap=first - RELEASE)
    wrap = key[-1] if key[-2] == _WRAPPED else 0
    # A number beyond what a double tells from its neighbours is a float in the key.
    parts = key[4 : -2 if wrap else None : 2]
    prerelease = tuple(str(int(part)) if isinstance(part, float) else part for part in parts)
    return Version(major, minor, patch, prerelease, wrap=wrap)


def after(key: Key) -> Key:
    """The key right behind: that of the next wrap. 1.2.3 -> 1.2.3_1 -> 1.2.3_2."""
    if key[3] >= RELEASE:
        return (*key[:3], key[3] + 1)
    return (*key[:-1], key[-1] + 1) if key[-2] == _WRAPPED else (*key, _WRAPPED, 1)


def is_version(text: str) -> bool:
    """Whether ``text`` is one that can stand in a lock, a URL and a file's name as it is: without
    the spaces that npm reads over, and nothing that parts paths."""
    if not (text.isascii() and text.isprintable() and _PARTING.isdisjoint(text)):
        return False
    try:
        parse_version(text)
    except ValueError:
        return False
    return True


def version_in_graph(text: str) -> Version:
    """The version of a package that somebody has checked already: npm's, or an index's, of which
    those with a wrap are none of npm's."""
    if "_" not in text:
        return parse_version(text)
    from graft.versions.index_version import parse_index_version  # few packages have one

    return parse_index_version(text)


def is_prerelease(text: str) -> bool:
    """Whether ``text`` is no release for sure: those have hyphens only in what follows a plus."""
    return "-" in text and "+" not in text


def read_keys(texts: Iterable[str]) -> list[tuple[Key, str]]:
    """The keys of those texts that ``is_version`` lets pass, newest first, each beside its text."""
    readable: list[tuple[Key, str]] = []
    for text in texts:
        # Most are three short numbers: what parse_version makes of those, without making it.
        parts = text.split(".")
        if len(parts) == 3 and len(text) < 20 and text.isascii():
            major, minor, patch = parts
            if major.isdigit() and minor.isdigit() and patch.isdigit():
                readable.append(((int(major), int(minor), int(patch), RELEASE), text))
                continue
        if is_version(text):
            readable.append((parse_version(text).key, text))
    readable.sort(key=_first, reverse=True)
    return readable


def _first(entry: tuple[Key, str]) -> Key:
    return entry[0]


def _precedence(prerelease: tuple[int | str, ...], wrap: int) -> list[float | str]:
    key: list[float | str] = []
    for part in prerelease:
        if isinstance(part, int):
            key += (0, part)
        elif part.isdigit():
            # A number beyond the limit stays text, but node-semver compares it as a double.
            key += (0, float(part))
        else:
            key += (1, part)
    if wrap:
        key += (_WRAPPED, wrap)
    return key
