"""A fleet's server without one: releases and archives in memory, and what becomes of requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

from graft.base.diagnostics import GraftError
from graft.fleet.client import Desired, Offer
from graft.fleet.host.pace import Pace
from graft.fleet.host.reconcile import Host
from graft.fleet.host.root import HostRoot
from graft.fleet.records import HostReport
from graft.fleet.release import Entry, Release, release_hash
from graft.link.layouts import VIRTUAL
from graft.lockfile.format import write_lock
from graft.model.graph import Graph, Importer, Node
from graft.model.integrity import Integrity, parse_integrity
from graft.model.manifest import Manifest
from graft.model.platform import Platform, PlatformLimits
from graft.model.requirement import Kind, Requirement
from graft.store.paths import open_store
from harness.release import Facts, build

LINUX = Platform(os="linux", cpu="x64", libc="glibc")
HOUR = 3_600_000


@dataclass
class Shelf:
    """Packages, and an ``Upstream`` that serves what is released of them. ``parts`` are the ranges
    that were asked for; ``spoil`` may change what is answered to one, or raise."""

    wanted: dict[str, Desired] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)
    archives: dict[Integrity, bytes] = field(default_factory=dict)
    parts: list[tuple[Integrity, int, int]] = field(default_factory=list)
    reports: list[HostReport] = field(default_factory=list)
    spoil: Callable[[bytes, Offer], bytes] = lambda data, _: data
    url: str = ""
    platforms: tuple[Platform, ...] = ()
    gone: bool = False
    asked: Callable[[str], object] = str
    _manifests: dict[str, Manifest] = field(default_factory=dict)
    _bell: threading.Event = field(default_factory=threading.Event)

    def publish(self, spec: str, **facts: Unpack[Facts]) -> Integrity:
        """``dependencies`` and ``optional`` name exact versions."""
        made = build(spec, facts, published="", takes_latest=True)
        integrity = parse_integrity(made.dist["integrity"])
        self.archives[integrity] = made.archive
        bins = facts.get("bin", {})
        self._manifests[spec] = Manifest(
            name=made.name,
            version=made.version,
            integrity=str(integrity),
            requirements=(
                *_requirements(facts.get("dependencies", {}), Kind.PROD, optional=False),
                *_requirements(facts.get("optional", {}), Kind.OPTIONAL, optional=True),
            ),
            bins=tuple(bins.items()) if not isinstance(bins, str) else (),
            platforms=PlatformLimits(
                os=tuple(facts.get("os", ())), cpu=tuple(facts.get("cpu", ()))
            ),
        )
        return integrity

    def release_of(self, **roots: str) -> Release:
        """``local="name@version"``: what may be imported; the rest is what these need."""
        specs = {local.replace("__", "/"): spec for local, spec in roots.items()}
        nodes: dict[str, Node] = {}
        for spec in specs.values():
            self._add(spec, nodes)
        requirements = tuple(
            Requirement(local=local, specifier=spec.rpartition("@")[2], kind=Kind.PROD)
            for local, spec in sorted(specs.items())
        )
        root = Importer(path=".", requirements=requirements, edges=specs)
        lock = write_lock(Graph(importers={".": root}, nodes=nodes))
        manifests = {node.manifest.integrity: node.manifest for node in nodes.values()}
        entries = tuple(
            Entry(
                name=each.name,
                version=each.version,
                integrity=text,
                size=len(self.archives[parse_integrity(text)]),
                unpacked=1,
                platforms=each.platforms,
            )
            for text, each in sorted(manifests.items())
        )
        hash = release_hash(lock, entries, self.platforms)
        release = Release(hash=hash, lock=lock, entries=entries, platforms=self.platforms)
        self.releases[release.hash] = release
        return release

    def want(self, set: str = "apps", **roots: str) -> Release:
        """Release these, and have hosts want that."""
        release = self.release_of(**roots)
        self.move(release, set)
        return release

    def move(self, release: Release, set: str = "apps") -> None:
        epoch = self.wanted[set].epoch + 1 if set in self.wanted else 1
        self.wanted[set] = Desired(set=set, hash=release.hash, epoch=epoch)
        self._bell.set()

    def _add(self, spec: str, nodes: dict[str, Node]) -> None:
        if spec in nodes:
            return
        manifest = self._manifests[spec]
        edges = {r.local: f"{r.local}@{r.specifier}" for r in manifest.requirements}
        nodes[spec] = Node(id=spec, manifest=manifest, edges=edges)
        for child in edges.values():
            self._add(child, nodes)

    # What an upstream does

    def _ask(self, what: str) -> None:
        self.asked(what)
        if self.gone:
            raise GraftError("fleet-unreachable", "the fleet's server does not answer")

    def desired(self, name: str) -> Desired:
        self._ask("desired")
        return self.wanted.get(name) or Desired(set=name, hash="", epoch=0)

    def release(self, name: str, release: str) -> Release:
        self._ask(f"release of {name}")
        if release not in self.releases:
            raise GraftError("fleet-not-found", f"there is no release {release}")
        return self.releases[release]

    def missing(
        self, name: str, release: str, platform: Platform, have: Iterable[Integrity]
    ) -> Sequence[Offer]:
        self._ask(f"missing of {name}")
        return [
            Offer(integrity=parse_integrity(each.integrity), size=each.size, url=self.url)
            for each in self.releases[release].entries
            if each.platforms.admit(platform) and parse_integrity(each.integrity) not in {*have}
        ]

    def part(self, offer: Offer, start: int, end: int) -> bytes:
        self._ask("part")
        self.parts.append((offer.integrity, start, end))
        return self.spoil(self.archives[offer.integrity][start:end], offer)

    def report(self, report: HostReport, token: str = "") -> None:
        self._ask(f"report {token}")
        self.reports.append(report)

    def whoami(self, token: str = "") -> dict[str, object]:
        self._ask(f"whoami {token}")
        if token not in ("", "secret"):
            raise GraftError("fleet-unauthorized", "that token is nobody's")
        return {"id": "1", "role": "host", "label": "", "host": f"host-of-{token}"}

    def events(self, names: Sequence[str], stop: Callable[[], bool]) -> Iterator[str]:
        self._ask("events")
        yield ""
        while not stop():
            if self._bell.wait(0.05):
                self._bell.clear()
                yield from names


def _requirements(said: Mapping[str, str], kind: Kind, *, optional: bool) -> Iterator[Requirement]:
    for local, version in sorted(said.items()):
        yield Requirement(local=local, specifier=version, kind=kind, optional=optional)


class Clock:
    """Milliseconds that pass when they are told to."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms


def host_at(
    folder: Path, upstream: Shelf, clock: Callable[[], int] | None = None, layout: str = VIRTUAL
) -> Host:
    root = HostRoot(str(folder / "fleet"))
    return Host(
        root=root,
        name=folder.name,
        store=open_store(root.home),
        upstream=upstream,
        platform=LINUX,
        layout=layout,
        now=clock or Clock(),
        pace=Pace(0, time.monotonic, time.sleep),
        say=print,
    )
