"""What a registry finds for words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from graft.base.http import Transfer
from graft.base.http_client import HttpClient
from graft.base.records import Record
from graft.model.names import is_sound
from graft.project.registries import Registries
from graft.sources import offers

MOST = 250


class Found(Record):
    """A package that answers the words. ``published`` is the ISO 8601 time of ``version``,
    ``links`` are URLs by what they lead to. What a registry does not say is empty."""

    name: str
    version: str
    description: str
    published: str
    publisher: str
    keywords: tuple[str, ...]
    links: Mapping[str, str]


def search(
    client: HttpClient, registries: Registries, words: str, limit: int, registry: str = ""
) -> Transfer:
    """Ask ``registry``, else the default one, for at most ``limit`` packages, 1 to ``MOST``."""
    query = urlencode({"text": words, "size": limit})
    url = registry or registries.default_url
    return offers.ask(client, registries, url, f"-/v1/search?{query}", offer="search")


def read_found(transfer: Transfer) -> tuple[tuple[Found, ...], int]:
    """Best first, and how many there are in all. Raises as ``offers.answer``."""
    said = offers.answer(transfer)
    entries = said.get("objects")
    packages = [_table(_table(entry).get("package")) for entry in _list(entries)]
    found = tuple(_found(package) for package in packages if is_sound(_text(package.get("name"))))
    total = said.get("total")
    return found, total if isinstance(total, int) and total >= len(found) else len(found)


def _found(package: Mapping[str, Any]) -> Found:
    publisher = _table(package.get("publisher"))
    links = _table(package.get("links"))
    return Found(
        name=_text(package.get("name")),
        version=_text(package.get("version")),
        description=_text(package.get("description")),
        published=_text(package.get("date")),
        publisher=_text(publisher.get("username")) or _text(publisher.get("name")),
        keywords=tuple(filter(None, map(_text, _list(package.get("keywords"))))),
        links={key: text for key, link in links.items() if (text := _text(link))},
    )


def _table(said: Any) -> Mapping[str, Any]:
    return said if isinstance(said, dict) else {}


def _list(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""
