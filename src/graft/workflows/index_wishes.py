"""What ``graft add`` saves of packages that come from indices."""

from __future__ import annotations

from collections.abc import Callable

from graft.base.diagnostics import GraftError
from graft.indices.descriptor import Descriptor, Release
from graft.versions.constraint import Constraint
from graft.versions.index_constraint import UNCONSTRAINED, parse_constraint
from graft.versions.mistakes import read_each, refusal
from graft.versions.specifier import INDEX, parse_specifier
from graft.workflows.index_view import newest
from graft.workflows.wishes import Wish


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
