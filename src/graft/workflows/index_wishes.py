"""What ``graft add`` saves of packages that come from indices."""

from __future__ import annotations

from collections.abc import Callable

from graft.base.diagnostics import GraftError
from graft.indices.descriptor import Descriptor, Release
from graft.indices.pins import PinnedIndices
from graft.indices.tree import IndexTree
from graft.model.names import split_name
from graft.store.paths import Store, open_store
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import UNCONSTRAINED, parse_constraint
from graft.versions.mistakes import read_each, refusal
from graft.versions.specifier import INDEX, parse_specifier
from graft.workflows.index_view import newest
from graft.workflows.indices import declared, locked_pins, snapshots_in
from graft.workflows.project import Context
from graft.workflows.wishes import Wish


class IndexShelf:
    """The descriptors of a project's indices, as its lock pins them."""

    def __init__(self, context: Context, store: Store) -> None:
        self._indices = declared(context)
        snapshots = snapshots_in(store, context)
        self._pinned = PinnedIndices(self._indices, locked_pins(context), snapshots)

    def descriptor(self, name: str) -> Descriptor:
        """Raises ``package-not-found``, and what looking into an index raises."""
        namespace = split_name(name)[0]
        source = self._indices.route(namespace)
        assert source is not None
        found = self._tree(source.namespace).find(name)
        if found is not None:
            return found
        raise GraftError(
            "package-not-found",
            f"there is no package '{name}'",
            where=source.place,
            why=[f"looked for in the index of '{source.namespace}', declared in {source.where}"],
            fix=self._elsewhere(name)
            or (f"run 'graft index update {source.namespace}' if it is new" if source.url else ""),
        )

    def _elsewhere(self, name: str) -> str:
        """Packages of the same name in other namespaces, as no more than a hint."""
        bare = split_name(name)[1]
        found = []
        for namespace in sorted(self._indices.sources):
            spelling = f"@{namespace}/{bare}"
            if spelling == name:
                continue
            try:
                if self._tree(namespace).find(spelling) is not None:
                    found.append(f"{namespace}:{bare}")
            except GraftError:
                continue
        return f"there is {', '.join(found)}, if that was meant" if found else ""

    def _tree(self, namespace: str) -> IndexTree:
        folder = self._pinned.folder(namespace)
        assert folder is not None
        return IndexTree(folder, where=namespace, namespace=namespace)


def shelf_of(context: Context) -> IndexShelf:
    """For commands that look and change nothing."""
    settings = context.settings
    return IndexShelf(context, open_store(settings.store_root, frozen=settings.frozen_store))


def index_specifier(
    wish: Wish, descriptor: Callable[[str], Descriptor], *, exact: bool, npm: bool
) -> str:
    """As a requirement has it: a constraint as it was asked for, or the newest version. ``npm``
    asks for what ``package.json`` says, a range of npm's. Raises ``bad-constraint`` and
    ``no-matching-version``."""
    text = wish.specifier
    constraint = UNCONSTRAINED
    if text and not npm:
        found, mistakes = read_each(parse_constraint, [(wish.local, text)])
        if mistakes:
            raise refusal(mistakes)
        constraint = found[wish.local]
    released = descriptor(wish.local)
    if text and npm:
        range = parse_specifier(wish.local, text).range
        if range is None or not exact:
            return text
        constraint = Constraint(text=text, range=range, at_least=range)
    chosen = _newest(released, constraint)
    if npm:
        return str(chosen.version) if exact else f"^{chosen.version}"
    if exact:
        return f"{INDEX}={chosen.text}"
    return f"{INDEX}{text or chosen.text}"


def _newest(descriptor: Descriptor, constraint: Constraint) -> Release:
    fitting = [
        release
        for release in descriptor.releases.values()
        if constraint.range.contains(release.version)
    ]
    release = newest(fitting)
    if release is not None:
        return release
    yanked = [f"{release.text} was withdrawn: {release.yanked}" for release in fitting]
    shown = ", ".join(list(descriptor.releases)[:10]) or "none"
    raise GraftError(
        "no-matching-version",
        f"no version of {descriptor.identity} is in '{constraint.text}'",
        where=descriptor.where,
        why=[*yanked, f"there are {shown}"],
        fix="ask for one of these",
    )
