"""Tables of a descriptor, taken apart key by key; what nobody knows is told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graft.base.suggestions import did_you_mean

Path = tuple[str | int, ...]


class Fault(Exception):  # noqa: N818 - a fact about a file; who knows the line makes an error of it
    """``path`` leads through the document to what is wrong."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.message = message


class Fields:
    """``unknown`` collects, for this table and all below it, the keys that mean nothing."""

    __slots__ = ("data", "path", "unknown")

    def __init__(
        self, data: Mapping[str, Any], path: Path = (), unknown: list[Fault] | None = None
    ) -> None:
        self.data = data
        self.path = path
        self.unknown: list[Fault] = [] if unknown is None else unknown

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def fault(self, message: str, *keys: str | int) -> Fault:
        return Fault((*self.path, *keys), message)

    def value(self, key: str) -> Any:
        """None if it is not there."""
        return self.data.get(key)

    def text(self, key: str) -> str:
        """Empty if it is not there."""
        said = self.data.get(key, "")
        if not isinstance(said, str):
            raise self.fault(f"'{key}' must be a text", key)
        return said

    def texts(self, key: str) -> tuple[str, ...]:
        """A text, or a list of them."""
        said = self.data.get(key)
        if said is None:
            return ()
        every = said if isinstance(said, list) else [said]
        if not all(isinstance(each, str) for each in every):
            raise self.fault(f"'{key}' must be a text, or a list of texts", key)
        return tuple(every)

    def flag(self, key: str) -> bool:
        said = self.value(key)
        if said is not None and not isinstance(said, bool):
            raise self.fault(f"'{key}' must be true or false", key)
        return bool(said)

    def table(self, key: str) -> Fields:
        """Empty if it is not there."""
        said = self.value(key)
        if said is not None and not isinstance(said, dict):
            raise self.fault(f"'{key}' must be a table", key)
        return self._below(said or {}, key)

    def tables(self, key: str) -> list[Fields]:
        """An array of tables."""
        said = self.value(key)
        every = [] if said is None else said
        if not isinstance(every, list) or not all(isinstance(each, dict) for each in every):
            raise self.fault(f"'{key}' must be an array of tables", key)
        return [self._below(each, key, number) for number, each in enumerate(every)]

    def each(self) -> Iterator[tuple[str, Any]]:
        """Every key, whatever it is called."""
        yield from self.data.items()

    def end(self, known: Collection[str]) -> None:
        """Whatever is not ``known`` means nothing here."""
        for key in self.data:
            if key not in known:
                near = did_you_mean(key, known)
                message = f"'{key}' is no key that is known here, and means nothing"
                self.unknown.append(self.fault(f"{message}; {near}" if near else message, key))

    def _below(self, data: Mapping[str, Any], *keys: str | int) -> Fields:
        return Fields(data, (*self.path, *keys), self.unknown)
