"""Where a host learns what it is to have, and gets it from: a server, or a host before it."""

from __future__ import annotations

from typing import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from graft.fleet.client import Desired, Offer
    from graft.fleet.records import HostReport
    from graft.fleet.release import Release
    from graft.model.integrity import Integrity
    from graft.model.platform import Platform


class Upstream(Protocol):
    """May be used from several threads at once, as archives are. Raises ``fleet-unreachable``,
    ``fleet-unauthorized`` and ``fleet-not-found``. Nothing that it says is believed: a release has
    to be what its hash names, and an archive what its integrity does."""

    def desired(self, name: str) -> Desired:
        """Of a set: its durable row. The hash is empty where nothing was ever published."""
        ...

    def release(self, name: str, release: str) -> Release: ...

    def missing(
        self, name: str, release: str, platform: Platform, have: Iterable[Integrity]
    ) -> Sequence[Offer]: ...

    def part(self, offer: Offer, start: int, end: int) -> bytes:
        """Bytes ``start`` to ``end``, without that one; fewer at the end of the archive."""
        ...

    def report(self, report: HostReport, token: str = "") -> None:
        """With the own token, or that of the host that it is of."""
        ...

    def whoami(self, token: str = "") -> Mapping[str, object]:
        """``id``, ``role``, ``label`` and ``host`` of the own token, or of another one."""
        ...

    def events(self, names: Sequence[str], stop: Callable[[], bool]) -> Iterator[str]:
        """First an empty name, when there is a connection: whoever asks now misses nothing that is
        told after. Then the name of a set, of these, each time that something may have changed
        there. Ends where the connection does, or soon after ``stop`` says so."""
        ...
