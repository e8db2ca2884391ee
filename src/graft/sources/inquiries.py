"""Packuments asked for in one run, each once: from the cache where that is enough."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Literal

from graft.base.diagnostics import GraftError
from graft.base.http import Request, Response, Transfer, missing_offline
from graft.base.http_client import HttpClient
from graft.project.registries import Registries
from graft.sources.answers import (
    ABBREVIATED,
    FULL,
    NOT_MODIFIED,
    is_full,
    refusal,
    senseless,
    validators_of,
)
from graft.sources.packument import Packument
from graft.sources.packument_cache import CachedPackument, PackumentCache, Validators
from graft.sources.resolutions import Consulted
from graft.sources.slim import slim

MAX_PACKUMENT = 256 << 20
# Packages that a run asks for: the largest projects have ten thousand. A registry can make up one
# for each that it is asked for, each depending on the next.
_MAX_INQUIRIES = 100_000


class Mode(StrEnum):
    """Whether cached packuments are confirmed when they grow old, used at any age, or all."""

    ONLINE = "online"
    PREFER_OFFLINE = "prefer-offline"
    OFFLINE = "offline"


class SourceStats:
    """Packuments by how they were had, and archives asked for."""

    fetched: int = 0
    revalidated: int = 0
    cached: int = 0
    archives: int = 0


class Inquiry:
    """One packument of this run: asked for, and in time answered one way or the other.

    ``transfer`` is there while it is under way, and not longer: it holds the whole answer.
    ``consulted`` is there if the answer may be kept. ``asker`` is whose answer it is.
    """

    __slots__ = (
        *("asked_registry", "asker", "consulted", "error", "full", "name", "origin"),
        *("packument", "registry", "transfer"),
    )

    def __init__(self, *, name: str, registry: str, origin: str, full: bool) -> None:
        self.name = name
        self.registry = registry
        self.origin = origin
        self.full = full
        self.asker = ""
        self.transfer: Transfer | None = None
        self.packument: Packument | None = None
        self.error: GraftError | None = None
        self.asked_registry = False
        self.consulted: Consulted | None = None

    @property
    def url(self) -> str:
        return self.registry + self.name.replace("/", "%2f")


class Inquiries:
    """Every packument that a run asks for, by registry and name."""

    def __init__(
        self,
        client: HttpClient,
        registries: Registries,
        cache: PackumentCache,
        *,
        mode: Mode,
        clock: Callable[[], float],
        fresh: frozenset[str] | Literal["all"],
        stats: SourceStats,
    ) -> None:
        self.listeners: list[Callable[[Packument], None]] = []
        self._client = client
        self._registries = registries
        self._cache = cache
        self._mode = mode
        self._clock = clock
        self._fresh = fresh
        self._stats = stats
        self._inquiries: dict[tuple[str, str], Inquiry] = {}
        self._news: deque[Packument] = deque()
        self._telling = False
        self._superseded: list[Inquiry] = []

    def consulted(self) -> list[Consulted] | None:
        """Every packument that has come in this run; None where they do not make up all that had a
        say: one could not be had, may not be kept, or said something else when asked again."""
        answered = [inquiry for inquiry in self._inquiries.values() if inquiry.transfer is None]
        found = [inquiry.consulted for inquiry in answered if inquiry.consulted is not None]
        for before in self._superseded:
            after = self._inquiries[before.registry, before.name].packument
            if before.packument and after and not before.packument.offers_what(after):
                return None
        return found if found and len(found) == len(answered) else None

    def ask(self, name: str, registry: str, origin: str, *, full: bool = False) -> Inquiry:
        """The inquiry for ``name`` at ``registry``, begun now if it was not before."""
        inquiry = self._inquiries.get((registry, name))
        if inquiry is None or (full and not inquiry.full):
            inquiry = self._begin(name, registry, origin, full=full, again=False)
        return inquiry

    def ask_again(self, name: str, registry: str, origin: str) -> Inquiry:
        """The same, but one that the registry itself was asked, in this run, if it may be."""
        inquiry = self.ask(name, registry, origin)
        if not inquiry.asked_registry and self._mode is Mode.ONLINE:
            inquiry = self._begin(name, registry, origin, full=inquiry.full, again=True)
        return inquiry

    def forget(self) -> None:
        """Let go of all packuments: they take more memory than anything that comes after them."""
        self.listeners.clear()
        self._inquiries.clear()
        self._superseded.clear()

    def wait(self, inquiry: Inquiry) -> Packument:
        while inquiry.transfer is not None:  # one that is done may have led to another
            self._client.pump_until_done(inquiry.transfer)
        if inquiry.error is not None:
            raise inquiry.error
        if inquiry.packument is None:
            raise RuntimeError(f"nobody answered for {inquiry.name}")
        return inquiry.packument

    def _begin(self, name: str, registry: str, origin: str, *, full: bool, again: bool) -> Inquiry:
        if before := self._inquiries.get((registry, name)):
            self._superseded.append(before)
        inquiry = Inquiry(name=name, registry=registry, origin=origin, full=full)
        if len(self._inquiries) >= _MAX_INQUIRIES and not before:
            reason = f"{_MAX_INQUIRIES:,} packages were asked for before it"
            inquiry.error = senseless(name, registry, reason)
            return inquiry
        self._inquiries[registry, name] = inquiry
        inquiry.asker = self._registries.asker_for(inquiry.url)
        cached = self._cache.get(inquiry.url, inquiry.asker)
        if cached is not None and full and not cached.validators.full:
            cached = None
        if cached is not None and self._is_enough(cached, name, again):
            try:
                self._settle(inquiry, cached.body)
            except GraftError:
                cached = None  # whole but wrong: fetch it anew
            else:
                self._note(inquiry, cached.looked, cached.validators)
                self._stats.cached += 1
                self._tell()
                return inquiry
        if self._mode is Mode.OFFLINE:
            inquiry.error = missing_offline(f"the packument of {name}", inquiry.url)
        else:
            self._send(inquiry, cached)
        return inquiry

    def _is_enough(self, cached: CachedPackument, name: str, again: bool) -> bool:
        if self._mode is not Mode.ONLINE:
            return True
        wanted_fresh = again or self._fresh == "all" or name in self._fresh
        return not wanted_fresh and cached.is_current(self._clock())

    def _send(self, inquiry: Inquiry, cached: CachedPackument | None) -> None:
        headers = {"Accept": FULL if inquiry.full else ABBREVIATED}
        # A validator belongs to one form of the document.
        if cached is not None and cached.validators.full == inquiry.full:
            if cached.validators.etag:
                headers["If-None-Match"] = cached.validators.etag
            elif cached.validators.modified:
                headers["If-Modified-Since"] = cached.validators.modified
        request = Request(
            url=inquiry.url,
            headers=headers,
            subject=inquiry.name,
            auth=self._registries.authorization_for(inquiry.url),
            certificate=self._registries.certificate_for(inquiry.url),
            max_bytes=MAX_PACKUMENT,
            urgent=True,
        )
        inquiry.asked_registry = True
        inquiry.transfer = self._client.send(request)
        inquiry.transfer.on_done(lambda transfer: self._arrived(inquiry, cached, transfer))

    def _arrived(
        self, inquiry: Inquiry, cached: CachedPackument | None, transfer: Transfer
    ) -> None:
        """Settle an inquiry, for good or ill; errors are for whoever waits for the packument."""
        request = transfer.request
        try:
            response = transfer.result()
            if response.status == NOT_MODIFIED and cached is not None:
                try:
                    self._settle(inquiry, cached.body)
                except GraftError:
                    # Whole but wrong, and what confirms it would do so for ever.
                    self._send(inquiry, None)
                    return
                now = self._clock()
                self._cache.confirm(request.url, inquiry.asker, now)
                self._note(inquiry, now, cached.validators)
                self._stats.revalidated += 1
            elif response.status == 200:
                self._receive(inquiry, request, response)
                self._stats.fetched += 1
            else:
                raise refusal(
                    response, request.url, f"package {inquiry.name}", authorized=bool(request.auth)
                )
        except GraftError as error:
            inquiry.error = error
        inquiry.transfer = None
        self._tell()

    def _receive(self, inquiry: Inquiry, request: Request, response: Response) -> None:
        body = response.body
        if is_full(response) and not inquiry.full:
            body = slim(body)
        self._settle(inquiry, body)
        validators = validators_of(response, full=inquiry.full)
        if validators is not None:
            now = self._clock()
            self._cache.put(request.url, inquiry.asker, body, validators, now)
            self._note(inquiry, now, validators)

    def _note(self, inquiry: Inquiry, looked: float, validators: Validators) -> None:
        if self._cache.root:
            inquiry.consulted = self._cache.consulted(
                inquiry.url, inquiry.asker, looked, validators
            )

    def _settle(self, inquiry: Inquiry, body: bytes) -> None:
        inquiry.packument = Packument(
            body, name=inquiry.name, registry=inquiry.registry, origin=inquiry.origin
        )
        self._news.append(inquiry.packument)

    def _tell(self) -> None:
        # A listener prefetches, which may find more in the cache: a queue in place of recursion.
        if self._telling:
            return
        self._telling = True
        try:
            while self._news:
                packument = self._news.popleft()
                for listener in self.listeners:
                    listener(packument)
        finally:
            self._telling = False
