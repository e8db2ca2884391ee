"""Two states of a whole index: all that is wrong with the second, and all that it breaks.

Files that are the same on both sides are only looked at for what they declare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.records import Record
from graft.indices.descriptor import Descriptor
from graft.indices.gate import Violation, compare_packages, shown
from graft.indices.info import IndexInfo, read_info
from graft.indices.paths import ARCHIVES, INFO, PACKAGES, descriptor_path, is_within
from graft.indices.reading import LUA, TOML, quick_identity, read_descriptor
from graft.model.integrity import parse_integrity
from graft.model.names import split_name


class Side(Protocol):
    """One state. Paths are relative to the index's root; links and the like are left out."""

    @property
    def paths(self) -> Mapping[str, str]:
        """Of each file, and the name that git would give its contents."""

    def read(self, paths: list[str]) -> Iterator[bytes]: ...


class Checked(Record):
    """``packages`` is how many the second state has."""

    violations: tuple[Violation, ...]
    notes: tuple[Diagnostic, ...]
    packages: int


def check(base: Side, head: Side) -> Checked:
    """What cannot be read of the first state was of no use to anybody, and is passed over."""
    before, now = _State(base), _State(head)
    same = {path for path, name in now.files.items() if before.files.get(path) == name}
    if before.info != now.info:
        same = set()  # descriptors may mean something else
    before.read(before.files.keys() - same)
    now.read(now.files.keys() - same)
    now.look(same)
    violations = [*now.faults, *now.collisions()]
    lost = {
        name: each
        for name, each in before.found.items()
        if name not in now.seen and each.where not in now.unread
    }
    changed = {name: each for name, each in before.found.items() if name in now.found}
    violations += compare_packages({**lost, **changed}, now.found)
    violations += now.archive_faults()
    violations += _lost_archives(before, now)
    return Checked(
        violations=tuple(
            sorted(violations, key=lambda each: (each.package, each.where, str(each)))
        ),
        notes=now.notes(),
        packages=len(now.places),
    )


class _State:
    def __init__(self, side: Side) -> None:
        self.side = side
        self.files = {p: n for p, n in side.paths.items() if is_descriptor(p)}
        self.archives = {p: n for p, n in side.paths.items() if p.startswith(f"{ARCHIVES}/")}
        self.found: dict[str, Descriptor] = {}
        # Identity -> the files that declare it.
        self.places: dict[str, list[str]] = {}
        self.faults: list[Violation] = []
        self.unread: set[str] = set()
        self.texts: list[bytes] = []
        self.info = IndexInfo()
        try:
            said = next(side.read([INFO])) if INFO in side.paths else None
            self.info = read_info(said, INFO)
        except GraftError as error:
            self._fault(error)

    @property
    def seen(self) -> set[str]:
        return set(self.places)

    @property
    def _namespace(self) -> str:
        return self.info.namespaces[0] if len(self.info.namespaces) == 1 else ""

    def read(self, paths: set[str]) -> None:
        wanted = sorted(paths)
        for path, data in zip(wanted, self.side.read(wanted), strict=True):
            self.texts.append(data)
            try:
                descriptor = read_descriptor(data, path, namespace=self._namespace)
            except GraftError as error:
                self._fault(error)
                self.unread.add(path)
                continue
            self.places.setdefault(descriptor.identity, []).append(path)
            self.found[descriptor.identity] = descriptor

    def look(self, paths: set[str]) -> None:
        """Only for what they declare."""
        wanted = sorted(paths)
        for path, data in zip(wanted, self.side.read(wanted), strict=True):
            self.texts.append(data)
            name = quick_identity(data, path, namespace=self._namespace)
            if name:
                self.places.setdefault(name, []).append(path)
            else:
                self.read({path})

    def notes(self) -> tuple[Diagnostic, ...]:
        return tuple(note for descriptor in self.found.values() for note in descriptor.notes)

    def collisions(self) -> Iterator[Violation]:
        folded: dict[str, str] = {}
        for name, paths in sorted(self.places.items()):
            package, where = shown(name), paths[-1]
            if len(paths) > 1:
                message = f"{', '.join(paths)} declare it"
                yield Violation(code="package-twice", message=message, package=package, where=where)
            other = folded.setdefault(name.lower(), name)
            if other != name:
                message = f"on some systems it has the name of {shown(other)}"
                yield Violation(
                    code="case-collision", message=message, package=package, where=where
                )
            own, proper = self.found.get(name), descriptor_path(name)
            if own and own.where.endswith(TOML) and own.where != proper:
                message = f"its place is {proper}"
                yield Violation(code="misplaced", message=message, package=package, where=own.where)
            if own and not self.info.serves(split_name(name)[0]):
                message = f"{INFO} does not name its namespace"
                yield Violation(
                    code="namespace-foreign", message=message, package=package, where=where
                )

    def archive_faults(self) -> Iterator[Violation]:
        """Archives that lie in the index itself, of the descriptors that were read."""
        for descriptor in self.found.values():
            for text, release in descriptor.releases.items():
                for archive in release.archives:
                    for url in filter(is_within, archive.urls):
                        fault = self._archive_fault(url, archive.integrity)
                        if fault:
                            yield Violation(
                                code="archive-wrong",
                                message=f"{url} {fault}",
                                package=shown(descriptor.identity),
                                version=text,
                                where=descriptor.where,
                            )

    def _archive_fault(self, path: str, integrity: str) -> str:
        if path not in self.archives:
            return "is not there"
        (data,) = self.side.read([path])
        return "" if parse_integrity(integrity).matches(data) else "has other bytes"

    def _fault(self, error: GraftError) -> None:
        said = error.diagnostic
        self.faults.append(Violation(code=said.code, message=said.message, where=said.where))


def _lost_archives(before: _State, now: _State) -> Iterator[Violation]:
    """Files that unchanged descriptors still name: those that changed have been looked at."""
    for path, name in before.archives.items():
        if now.archives.get(path) != name and any(path.encode() in text for text in now.texts):
            message = "it is not there any more" if path not in now.archives else "it has changed"
            yield Violation(code="archive-wrong", message=message, where=path)


def is_descriptor(path: str) -> bool:
    return path.startswith(f"{PACKAGES}/") and path.endswith((TOML, LUA))
