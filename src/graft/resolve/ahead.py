"""Packuments that are going to be needed, asked for together: who waits for one after the other
waits for the network each time. It moves the time at which they arrive, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from graft.base.diagnostics import GraftError
from graft.model.manifest import Manifest
from graft.model.requirement import Kind, Requirement
from graft.resolve.lines import Lines
from graft.resolve.pick import pick
from graft.sources.packument import Packument
from graft.sources.registry import RegistrySource
from graft.versions.specifier import Specifier, parse_specifier


class Ahead:
    """``knows`` says of what is wanted whether it is there without a packument. ``peers`` counts
    what packages ask for as peers."""

    def __init__(
        self,
        source: RegistrySource,
        lines: Lines,
        tag: str,
        knows: Callable[[Specifier], bool],
        *,
        peers: bool = False,
    ) -> None:
        self._source = source
        self._lines = lines
        self._tag = tag
        self._knows = knows
        self._peers = peers
        self._likely: dict[str, dict[int, Specifier]] = {}
        self._picked: dict[tuple[int, int], tuple[str | None, Packument, Specifier]] = {}
        source.on_packument(self._arrived)

    def ask(self, wanted: Specifier, *, full: bool) -> None:
        # By identity: to hash a range takes longer than all the rest.
        self._likely.setdefault(wanted.package, {})[id(wanted)] = wanted
        self._source.prefetch(wanted.package, full=full)

    def pick(self, packument: Packument, wanted: Specifier) -> str | None:
        """``pick``, once for each of the two: what was expected is then asked for in earnest."""
        key = (id(packument), id(wanted))
        if key not in self._picked:
            # Both are kept with it, so that no other can have their place.
            self._picked[key] = (pick(packument, wanted, self._tag), packument, wanted)
        return self._picked[key][0]

    def _arrived(self, packument: Packument) -> None:
        """Whatever version will be chosen, it is likely the newest one."""
        for wanted in self._likely.pop(packument.name, {}).values():
            version = self.pick(packument, wanted)
            if version is None:
                continue
            try:
                manifest = self._lines.extended(packument.manifest(version))
            except GraftError:
                continue  # said again, with its reason, if this version is really chosen
            self._guess(manifest)

    def _guess(self, manifest: Manifest) -> None:
        for requirement in manifest.requirements:
            if requirement.kind is not Kind.PEER or (self._peers and not requirement.optional):
                self._guess_one(requirement)

    def _guess_one(self, requirement: Requirement) -> None:
        specifier = self._lines.overrides.apply(requirement)
        if specifier is None:
            return
        wanted = parse_specifier(requirement.local, specifier)
        if not (wanted.foreign or self._knows(wanted)):
            self.ask(wanted, full=requirement.optional)
