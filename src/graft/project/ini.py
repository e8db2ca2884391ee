"""The INI dialect of ``.npmrc``, as npm reads it."""

from __future__ import annotations

from functools import cache

from graft.base.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping


@cache
def _reference() -> re.Pattern[str]:
    """npm: ${VAR} and ${VAR?}, where an odd number of backslashes before it escapes it. pnpm adds
    ${VAR-default} and ${VAR:-default}."""
    import re

    return re.compile(r"(?<!\\)(\\*)\$\{([^${}?:-]+)(\?|:?-[^{}]*)?\}")


class IniLine(Record):
    """``key=value``, or an item of a list: ``key[]=value``. ``line`` counts from 1."""

    key: str
    value: str
    is_list: bool
    line: int


def parse_ini(text: str) -> Iterator[IniLine]:
    """The settings of a file in order. A key alone means true.

    Never fails, as npm's reader never does. What stands below a ``[section]`` is not a setting.
    """
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in ";#":
            continue
        if line[0] == "[" and line[-1] == "]":
            return
        key, equals, value = line.partition("=")
        key = _unquote(key.strip())
        is_list = len(key) > 2 and key.endswith("[]")
        yield IniLine(
            key=key.removesuffix("[]") if is_list else key,
            value=_unquote(value.strip()) if equals else "true",
            is_list=is_list,
            line=number,
        )


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace references to variables. One that is not defined stays as it is written."""

    def replace(match: re.Match[str]) -> str:
        slashes, name, modifier = match[1], match[2], match[3] or ""
        if len(slashes) % 2:
            return match[0][(len(slashes) + 1) // 2 :]
        value = environ.get(name)
        if modifier == "?":
            value = value or ""
        elif modifier.startswith(":-"):
            value = value or modifier[2:]
        elif modifier.startswith("-") and value is None:
            value = modifier[1:]
        if value is None:
            value = match[0][len(slashes) :]
        return slashes[: len(slashes) // 2] + value

    return _reference().sub(replace, text) if "${" in text else text


def references(text: str) -> list[str]:
    """The names of the variables that ``expand`` would look up."""
    if "${" not in text:
        return []
    return [match[2] for match in _reference().finditer(text) if len(match[1]) % 2 == 0]


def _unquote(text: str) -> str:
    """Quotes taken off; outside of them a ``;`` or ``#`` begins a comment unless escaped."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        # json takes 10 ms to import, and few files quote anything.
        import json

        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, str) else text
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1]
    kept, escaped = [], False
    for character in text:
        if escaped:
            kept.append(character if character in "\\;#" else "\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in ";#":
            break
        else:
            kept.append(character)
    return ("".join(kept) + ("\\" if escaped else "")).strip()
