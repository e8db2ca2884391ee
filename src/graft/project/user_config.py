"""The user's own ``config.toml``."""

from __future__ import annotations

from typing import Any

from graft.base.diagnostics import GraftError


def parse_user_config(raw: bytes, path: str) -> dict[str, Any]:
    """Raises ``settings-unreadable``."""
    import tomllib  # takes 6 ms to import

    try:
        return tomllib.loads(raw.decode())
    except (ValueError, RecursionError) as error:
        raise unreadable_config(path, str(error)) from error


def unreadable_config(path: str, reason: str) -> GraftError:
    return GraftError(
        "settings-unreadable",
        f"{path}: {reason}",
        where=path,
        fix="mend the file, or remove it",
    )
