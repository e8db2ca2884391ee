"""npm's grammar of ranges, read as node-semver reads it with ``{loose: true}``, as npm does.

In that mode a word that is no comparator is passed over as long as something else in the range can
be read: ``latest`` is not a range, ``latest || 1.2.3`` is one.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from graft.versions.comparators import ComparatorSet
from graft.versions.desugar import COMPARATOR, STAR, add_exactly, add_word
from graft.versions.grammar import WHITESPACE
from graft.versions.intervals import EMPTY, first_prerelease, following, union_of
from graft.versions.partial import PARTIAL, Partial
from graft.versions.ranges import Range

# node-semver has no limit. This one keeps what a stranger's manifest can cost in bounds.
MAX_LENGTH = 4096


@cache
def _hyphen_pattern() -> re.Pattern[str]:
    return re.compile(f" ?{PARTIAL} +- +{PARTIAL} ?")


@lru_cache(maxsize=1 << 16)
def parse_range(text: str) -> Range:
    """Read a range; raise ValueError if ``text`` is none. Dist-tags and URLs are none."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"a range has at most {MAX_LENGTH} characters: '{text[:40]}…'")
    line = text
    # Printable ASCII has no whitespace but the space.
    if "  " in text or not (text.isascii() and text.isprintable()):
        line = re.sub(f"[{WHITESPACE}]+", " ", text)
    sets = [found for part in line.split("||") if (found := _comparator_set(part.strip(" ")))]
    if not sets:
        raise ValueError(f"'{text}' is not a range of versions")
    every = union_of([found.every() for found in sets])
    prereleases = union_of([named for found in sets for named in found.prereleases()])
    if not all(found.limited for found in sets):
        # Beside an alternative that admits everything, node-semver forgets the others, and with
        # them the prereleases that they name.
        prereleases = EMPTY
    return Range(every, prereleases, text.strip(WHITESPACE) or "*")


def _comparator_set(text: str) -> ComparatorSet | None:
    """Read what stands between two ``||``; None if nothing in it can be read."""
    found = ComparatorSet()
    if "+" in text:
        text = re.sub(r"\+[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*", "", text)
    if " " in text:
        hyphen = _hyphen_pattern().fullmatch(text)
        if hyphen:
            _add_lower_end(Partial(*hyphen.groups()[:5]), found)
            _add_upper_end(Partial(*hyphen.groups()[5:]), found)
            return found
        text = re.sub(r"([<>]=?|=) ?([v= ]*[0-9xX*])", r"\1\2", text)
        text = re.sub("~>? +", "~", text)
        text = re.sub(r"\^ +", "^", text)
    kinds = [add_word(word, found) for word in text.split(" ")]
    # node-semver puts the words together again and splits them anew. That loses a star, unless it
    # stands at an end.
    return found if COMPARATOR in kinds or STAR in (kinds[0], kinds[-1]) else None


def _add_lower_end(version: Partial, found: ComparatorSet) -> None:
    """The left side of a hyphen range. Even 1.2.3 begins at 1.2.3-0 where prereleases count."""
    if version.known == 0:
        return
    key = version.key()
    if _loses_operator(version):
        add_exactly(key, found)
        return
    found.name(key)
    found.at_least(key, partial=len(key) == 4, plain=not version.prefix)


def _add_upper_end(version: Partial, found: ComparatorSet) -> None:
    """The right side of a hyphen range: - 2.3 is <2.4.0-0, and - 2.3.4 is <=2.3.4."""
    if version.known == 0:
        return
    if version.known < 3:
        found.below(first_prerelease(version.next_key(version.known - 1)))
        return
    key = version.key()
    if _loses_operator(version) and not version.prerelease:
        add_exactly(key, found)
        return
    found.name(key)
    found.below(following(key))


def _loses_operator(version: Partial) -> bool:
    """In ``v 1.2.3 - 2``, node-semver writes >= before the v, then cannot read that word."""
    return version.known == 3 and " " in version.prefix
