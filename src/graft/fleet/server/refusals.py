"""What is refused with a status that its code alone does not say."""

from __future__ import annotations

from graft.base.diagnostics import GraftError


class RefusedError(GraftError):
    def __init__(
        self, status: int, code: str, message: str, *, where: str = "", fix: str = ""
    ) -> None:
        super().__init__(code, message, where=where, fix=fix)
        self.status = status
