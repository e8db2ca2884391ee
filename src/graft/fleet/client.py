"""What hosts and commands ask a fleet's server, over ``base/http_client``.

A server's errors are raised as they were there. A token is sent to the server alone: neither to
where it redirects nor to the object stores that it names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from graft.base.diagnostics import CODES, GraftError
from graft.base.http import Request, Response, Transfer, redact
from graft.base.http_client import HttpClient
from graft.base.records import Record
from graft.fleet.records import HostReport
from graft.fleet.release import Release, is_release_hash
from graft.fleet.wire import read_release
from graft.model.integrity import Integrity, parse_integrity
from graft.model.platform import Platform
from graft.project.credentials import parse_address

_MAX_ANSWER = 256 << 20
_MAX_FAILURE = 64 << 10


class Desired(Record):
    """What the hosts of a set are to have; ``hash`` is empty where nothing was ever published.
    ``etag`` is what to ask with the next time."""

    set: str
    hash: str
    epoch: int
    etag: str = ""


class Offer(Record):
    """An archive that the server has. ``url`` is empty where the server is asked for it, which may
    lead elsewhere too, unless it is asked to give it ``itself``."""

    integrity: Integrity
    size: int
    url: str = ""
    itself: bool = False


class FleetClient:
    """``http`` stays the caller's, and is used by one thread at a time."""

    def __init__(self, server: str, token: str, http: HttpClient) -> None:
        """Raises ``fleet-invalid`` for what is no URL, or no token."""
        address = parse_address(server)
        if address is None or address.user:
            raise GraftError(
                "fleet-invalid",
                f"'{redact(server)}' is not the URL of a fleet's server",
                fix="write it as http://fleet.example.com:8080, without user and password",
            )
        if not token.isprintable() or not token.isascii() or " " in token:
            raise GraftError(
                "fleet-invalid",
                "the token holds what no token holds",
                fix="it is one word, as 'graft fleet token create' prints it",
            )
        self.server = address.url.rstrip("/")
        self.http = http
        self._auth = f"Bearer {token}" if token else ""

    # For hosts

    def desired(self, name: str, etag: str = "") -> Desired | None:
        """What a set is to be; None where that is what ``etag`` came with."""
        path = f"/v1/sets/{quote(name, safe='')}/desired"
        response = self._wait(self.send("GET", path, headers=_if_none_match(etag)))
        if response.status == 304:
            return None
        said = self._document(response)
        release, epoch = said.get("hash"), said.get("epoch")
        if not (isinstance(release, str) and isinstance(epoch, int)):
            raise self._senseless(response.url)
        if release and not is_release_hash(release):
            raise self._senseless(response.url)
        return Desired(set=name, hash=release, epoch=epoch, etag=response.headers.get("etag", ""))

    def release(self, name: str, release: str) -> Release:
        """Raises ``fleet-not-found`` where the server does not have it any more, and
        ``fleet-blob-damaged`` for one that is not what its hash says."""
        path = f"/v1/sets/{quote(name, safe='')}/releases/{quote(release, safe='')}"
        found = read_release(self.ask("GET", path), where=self.server + path)
        if found.hash != release:
            raise self._senseless(self.server + path)
        return found

    def missing(
        self, name: str, release: str, platform: Platform, have: Iterable[Integrity]
    ) -> tuple[Offer, ...]:
        """The archives of a release that this platform needs, but for those that it has."""
        path = f"/v1/sets/{quote(name, safe='')}/releases/{quote(release, safe='')}/missing"
        machine = {"os": platform.os, "cpu": platform.cpu, "libc": platform.libc}
        asked = {"platform": machine, "have": list(map(str, have))}
        said = self.ask("POST", path, asked)
        try:
            return tuple(
                Offer(
                    integrity=parse_integrity(each["integrity"]),
                    size=int(each["size"]),
                    url=str(each.get("url") or ""),
                )
                for each in said["blobs"]
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._senseless(self.server + path) from None

    def part(self, offer: Offer, start: int, end: int, *, subject: str = "") -> Transfer:
        """Begin to fetch bytes ``start`` to ``end``, without that one; ``taken`` reads them."""
        own = f"{self.server}/v1/blobs/{offer.integrity.file_name}"
        url = f"{own}?itself=1" if offer.itself else offer.url or own
        return self.http.send(
            Request(
                url=url,
                headers={"Range": f"bytes={start}-{end - 1}"},
                subject=subject,
                auth="" if url == offer.url else self._auth,
                # Stores that know no ranges answer with the whole, and failures are said in words.
                max_bytes=max(offer.size, _MAX_FAILURE),
                compressed=False,
            )
        )

    def taken(self, transfer: Transfer, start: int, end: int) -> bytes:
        """The bytes of ``part``, also where all of the archive was answered in their place. Which
        of both it is, Content-Range says: some stores answer a part with the status 200."""
        response = self._wait(transfer)
        if response.status not in (200, 206):
            raise self._failure(response)
        said = response.headers.get("content-range", "").removeprefix("bytes ")
        if not said and response.status == 200:
            return response.body[start:end]
        if said.partition("-")[0] != str(start):
            raise self._senseless(response.url)
        return response.body[: end - start]

    def report(self, report: HostReport) -> None:
        path = f"/v1/hosts/{quote(report.host, safe='')}/sets/{quote(report.set, safe='')}"
        said = {
            "hash": report.hash,
            "status": report.status,
            "platform": report.platform,
            "error": report.error,
            "pulled_bytes": report.pulled_bytes,
            "pulled_blobs": report.pulled_blobs,
            "milliseconds": report.milliseconds,
            "version": report.version,
            "converged_at": report.converged_at,
        }
        self.ask("PUT", path, said)

    # For all

    def whoami(self) -> dict[str, Any]:
        """``id``, ``role``, ``label`` and ``host`` of the token."""
        return self.ask("GET", "/v1/whoami")

    def ask(
        self, method: str, path: str, said: Any = None, *, query: Mapping[str, str] = {}
    ) -> dict[str, Any]:
        """The answer of the server, which is an object, or what it says is wrong, raised."""
        return self._document(self._wait(self.send(method, path, said, query=query)))

    def send(
        self,
        method: str,
        path: str,
        said: Any = None,
        *,
        query: Mapping[str, str] = {},
        headers: Mapping[str, str] = {},
    ) -> Transfer:
        sent = {"Accept": "application/json", **headers}
        if said is not None:
            sent["Content-Type"] = "application/json"
        return self.http.send(
            Request(
                url=self.server + path + (f"?{urlencode(query)}" if query else ""),
                headers=sent,
                auth=self._auth,
                max_bytes=_MAX_ANSWER,
                body=None if said is None else json.dumps(said).encode(),
                method="" if method == "GET" else method,
                urgent=True,
            )
        )

    def _wait(self, transfer: Transfer) -> Response:
        try:
            return self.http.wait(transfer)
        except GraftError as error:
            raise unreachable(error) from None

    def _document(self, response: Response) -> dict[str, Any]:
        if response.status >= 300:
            raise self._failure(response)
        if not response.body:
            return {}
        said = _object(response.body)
        if said is None:
            raise self._senseless(response.url)
        return said

    def _failure(self, response: Response) -> GraftError:
        """What the server said is wrong. One that is no server of a fleet says nothing of use."""
        said = (_object(response.body) or {}).get("error")
        error = read_error(said, redact(response.url))
        return error or self._senseless(response.url, f"it answered {response.status}")

    def _senseless(self, url: str, why: str = "") -> GraftError:
        return GraftError(
            "fleet-unreachable",
            "what answers there is no server of a fleet, or one of another version",
            where=redact(url),
            why=(why,) if why else (),
            fix="see that 'graft fleet serve' runs there, and that no proxy answers in its place",
        )


def read_error(said: object, where: str) -> GraftError | None:
    """A diagnostic as JSON has it, about ``where`` if it does not say; None for what is none."""
    code = said.get("code") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(code, str) or code not in CODES:
        return None
    why = said.get("why")
    return GraftError(
        code,
        str(said.get("message", "")),
        where=str(said.get("where") or where),
        why=map(str, why) if isinstance(why, list) else (),
        fix=str(said.get("fix", "")),
    )


def unreachable(error: GraftError) -> GraftError:
    """What the HTTP client says of registries, said of a fleet's server."""
    said = error.diagnostic
    if said.code not in ("registry-unreachable", "registry-answer"):
        return error
    return GraftError(
        "fleet-unreachable",
        f"the fleet's server does not answer: {said.message}",
        where=said.where,
        why=said.why,
        fix="see that 'graft fleet serve' runs there, and that --server names it",
    )


def _if_none_match(etag: str) -> dict[str, str]:
    return {"If-None-Match": etag} if etag else {}


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None
