"""A packument with all that its registry says, for whoever wants to read it.

What an install keeps of packuments is a fifth of that. So the cache is of use only where it holds
a whole one, and what is fetched here is not put there: the next install would read five times as
much.
"""

from __future__ import annotations

from collections.abc import Callable

from graft.base.http import Request, missing_offline
from graft.base.http_client import HttpClient
from graft.project.registries import Registries
from graft.sources.answers import FULL, NOT_MODIFIED, refusal
from graft.sources.inquiries import MAX_PACKUMENT, Mode
from graft.sources.packument_cache import PackumentCache


def whole_packument(
    name: str,
    *,
    client: HttpClient,
    registries: Registries,
    cache: PackumentCache,
    mode: Mode,
    clock: Callable[[], float],
) -> bytes:
    """The document of ``name`` as its registry has it.

    Raises ``package-not-found``, ``registry-refused``, ``registry-answer``,
    ``registry-unreachable``, ``registry-unknown`` or ``offline-missing``.
    """
    url = registries.url_for(name) + name.replace("/", "%2f")
    authorization = registries.authorization_for(url)
    cached = cache.get(url, registries.asker_for(url))
    if cached is not None and not cached.validators.full:
        cached = None
    if cached is not None and (mode is not Mode.ONLINE or cached.is_current(clock())):
        return cached.body
    if mode is Mode.OFFLINE:
        raise missing_offline(f"all that is said of {name}", url)
    headers = {"Accept": FULL}
    if cached is not None and cached.validators.etag:
        headers["If-None-Match"] = cached.validators.etag
    response = client.wait(
        client.send(
            Request(
                url=url,
                headers=headers,
                subject=name,
                auth=authorization,
                certificate=registries.certificate_for(url),
                max_bytes=MAX_PACKUMENT,
            )
        )
    )
    if response.status == NOT_MODIFIED and cached is not None:
        return cached.body
    if response.status != 200:
        raise refusal(response, url, f"package {name}", authorized=bool(authorization))
    return response.body
