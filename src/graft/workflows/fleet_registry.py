"""What the registries of a package set have: asked where its installs ask, with the same tokens.

A search is bounded: so many seconds until all of the answer is there, and so many bytes. What was
found is kept for a moment, by who asked, as private registries answer each as they may see.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from graft.base.diagnostics import GraftError
from graft.base.http import Request, Transfer, redact
from graft.base.http_client import HttpClient
from graft.base.records import replace
from graft.base.retry import RetryPolicy
from graft.fleet.publishing.registries import registries_of
from graft.fleet.state.sets import need_set
from graft.model.names import split_name
from graft.project.registries import Registries
from graft.sources.answers import FULL, refusal, senseless
from graft.sources.inquiries import MAX_PACKUMENT
from graft.sources.packument import Packument
from graft.sources.search import read_found
from graft.sources.search import search as ask
from graft.workflows.fleet_release import Installer

_SECONDS = 10.0
_KEPT_SECONDS = 45.0
_KEPT_ANSWERS = 256


class _Answers:
    """For several threads; bounded."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, tuple[float, Mapping[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        now = time.monotonic()
        with self._lock:
            kept = self._found.get(key)
        if kept is not None and now - kept[0] < _KEPT_SECONDS:
            return kept[1]
        answer = ask()
        with self._lock:
            self._found[key] = now, answer
            self._found.move_to_end(key)
            while len(self._found) > _KEPT_ANSWERS:
                self._found.popitem(last=False)
        return answer


_answers = _Answers()


def search(installer: Installer, set: str, text: str, limit: int) -> Mapping[str, Any]:
    """In the registry of the scope that ``text`` begins with, where it has one of its own; else in
    the set's. Raises ``registry-lacks`` and what else the answer calls for."""
    registries = _registries(installer, set)
    scope, _ = split_name(text.split()[0])
    url = registries.scopes.get(scope) or registries.default_url

    def look() -> Mapping[str, Any]:
        asked = _whole(installer, lambda client: ask(client, registries, text, limit, url))
        try:
            found, _ = read_found(asked)
        except GraftError as error:
            raise _advised(error) from None
        packages = [
            {"name": each.name, "version": each.version, "description": each.description}
            for each in found[:limit]
        ]
        return {"packages": packages}

    return _answers.get(_key("search", url, registries, text, str(limit)), look)


def versions(installer: Installer, set: str, name: str) -> Mapping[str, Any]:
    """Newest first, by npm's order. Raises ``package-not-found`` and what else the answer calls
    for."""
    registries = _registries(installer, set)
    registry = registries.url_for(name)
    url = registry + name.replace("/", "%2f")
    authorization = registries.authorization_for(url)
    request = Request(
        url=url,
        headers={"Accept": FULL},
        subject=name,
        auth=authorization,
        certificate=registries.certificate_for(url),
        max_bytes=MAX_PACKUMENT,
    )

    def asked() -> Mapping[str, Any]:
        response = _whole(installer, lambda client: client.send(request)).result()
        if response.status != 200:
            raise refusal(response, url, f"package {name}", authorized=bool(authorization))
        packument = Packument(response.body, name=name, registry=registry)
        ordered = [text for _, text in packument.newest_first(prereleases=True)]
        # What is no version by npm's grammar cannot be pinned, and is shown all the same.
        odd = [text for text in packument.versions if text not in frozenset(ordered)]
        return {"name": name, "versions": [*ordered, *odd], "tags": _tags(response.body)}

    return _answers.get(_key("versions", url, registries, name), asked)


def _advised(error: GraftError) -> GraftError:
    """What a command would do about it is not what an admin of a set can do."""
    said = error.diagnostic
    if said.code != "registry-lacks":
        return error
    fix = "pin packages by their names: 'graft fleet versions' lists what there is of one"
    return GraftError(said.code, said.message, where=said.where, why=said.why, fix=fix)


def _registries(installer: Installer, set: str) -> Registries:
    with installer.fleet.database.reading() as t:
        settings = need_set(t, set)
    return registries_of(settings, installer.tokens(set), installer.settings.registries)


def _whole(installer: Installer, send: Callable[[HttpClient], Transfer]) -> Transfer:
    """Done within so many seconds, headers and body."""
    settings = replace(installer.settings.http, retry=RetryPolicy(retries=0))
    until = time.monotonic() + _SECONDS
    with HttpClient(settings) as client:
        transfer = send(client)
        while not transfer.done:
            left = until - time.monotonic()
            if left <= 0:
                raise GraftError(
                    "registry-unreachable",
                    f"{transfer.request.subject}: the registry does not answer in time",
                    where=redact(transfer.request.url),
                    fix="try again later",
                )
            client.pump(left)
        return transfer


def _tags(body: bytes) -> dict[str, str]:
    said = msgspec.json.decode(body)
    tags = said.get("dist-tags") if isinstance(said, dict) else None
    if tags is None:
        return {}
    if not isinstance(tags, dict):
        raise senseless("dist-tags", "", "they are no object")
    return {str(tag): version for tag, version in tags.items() if isinstance(version, str)}


def _key(*parts: str | Registries) -> str:
    """Of who asks, too: with another token, or none, the answer may be another."""
    url = str(parts[1])
    texts = [part.asker_for(url) if isinstance(part, Registries) else part for part in parts]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
