"""What is closed where its ``with`` ends."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """A context manager that is itself, and has a ``close``."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.close()
