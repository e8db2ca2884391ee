"""JSON read by the C scanner alone: the package around it takes longer to load than a script's
whole start."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SPACE = " \t\n\r"


def read_json(data: bytes) -> Any:
    """The document in ``data``. Raises ValueError for what is no JSON, is not UTF-8, or names a key
    twice in one object."""
    try:
        from _json import make_scanner
    except ImportError:  # an interpreter without the C part
        import json

        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    text = data.decode("utf-8-sig")
    start = len(text) - len(text.lstrip(_SPACE))
    try:
        document, end = make_scanner(_Rules())(text, start)  # type: ignore[arg-type]
    except (StopIteration, RecursionError, SystemError) as error:
        # The last is what becomes of a proper error where the package's decoder is not loaded.
        raise ValueError("no JSON") from error
    if text[end:].strip(_SPACE):
        raise ValueError("more than one document")
    return document


def read_whole_json(data: bytes) -> Any:
    """The same with the package around it, which says what is wrong, and where. Refused as well is
    half of a character, which no file could hold again. Raises RecursionError for what is nested
    very deep."""
    import json

    document = json.loads(
        data.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant
    )
    if b"\\ud" in data or b"\\uD" in data:
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        seen: set[str] = set()
        twice = {name for name, _ in pairs if name in seen or seen.add(name)}  # type: ignore[func-returns-value]
        names = sorted(twice)
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise ValueError(f"it names {', '.join(names[:3])}{more} twice in one object")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class _Rules:
    """What the scanner asks its context for."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_once)
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_no_constant)
    memo: dict[str, str] = {}  # noqa: RUF012
