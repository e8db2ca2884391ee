"""Which blob stores a server has, from the texts that say so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from urllib.parse import parse_qsl, unquote, urlsplit

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.blobs.store import BlobStore
from graft.fleet.blobs.stores import BlobStores

_ID = re.compile(r"(?=.{1,32}$)[a-z0-9]+(-[a-z0-9]+)*")
_NAMED = re.compile(r"([^=/?:]+)=(.*)", re.DOTALL)
# Not a letter and a colon, nor what obstore would take for a folder of its own.
_URL = re.compile(r"[a-z][a-z0-9+.-]+:", re.IGNORECASE)
_SECRET = re.compile(
    r"secret|password|token|sas|signature|credential|account_?key|access_?key", re.I
)


class Location(Record):
    """``place`` is an absolute path, or a URL without its options."""

    id: str
    place: str
    options: Mapping[str, str] = {}


def open_blob_stores(texts: Iterable[str], environment: Mapping[str, str]) -> BlobStores:
    """A store for each of ``[id=]folder`` or ``[id=]URL?option=value``, in their order.

    What must not be said on a command line comes from the environment, from
    ``GRAFT_BLOBS_<ID>__<OPTION>`` for one store, else from what the provider's own tools take.
    Raises ``fleet-invalid`` and ``fleet-extra-missing``.
    """
    locations = [parse_location(text) for text in texts]
    for earlier, location in combinations(locations, 2):
        # Two that are one would be copied from to itself, and then be cleared of the copies.
        if location.id == earlier.id or _same_place(location, earlier):
            raise _invalid(location.place, f"the blob store '{earlier.id}' is declared already")
    return BlobStores(_opened(location, environment) for location in locations)


def parse_location(text: str) -> Location:
    """Raises ``fleet-invalid``."""
    named = _NAMED.fullmatch(text)
    id, place = (named[1], named[2]) if named else ("", text)
    if not place or (id and not _ID.fullmatch(id)):
        raise _invalid(text, "an id is small letters, digits and '-', and a place follows it")
    if not _URL.match(place):
        return Location(id=id or "folder", place=os.path.abspath(place))
    parts = urlsplit(place)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise _invalid(text, "a file: URL needs an absolute path")
        return Location(id=id or "folder", place=unquote(parts.path))
    # Never said again, as it may be a password.
    if "@" in parts.netloc:
        raise _invalid(f"{parts.scheme}:", "credentials come from the environment, not from a URL")
    options = dict(parse_qsl(parts.query))
    for name in options:
        if _SECRET.search(name):
            raise _invalid(
                parts._replace(query="").geturl(),
                f"'{name}' comes from the environment: others can read command lines",
            )
    scheme = parts.scheme.lower()
    return Location(
        id=id or scheme, place=parts._replace(query="", fragment="").geturl(), options=options
    )


def _opened(location: Location, environment: Mapping[str, str]) -> BlobStore:
    if os.path.isabs(location.place):
        from graft.fleet.blobs.folder import FolderBlobs

        return FolderBlobs(location.id, location.place)
    from graft.fleet.blobs.objects import ObjectBlobs

    prefix = f"GRAFT_BLOBS_{location.id.upper().replace('-', '_')}__"
    own = {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix) and value
    }
    return ObjectBlobs(location.id, location.place, {**location.options, **own})


def _same_place(one: Location, other: Location) -> bool:
    if one.options.get("endpoint") != other.options.get("endpoint"):
        return False
    # A link to a folder is that folder.
    if os.path.isabs(one.place) and os.path.isabs(other.place):
        return os.path.realpath(one.place) == os.path.realpath(other.place)
    return one.place.rstrip("/") == other.place.rstrip("/") and not one.place.startswith("memory:")


def _invalid(text: str, why: str) -> GraftError:
    return GraftError(
        "fleet-invalid",
        f"'{text}' names no blob store",
        why=[why],
        fix="write a folder, or a URL as s3://bucket/prefix?endpoint=https://…&region=…",
    )
