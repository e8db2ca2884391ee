"""The resolver of a project: which one it is, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from graft.base.records import replace
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.requirement import Requirement
from graft.project.checkout import Checkout
from graft.resolve.locked import Locked
from graft.resolve.nested import Resolved, resolve
from graft.resolve.question import Question
from graft.workflows.project import Work


class Resolving:
    """``previous`` is preferred but for packages named in ``update``; None is all of them. ``flat``
    projects want one version of each package. Raises what asking indices raises."""

    def __init__(
        self,
        work: Work,
        checkout: Checkout,
        previous: Graph | None,
        update: Collection[str] | None,
        *,
        flat: bool,
        adds_peers: bool,
    ) -> None:
        self._work = work
        self._checkout = checkout
        self._previous = previous
        self._update = update
        self._adds_peers = adds_peers
        self._is_flat = flat
        self._indices = work.index_packages(previous, update)

    def resolved(
        self,
        asked: Mapping[str, Sequence[Requirement]],
        locked: Locked,
        on_chosen: Callable[[Manifest], None] = lambda _: None,
    ) -> Resolved:
        """Raises what the resolvers raise."""
        work, checkout = self._work, self._checkout
        question = Question(
            asked=asked,
            source=work.source,
            elsewhere=lambda: work.elsewhere,
            locked=locked,
            rules=checkout.rules,
            links=checkout.links,
            tag=work.context.settings.tag,
            adds_peers=self._adds_peers,
            on_chosen=on_chosen,
        )
        if self._is_flat or self._indices is not None:
            return self._flat(question)
        return resolve(question)

    def _flat(self, question: Question) -> Resolved:
        from graft.resolve.flat.npm import resolve_flat
        from graft.resolve.flat.scope import Scope

        resolved = resolve_flat(
            question,
            self._previous,
            self._update,
            scope=Scope(everything=self._is_flat, indices=self._indices),
            where=self._checkout.root.path,
        )
        if self._indices is None:
            return resolved
        pins = self._work.indices.pinned(resolved.graph)
        return replace(resolved, graph=replace(resolved.graph, indices=pins))
