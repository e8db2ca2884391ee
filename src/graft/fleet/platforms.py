"""The machines that a package set is for, as they are written, shown and compared."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from graft.model.platform import Platform


def platforms_document(platforms: Iterable[Platform]) -> list[dict[str, str]]:
    return [{"os": each.os, "cpu": each.cpu, "libc": each.libc} for each in platforms]


def read_platforms(said: Iterable[Mapping[str, str]]) -> tuple[Platform, ...]:
    """Raises what ``Platform`` and ``str`` do for what is none."""
    return tuple(
        Platform(os=_text(each["os"]), cpu=_text(each["cpu"]), libc=_text(each["libc"]))
        for each in said
    )


def platform_text(platform: Platform) -> str:
    """``linux-x64-glibc``."""
    return "-".join(filter(None, (platform.os, platform.cpu, platform.libc)))


def in_order(platforms: Iterable[Platform]) -> tuple[Platform, ...]:
    """Each once, sorted: which was named first says nothing."""
    return tuple(sorted({*platforms}, key=platform_text))


def is_among(platform: Platform, platforms: Collection[Platform]) -> bool:
    """Whether what is for these is for that machine; none are all there are. Where one of both has
    no libc, that of the other is as good as any."""
    return not platforms or any(
        (each.os, each.cpu) == (platform.os, platform.cpu)
        and (not each.libc or not platform.libc or each.libc == platform.libc)
        for each in platforms
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
