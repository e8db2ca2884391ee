"""What was published stays as it is: two states of a package, or of a whole index, compared.

New versions, platforms, mirrors of the same bytes, descriptions and yanking, either way, are free;
whatever would give somebody else's lock other bytes or other dependencies is a violation. Pure.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from graft.base.records import Record
from graft.indices.descriptor import Archive, Descriptor, Release
from graft.model.names import split_name
from graft.model.platform import Platform, PlatformLimits
from graft.model.requirement import Requirement

_MAX_PLATFORMS = 20_000
# A word that no descriptor holds: what they say of platforms that they do not name.
_ANY = "any other"


class Violation(Record):
    """``code`` is stable, ``package`` written ``acme:tool``, ``where`` a file of the index."""

    code: str
    message: str
    package: str = ""
    version: str = ""
    where: str = ""

    def __str__(self) -> str:
        subject = f"{self.package}@{self.version}" if self.version else self.package or self.where
        where = f" ({self.where})" if self.where and self.where != subject else ""
        return f"{self.code} {subject}: {self.message}{where}"


def compare_packages(
    base: Mapping[str, Descriptor], head: Mapping[str, Descriptor]
) -> Iterator[Violation]:
    """By identity. Those that are the same on both sides need not be there."""
    for identity, before in base.items():
        now = head.get(identity)
        if now is not None:
            yield from compare(before, now)
            continue
        instead = next((each for each in head.values() if _continues(before, each, base)), None)
        yield Violation(
            code="package-deleted" if instead is None else "package-renamed",
            message="it is not there any more; yank its versions instead"
            if instead is None
            else f"it is {shown(instead.identity)} now; what was published keeps its name",
            package=shown(identity),
            where=before.where,
        )


def compare(base: Descriptor, head: Descriptor) -> Iterator[Violation]:
    """Two states of one package."""
    for text, before in base.releases.items():
        now = head.releases.get(text)
        for code, message in _removed(text, head) if now is None else _changes(before, now):
            yield Violation(
                code=code,
                message=message,
                package=shown(base.identity),
                version=text,
                where=head.where,
            )


def shown(identity: str) -> str:
    """``@acme/tool`` -> ``acme:tool``."""
    namespace, name = split_name(identity)
    return f"{namespace}:{name}" if namespace else name


def _continues(before: Descriptor, other: Descriptor, base: Mapping[str, Descriptor]) -> bool:
    """Whether ``other``, which is new, has what ``before`` had."""
    return other.identity not in base and any(
        (now := other.releases.get(text)) is not None and now.archives == release.archives
        for text, release in before.releases.items()
    )


def _removed(text: str, head: Descriptor) -> Iterator[tuple[str, str]]:
    if text in head.aliases:
        yield "version-deleted", f"it only stands for {head.aliases[text]} now"
    elif text in head.unusable:
        yield "version-deleted", f"it cannot be used any more: {head.unusable[text]}"
    else:
        yield "version-deleted", "it is not there any more; yank it instead"


def _changes(before: Release, now: Release) -> Iterator[tuple[str, str]]:
    yield from _archive_changes(before, now)
    if before.requirements != now.requirements:
        yield "dependency-changed", _difference(before.requirements, now.requirements)
    for field, word in (("bins", "bins"), ("node", "node"), ("has_scripts", "install-scripts")):
        was, is_ = getattr(before, field), getattr(now, field)
        if was != is_:
            yield "contents-changed", f"'{word}' was {_said(was)} and is {_said(is_)}"


def _archive_changes(before: Release, now: Release) -> Iterator[tuple[str, str]]:
    """What each platform that had something gets now, in as few lines as there are changes."""
    if before.archives == now.archives:
        return
    platforms = _platforms([*before.archives, *now.archives])
    if platforms is None:
        yield "platform-changed", "it names more platforms than can be compared"
        return
    found: dict[tuple[str, str], list[str]] = {}
    for platform in platforms:
        was, is_ = before.archive_for(platform), now.archive_for(platform)
        if was is not None:
            for change in _archive_change(was, is_):
                found.setdefault(change, []).append(_named(platform))
    every = len(platforms)
    for (code, message), where in found.items():
        more = f" and {len(where) - 3} more" if len(where) > 3 else ""
        on = "" if len(where) == every else f" (on {', '.join(where[:3])}{more})"
        yield code, message + on


def _archive_change(was: Archive, is_: Archive | None) -> Iterator[tuple[str, str]]:
    if is_ is None:
        yield "platform-deleted", "it is not for a platform any more that it was for"
    elif bool(was.git) != bool(is_.git):
        yield "source-changed", f"it came from {_source(was)} and comes from {_source(is_)}"
    elif (was.integrity, was.commit) != (is_.integrity, is_.commit):
        before, now = (each.integrity or each.commit for each in (was, is_))
        yield "digest-changed", f"it was {before} and is {now}; publish another version"
    elif was.git != is_.git:
        yield "url-changed", f"its repository was {was.git} and is {is_.git}"
    else:
        for url in was.urls:
            if url not in is_.urls:
                yield "url-changed", f"{url} is gone; other mirrors can be named beside it"


def _source(archive: Archive) -> str:
    return archive.git or next(iter(archive.urls), "")


def _platforms(archives: list[Archive]) -> list[Platform] | None:
    """One for each way in which the archives can tell platforms apart; None for too many."""
    every = [archive.platforms for archive in archives]
    fields = [
        sorted({word.lstrip("!") for limits in every for word in _words(limits, field)} | {_ANY})
        for field in ("os", "cpu", "libc")
    ]
    count = len(fields[0]) * len(fields[1]) * len(fields[2])
    if count > _MAX_PLATFORMS:
        return None
    return [Platform(os=os, cpu=cpu, libc=libc) for os, cpu, libc in itertools.product(*fields)]


def _words(limits: PlatformLimits, field: str) -> tuple[str, ...]:
    return getattr(limits, field)  # type: ignore[no-any-return]


def _named(platform: Platform) -> str:
    words = [word for word in (platform.os, platform.cpu, platform.libc) if word != _ANY]
    return " ".join(words) or "other platforms"


def _difference(before: Iterable[Requirement], now: Iterable[Requirement]) -> str:
    was, is_ = ({each.local: each for each in side} for side in (before, now))
    parts = []
    for name in sorted(was.keys() | is_.keys()):
        if name not in is_:
            parts.append(f"{shown(name)} is gone")
        elif name not in was:
            parts.append(f"{shown(name)} is new")
        elif was[name] != is_[name]:
            said = [f"{each.kind} '{each.specifier}'" for each in (was[name], is_[name])]
            parts.append(f"{shown(name)} was {said[0]} and is {said[1]}")
    return "; ".join(parts)


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{command} = {path}" for command, path in value) or "empty"
    return f"'{value}'" if isinstance(value, str) else str(value).lower()
