"""What the lines of manifests come to before any version is chosen: what replaces them, what they
lead to that is no registry's package, and what the lock says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from graft.base.records import Record, replace
from graft.model.links import Links
from graft.model.manifest import Manifest
from graft.model.origins import FILE, base_of
from graft.model.requirement import Requirement
from graft.project.known_extensions import known_extensions
from graft.project.overrides import Rules
from graft.resolve.locked import Locked
from graft.versions.specifier import Specifier

if TYPE_CHECKING:
    from graft.sources.elsewhere import Elsewhere

# Diagnostics that say: there is no such thing, and asking again would not change that.
ABSENT = frozenset({"package-not-found", "no-matching-version", "git-ref-missing"})


class Asked(Record, kw_only=False):
    """A requirement, who makes it (an importer's path or a package), and the text that counts
    once overrides have had their say."""

    owner: str
    requirement: Requirement
    specifier: str


class Lines:
    """``by`` is everywhere the package that asks, None for an importer."""

    def __init__(
        self,
        *,
        elsewhere: Callable[[], Elsewhere],
        locked: Locked,
        rules: Rules,
        links: Links,
    ) -> None:
        self.locked = locked
        self.overrides = rules.overrides
        self.links = links
        self._extensions = rules.extensions
        self._elsewhere = elsewhere

    def of_importers(self, asked: Mapping[str, Iterable[Requirement]]) -> Iterator[Asked]:
        for path, requirements in asked.items():
            who = self.links.importers.get(path)
            for requirement in requirements:
                text = self.overrides.of_importer(who, requirement)
                if text is not None:
                    yield Asked(path, requirement, text)

    def extended(self, manifest: Manifest) -> Manifest:
        if self._extensions:
            manifest = self._extensions.apply(manifest)
        return known_extensions().apply(manifest)

    def link(self, asked: Asked) -> Manifest | None:
        return self.links.target(asked.owner, asked.requirement, asked.specifier)

    def is_absent(self, asked: Asked, by: Manifest | None, wanted: Specifier) -> bool:
        """Whether the lock says that nothing answers this."""
        requirement = asked.requirement
        return (
            requirement.optional
            and asked.specifier == requirement.specifier
            and self.locked.is_absent(_id(asked, by), requirement, wanted.package)
        )

    def had(self, asked: Asked, by: Manifest | None) -> Manifest | None:
        """What this very line got in the lock."""
        return self.locked.edge(_id(asked, by), asked.requirement.local, asked.specifier)

    def had_elsewhere(self, asked: Asked, by: Manifest | None) -> Manifest | None:
        """The same for what names no registry. Files of this machine are looked at each time: what
        they say counts, and costs little."""
        had = self.had(asked, by)
        if had is None or had.origin.startswith(FILE) or self.locked.is_outdated(had):
            return None
        from graft.versions.source_text import answers  # few projects need what it loads

        return had if answers(had.origin, asked.specifier, base_of_line(asked, by)) else None

    def elsewhere(self, asked: Asked, by: Manifest | None) -> Manifest:
        """What the lock has for a requirement that names no registry, else what its source has."""
        had = self.had_elsewhere(asked, by)
        if had is not None:
            return had
        local, base = asked.requirement.local, base_of_line(asked, by)
        found = self._elsewhere().manifest(asked.specifier, base, local=local)
        return without_libc(self.extended(found))

    def expect_elsewhere(self, asked: Asked, by: Manifest | None) -> None:
        if self.had_elsewhere(asked, by) is None:
            local, base = asked.requirement.local, base_of_line(asked, by)
            self._elsewhere().prefetch(asked.specifier, base, local=local)


def without_libc(manifest: Manifest) -> Manifest:
    """Short packuments may lack ``libc``, and only those of optional packages are sure to be whole.
    So it counts for those alone: otherwise the lock would say what happened to be in the cache."""
    if not manifest.platforms.libc:
        return known_extensions().apply(manifest)
    return replace(manifest, platforms=replace(manifest.platforms, libc=()))


def _id(asked: Asked, by: Manifest | None) -> str:
    return by.id if by else asked.owner


def base_of_line(asked: Asked, by: Manifest | None) -> str | None:
    """The folder that paths are relative to: who asks has one, and rules are the project's."""
    if asked.specifier != asked.requirement.specifier:
        return "."
    return base_of(by.origin) if by else asked.owner
