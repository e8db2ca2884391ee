"""``graft.toml``: what a project asks for, beside ``package.json`` or in its place.

Here is the document; what its tables mean is read by ``toml_dependencies`` and others. Few
projects have one, so what reads TOML is loaded where there is something to read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.files import read_file
from graft.base.records import Record
from graft.project.defaults import GRAFT_TOML

BOM = "\ufeff"


class GraftToml(Record):
    """``data`` is the document as it is; ``raw`` its bytes; ``path`` where it was read."""

    path: str
    raw: bytes
    data: Mapping[str, Any]

    @property
    def text(self) -> str:
        return self.raw.decode().removeprefix(BOM)


class Wrong(Record, kw_only=False):
    """A mistake: ``keys`` lead to the line that has it."""

    keys: tuple[str, ...]
    message: str


def read_graft_toml(folder: str) -> GraftToml | None:
    """None where there is none. Raises ``manifest-unreadable``."""
    path = os.path.join(folder, GRAFT_TOML)
    raw = read_file(path)
    return None if raw is None else parse_graft_toml(raw, path)


def parse_graft_toml(raw: bytes, path: str) -> GraftToml:
    import tomllib

    try:
        data = tomllib.loads(raw.decode().removeprefix(BOM))
    except (ValueError, RecursionError) as error:
        raise GraftError(
            "manifest-unreadable",
            f"{GRAFT_TOML} cannot be read: {error}",
            where=path,
            fix="correct the file; nothing was changed",
        ) from None
    return GraftToml(path=path, raw=raw, data=data)


def line_of(toml: GraftToml, keys: tuple[str, ...]) -> int:
    """The line on which these keys stand, or the nearest above them that do; 1 if none does."""
    from graft.project.toml_lines import key_places

    places = key_places(toml.text)
    while keys and keys not in places:
        keys = keys[:-1]
    return places[keys].line if keys else 1


def unknown_key(toml: GraftToml, keys: tuple[str, ...], known: Iterable[str]) -> Diagnostic:
    """A note about a key that means nothing, be it a slip or what a later graft knows."""
    from graft.base.suggestions import did_you_mean

    return Diagnostic(
        code="manifest-key-unknown",
        message=f"'{'.'.join(keys)}' in {GRAFT_TOML} means nothing here",
        where=f"{toml.path}:{line_of(toml, keys)}",
        fix=did_you_mean(keys[-1], known),
    )


def refusal(
    toml: GraftToml,
    mistakes: Iterable[Wrong],
    *,
    code: str = "manifest-invalid",
    fix: str = "correct the lines above",
) -> GraftError:
    """All mistakes of the document as one error, in the order of its lines."""
    said = sorted((line_of(toml, wrong.keys), wrong.message) for wrong in mistakes)
    return GraftError(
        code,
        f"{GRAFT_TOML} is not what it should be",
        where=toml.path,
        why=list(dict.fromkeys(f"line {line}: {message}" for line, message in said)),
        fix=fix,
    )
