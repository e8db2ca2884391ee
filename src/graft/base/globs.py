"""Patterns for paths, as npm's tools read them: ``*``, ``?``, ``[a-z]``, ``**`` between slashes,
``{a,b}``, ``+(a|b)`` and its kin.

Those of a package's files are read widely: letter case means nothing, a leading dot is like any
letter, and what has no slash is about a name in any folder. Read exactly, as those of a workspace's
folders, case counts, a leading dot is matched by a dot alone, and a pattern is about a whole path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from graft.base.records import Record

_ANY = "**"
# What a wildcard does not begin to match; also what ``**`` does not pass.
_NO_DOTS = r"(?!\.\.?\Z)"
_NO_DOT = r"(?!\.)"
_GROUPS = {"?": "?", "*": "*", "+": "+", "@": ""}
_POSIX = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "word": r"\w",
    "xdigit": "a-fA-F0-9",
}
_MAX_EXPANDED = 10_000


class Stars(Record):
    """``**``: any number of names, each of which ``passes`` matches at its beginning."""

    passes: re.Pattern[str]


Test = str | re.Pattern[str] | Stars


class Glob(Record):
    """``negated`` is what an odd number of ``!`` in front says; it has no say in ``matches``.

    Each of ``forms``, one for each way to read its braces, has a test for every part between two
    slashes: a text, in small letters unless it is ``exact``, an expression, or ``**``.
    """

    negated: bool
    exact: bool
    forms: tuple[tuple[Test, ...], ...]

    def matches(self, path: str, *, so_far: bool = False) -> bool:
        """With ``so_far``, also a path below which something may match."""
        parts = (path if self.exact else path.lower()).split("/")
        last = [next((part for part in reversed(parts) if part), "")]
        return any(
            _fits(last if len(form) == 1 and not self.exact else parts, 0, form, 0, so_far)
            for form in self.forms
        )

    @property
    def is_relative(self) -> bool:
        """Whether it is one name, or one name and a slash."""
        return any(len(form) == 1 or (len(form) == 2 and form[1] == "") for form in self.forms)


class Globs:
    """Several, of which mostly none matches. What each must find among the names of a path is
    asked once for each name, and only of who finds it is the whole path asked."""

    def __init__(self, globs: Sequence[Glob]) -> None:
        self.all = tuple(globs)
        self._keys = [_keys(glob) for glob in self.all]
        self._finders: dict[str, tuple[int, ...]] = {}

    def near(self, path: str) -> Sequence[Glob]:
        """Those that may match ``path``, in order. Whether one would match with ``so_far`` is
        another question."""
        found = {at for name in path.split("/") for at in self._naming(name)}
        return [self.all[at] for at in sorted(found)]

    def _naming(self, name: str) -> tuple[int, ...]:
        known = self._finders.get(name)
        if known is None:
            known = tuple(at for at, keys in enumerate(self._keys) if _finds(keys, name))
            self._finders[name] = known
        return known


def _keys(glob: Glob) -> tuple[Test, ...]:
    """For each form a test that some name of a path has to meet: a text, if it has one."""
    return tuple(
        min(
            (test for test in form if test and not isinstance(test, Stars)),
            key=lambda test: not isinstance(test, str),
            default=Stars(passes=re.compile("")),
        )
        for form in glob.forms
    )


def _finds(keys: Sequence[Test], name: str) -> bool:
    """In small letters too, as some are about those."""
    return any(
        key == each
        if isinstance(key, str)
        else isinstance(key, Stars) or key.match(each) is not None
        for key in keys
        for each in (name, name.lower())
    )


@lru_cache(maxsize=4096)
def read_glob(text: str, *, exact: bool = False) -> Glob:
    bare = text.lstrip("!")
    forms = tuple(
        tuple(_test(part, exact=exact) for part in _parts(form)) for form in expand_braces(bare)
    )
    return Glob(negated=(len(text) - len(bare)) % 2 == 1, exact=exact, forms=forms)


def expand_braces(text: str) -> list[str]:
    """``a{b,c}`` is ``ab`` and ``ac``; ``{1..3}`` is 1, 2 and 3. What is no such thing stays."""
    for start, end in _braced(text):
        inner = text[start + 1 : end]
        choices = _choices(inner)
        if choices is None:
            continue
        head, tails = text[:start], expand_braces(text[end + 1 :])
        heads = [head + choice for each in choices for choice in expand_braces(each)]
        return [front + back for front in heads for back in tails][:_MAX_EXPANDED]
    return [text]


def _braced(text: str) -> Iterator[tuple[int, int]]:
    """Each pair of braces, from the left; ``${`` begins none."""
    for start, character in enumerate(text):
        if character != "{" or text[start - 1 : start] in ("\\", "$"):
            continue
        depth = 0
        for end in range(start, len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if depth == 0:
                yield start, end
                break


def _choices(inner: str) -> list[str] | None:
    found, depth, begin = [], 0, 0
    for at, character in enumerate(inner):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            found.append(inner[begin:at])
            begin = at + 1
    if found:
        return [*found, inner[begin:]]
    run = re.fullmatch(r"(-?\d{1,5})\.\.(-?\d{1,5})", inner)
    if run is None:
        return None
    first, last = int(run[1]), int(run[2])
    step = 1 if first <= last else -1
    return [str(number) for number in range(first, last + step, step)]


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for part in re.split("/+", text):
        before = parts[-1] if parts else ""
        if part == before == _ANY:
            continue
        if part == ".." and before not in ("", ".", "..", _ANY):
            parts.pop()
        else:
            parts.append(part)
    return parts or [""]


def _test(text: str, *, exact: bool) -> Test:
    start = _NO_DOT if exact and not text.startswith(".") else _NO_DOTS
    if text == _ANY:
        return Stars(passes=re.compile(start))
    if not set(text) & set("*?[\\()"):
        return text if exact else text.lower()
    # One of stars alone has to stand for something.
    some = "(?=.)" if not text.strip("*") else ""
    flags = re.DOTALL if exact else re.DOTALL | re.IGNORECASE
    return re.compile(rf"{start}{some}{_expression(text)}\Z", flags)


def _expression(text: str, then: str = "") -> str:
    """One part as a regular expression; ``then`` is what has to follow it."""
    made, at = "", 0
    while at < len(text):
        character = text[at]
        group = _group(text, at)
        if group is not None:
            choices, end = group
            rest = _expression(text[end:], then)
            inside = "|".join(_expression(choice, rest + then) for choice in choices)
            if character == "!":
                return rf"{made}(?:(?!(?:{inside}){rest}{then}\Z)[^/]*?){rest}"
            return f"{made}(?:{inside}){_GROUPS[character]}{rest}"
        if character == "[" and (found := _class(text, at)):
            made += found[0]
            at = found[1]
            continue
        if character == "\\" and at + 1 < len(text):
            at += 1
            made += re.escape(text[at])
        elif character == "*":
            made += "[^/]*?"
        elif character == "?":
            made += "[^/]"
        else:
            made += re.escape(character)
        at += 1
    return made


def _group(text: str, at: int) -> tuple[list[str], int] | None:
    """The choices of ``+(a|b)``, if that is what begins here, and where it ends."""
    if text[at] not in "!?*+@" or text[at + 1 : at + 2] != "(":
        return None
    choices, depth, begin = [], 0, at + 2
    for end in range(at + 1, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if (text[end] == "|" and depth == 1) or depth == 0:
            choices.append(text[begin:end])
            begin = end + 1
        if depth == 0:
            return choices, end + 1
    return None


def _class(text: str, at: int) -> tuple[str, int] | None:
    """``[…]`` as an expression, and where it ends; None if it does not."""
    start = at + 2 if text[at + 1 : at + 2] in ("!", "^") else at + 1
    body, index = "", start
    while index < len(text):
        if text[index] == "]" and index > start:
            negated = "^" if start == at + 2 else ""
            try:
                re.compile(f"[{negated}{body}]")
            except re.error:
                return r"(?!)", index + 1  # a range backwards: nothing is in it
            return f"[{negated}{body}]", index + 1
        named = re.match(r"\[:(\w+):\]", text[index:])
        if named and named[1] in _POSIX:
            body += _POSIX[named[1]]
            index += named.end()
            continue
        if text[index] == "\\" and index + 1 < len(text):
            index += 1
            body += re.escape(text[index])
        else:
            body += text[index] if text[index] == "-" else re.escape(text[index])
        index += 1
    return None


def _fits(
    path: Sequence[str],
    at: int,
    form: Sequence[Test],
    step: int,
    so_far: bool,
) -> bool:
    while at < len(path) and step < len(form):
        test = form[step]
        if isinstance(test, Stars):
            return _fits_any(test, path, at, form, step + 1, so_far)
        part = path[at]
        if not (part == test if isinstance(test, str) else test.match(part)):
            return False
        at += 1
        step += 1
    if at == len(path):
        return step == len(form) or so_far
    return at == len(path) - 1 and path[at] == ""


def _fits_any(
    stars: Stars,
    path: Sequence[str],
    at: int,
    form: Sequence[Test],
    step: int,
    so_far: bool,
) -> bool:
    """``**``: the rest of the form fits somewhere from here on."""
    if step == len(form):
        return all(map(stars.passes.match, path[at:]))
    while at < len(path):
        if _fits(path, at, form, step, so_far):
            return True
        if not stars.passes.match(path[at]):
            return False
        at += 1
    return so_far
