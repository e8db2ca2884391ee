"""A version as ranges write it: ``1``, ``1.2``, ``1.2.x``, ``1.2.3-beta``."""

from __future__ import annotations

from graft.base.records import Record
from graft.versions.grammar import LOOSE_PRERELEASE, MAX_LENGTH, checked, read_prerelease
from graft.versions.version import RELEASE, Key, Version

_PART = "([0-9]{1,256}|[xX*])"

# Five groups: the fields of Partial.
PARTIAL = f"([v= ]*){_PART}(?:\\.{_PART}(?:\\.{_PART}(?:{LOOSE_PRERELEASE})?)?)?"

X = frozenset((None, "x", "X", "*"))


class Partial(Record, kw_only=False):
    """A version of which parts may be missing or x. ``prefix`` holds any of ``v``, ``=``, space."""

    prefix: str
    major: str
    minor: str | None
    patch: str | None
    prerelease: str | None

    @property
    def known(self) -> int:
        """How many numbers stand before the first that is missing or x."""
        if self.major in X:
            return 0
        if self.minor in X:
            return 1
        return 2 if self.patch in X else 3

    def key(self) -> Key:
        """The key of the version, with 0 for what is not known."""
        numbers = self._numbers(self.known)
        if self.known < 3 or not self.prerelease:
            return (*numbers, RELEASE)
        parts = (self.prefix, self.major, self.minor, self.patch, self.prerelease)
        length = sum(len(part or "") for part in parts) + len("..-")
        if length > MAX_LENGTH:
            raise ValueError(f"a version has at most {MAX_LENGTH} characters, not {length}")
        major, minor, patch = numbers
        return Version(major, minor, patch, read_prerelease(self.prerelease)).key

    def next_key(self, part: int) -> Key:
        """The key of the release that follows when ``part`` (0 is major) is counted up."""
        numbers = self._numbers(part + 1)
        numbers[part] = checked(numbers[part] + 1)
        return (*numbers, RELEASE)

    def _numbers(self, known: int) -> list[int]:
        said = (self.major, self.minor, self.patch)[:known]
        return [*(checked(int(text or 0)) for text in said), 0, 0, 0][:3]
