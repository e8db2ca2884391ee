"""The bytes of a file of an index -> what it says, or one error with the file and its line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import replace
from graft.indices.descriptor import Descriptor
from graft.indices.fields import Fault, Path
from graft.indices.lua_descriptor import lua_descriptor_of
from graft.indices.toml_descriptor import SPEC, descriptor_of
from graft.model.names import canonical_name

if TYPE_CHECKING:
    from collections.abc import Callable

LUA = ".lua"
TOML = ".toml"
MAX_BYTES = 1 << 20
_HEAD = 1 << 16
_LUA_COMMENT = re.compile(rb"--[^\n]*")
_IDENTITY = {
    TOML: re.compile(rb"""^(namespace|name)[ \t]*=[ \t]*(["'])([^"'\\\n]*)\2""", re.MULTILINE),
    LUA: re.compile(rb"""(?<![\w.])(namespace|name)[ \t]*=[ \t]*(["'])([^"'\\\n]*)\2"""),
}


class Parsed:
    """What was made of a file's bytes before, kept by whoever knows where; this keeps nothing."""

    def get(self, data: bytes) -> dict[str, Any] | None:
        del data
        return None

    def put(self, data: bytes, document: Mapping[str, Any]) -> None:
        """``document`` is sound."""


_NOTHING = Parsed()


def read_descriptor(
    data: bytes, where: str, *, namespace: str = "", parsed: Parsed = _NOTHING
) -> Descriptor:
    """``where`` is the file's path, whose end says the format; ``namespace`` is what the index
    gives to those that declare none, which only old formats allow.

    Raises ``index-invalid`` and ``index-too-new``.
    """
    document = parsed.get(data)
    if document is not None:
        try:
            return _described(document, where, namespace, lambda _: 0)
        except (Fault, GraftError):
            pass  # no longer what it was, or read by other rules
    document, line = _document(data, where)
    try:
        descriptor = _described(document, where, namespace, line)
    except Fault as fault:
        raise invalid(fault.message, where, line(fault)) from None
    parsed.put(data, document)
    return descriptor


def quick_identity(data: bytes, where: str, *, namespace: str = "") -> str:
    """The canonical name that a descriptor seems to declare, by a look at its beginning; whoever
    uses it reads all of it. Empty where that is not how it looks."""
    ending = TOML if where.endswith(TOML) else LUA
    said: dict[bytes, str] = {}
    head = data[:_HEAD] if ending == TOML else _LUA_COMMENT.sub(b"", data[:_HEAD])
    for key, _, value in _IDENTITY[ending].findall(head):
        said.setdefault(key, value.decode(errors="replace"))
    name = said.get(b"name", "")
    own = said.get(b"namespace", namespace)
    if own == "default":
        own = ""
    if own and ending == LUA:
        name = name.removeprefix(f"{own}.")
    return canonical_name(f"{own}:{name}") if own and name else name


def check_spec(said: Any, where: str, line: Callable[[Fault], int]) -> None:
    """Raises ``index-too-new``, and ``Fault`` for what is no number."""
    try:
        spec = int(said)
    except (TypeError, ValueError):
        spec = 0
    if isinstance(said, bool) or spec < 1:
        raise Fault(("spec",), "'spec' must be the number of a format, like 1")
    if spec > SPEC:
        raise GraftError(
            "index-too-new",
            f"it is written in format {spec}, and this graft reads up to {SPEC}",
            where=f"{where}:{line(Fault(('spec',), ''))}",
            fix="use a newer graft, or an older commit of the index",
        )


def invalid(message: str, where: str, line: int = 0) -> GraftError:
    return GraftError(
        "index-invalid",
        message,
        where=f"{where}:{line}" if line else where,
        fix="tell whoever keeps the index; 'graft index check' finds this before it is published",
    )


def _document(data: bytes, where: str) -> tuple[dict[str, Any], Callable[[Fault], int]]:
    if where.endswith(LUA):
        from graft.indices.lua_literals import LuaError, read_package

        try:
            document, lines = read_package(data)
        except LuaError as error:
            raise invalid(error.message, where, error.line) from None
        return document, lambda fault: _nearest(lines, fault.path)
    from graft.base.toml_documents import TomlError, read_toml

    try:
        document = read_toml(data)
        json.dumps(document)  # dates are no part of the format
    except TomlError as error:
        raise invalid(error.message, where, error.line) from None
    except (TypeError, RecursionError):
        raise invalid("it holds a date, or is nested too deep", where) from None
    return document, lambda fault: toml_line(data, fault.path)


def toml_line(data: bytes, path: Path) -> int:
    """The line on which these keys of a sound document stand, or the nearest above them that do."""
    from graft.project.toml_lines import key_places

    places = key_places(data.decode("utf-8-sig").replace("\r\n", "\n"))
    keys = tuple(map(str, path))
    while keys and keys not in places:
        keys = keys[:-1]
    return places[keys].line if keys else 1


def _nearest(lines: Mapping[tuple[str | int, ...], int], path: tuple[str | int, ...]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _described(
    document: Mapping[str, Any], where: str, namespace: str, line: Callable[[Fault], int]
) -> Descriptor:
    if where.endswith(LUA):
        check_spec(document.get("spec", SPEC), where, line)
        return lua_descriptor_of(document, where, namespace)
    check_spec(document.get("spec"), where, line)
    descriptor, unknown = descriptor_of(document, where)
    return replace(descriptor, notes=tuple(_note(fault, where, line(fault)) for fault in unknown))


def _note(fault: Fault, where: str, line: int) -> Diagnostic:
    place = f"{where}:{line}" if line else where
    return Diagnostic(code="index-key-unknown", message=fault.message, where=place)
