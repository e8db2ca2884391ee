"""What a package says of the platforms that it runs on, and what this machine is."""

from __future__ import annotations

from graft.base.records import Record


class Platform(Record):
    """A machine in npm's words: ``linux``/``darwin``/``win32``, ``x64``/``arm64``, ``glibc``."""

    os: str
    cpu: str
    libc: str = ""


class PlatformLimits(Record):
    """The ``os``, ``cpu`` and ``libc`` fields of a manifest. Empty means everywhere."""

    os: tuple[str, ...] = ()
    cpu: tuple[str, ...] = ()
    libc: tuple[str, ...] = ()

    def admit(self, platform: Platform) -> bool:
        return (
            _admits(self.os, platform.os)
            and _admits(self.cpu, platform.cpu)
            # A machine whose libc is unknown, or a system that has no choice of one, admits all.
            and (not platform.libc or _admits(self.libc, platform.libc))
        )

    def __bool__(self) -> bool:
        return bool(self.os or self.cpu or self.libc)


ANYWHERE = PlatformLimits()


def _admits(wanted: tuple[str, ...], actual: str) -> bool:
    """npm's rule: an excluded value loses; without included values everything else is admitted."""
    if not wanted or "any" in wanted:
        return True
    if f"!{actual}" in wanted:
        return False
    included = [value for value in wanted if not value.startswith("!")]
    return not included or actual in included
