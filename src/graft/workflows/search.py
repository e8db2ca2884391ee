"""``search``: packages of the default registry by words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graft.workflows.project import Context, asking

if TYPE_CHECKING:
    from graft.sources.search import Found


def search(context: Context, words: str, limit: int) -> tuple[tuple[Found, ...], int]:
    """What the registry finds, best first, and how many there are in all. Raises
    ``registry-lacks`` where it has no search, and ``offline-missing``."""
    from graft.base.http import missing_offline
    from graft.sources.search import read_found
    from graft.sources.search import search as send

    registries = context.settings.registries
    if context.settings.offline:
        raise missing_offline("what a search finds", registries.default_url)
    with asking(context) as asks:
        transfer = send(asks.client, registries, words, limit)
        asks.client.pump_until_done(transfer)
        return read_found(transfer)
