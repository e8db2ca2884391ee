"""What a resolver is asked, and with what it may find out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from graft.base.records import Record
from graft.model.links import NO_LINKS, Links
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement
from graft.project.overrides import NO_RULES, Rules
from graft.resolve.lines import Lines
from graft.resolve.locked import Locked
from graft.sources.registry import RegistrySource

if TYPE_CHECKING:
    from graft.sources.elsewhere import Elsewhere

Requirements = Mapping[str, Sequence[Requirement]]
"""Those of each importer."""


class Question(Record):
    """``links`` says which requirements lead to folders of the project, and ``elsewhere`` is asked
    for when the first one names no registry. Without ``adds_peers``, what nobody provides stays
    missing. ``on_chosen`` is called for each package as soon as its version is decided, so that its
    archive can be on its way while the rest is still being resolved."""

    asked: Requirements
    source: RegistrySource
    elsewhere: Callable[[], Elsewhere]
    locked: Locked
    rules: Rules = NO_RULES
    links: Links = NO_LINKS
    tag: str = "latest"
    adds_peers: bool = True
    on_chosen: Callable[[Manifest], None] = lambda _: None

    def lines(self) -> Lines:
        return Lines(
            elsewhere=self.elsewhere, locked=self.locked, rules=self.rules, links=self.links
        )
