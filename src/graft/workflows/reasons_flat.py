"""What keeps a version away where there is one of each package: the solver is asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import replace
from graft.lockfile.differences import differences
from graft.model.difference import Difference
from graft.model.graph import Graph
from graft.model.names import split_name
from graft.model.requirement import Kind, Requirement
from graft.project.checkout import ROOT, Checkout
from graft.resolve.locked import Locked
from graft.resolve.uses import PREFERRED, PRESENT, REQUIREMENT
from graft.versions.specifier import parse_specifier
from graft.versions.version import version_in_graph
from graft.workflows.answer import is_legacy, wants_flat
from graft.workflows.project import Work
from graft.workflows.reasons import Reason, WhyNot
from graft.workflows.resolving import Resolving

CONFLICT = "conflict"
_SHOWN = 12


def reasons_flat(
    work: Work, checkout: Checkout, graph: Graph, name: str, version: str, specifier: str
) -> WhyNot:
    """``specifier`` asks for that version alone. What else the project asks for stays as it is."""
    here = tuple(
        sorted({n.manifest.version for n in graph.nodes.values() if n.manifest.name == name})
    )
    answer = WhyNot(name=name, version=version, here=here, reasons=())
    if here == (version,):
        return replace(
            answer, reasons=(Reason(code=PRESENT, text=("the lock has it",), forbids=False),)
        )
    wanted = Requirement(local=name, specifier=specifier, kind=Kind.PROD)
    asked, own = _asking(checkout, wanted, version)
    settings = work.context.settings
    resolving = Resolving(
        work,
        checkout,
        graph,
        (),
        flat=wants_flat(work.context, checkout),
        adds_peers=not is_legacy(settings.peers, graph),
    )
    try:
        found = resolving.resolved(asked, Locked(graph)).graph
    except GraftError as error:
        said = error.diagnostic
        if said.code not in ("flat-conflict", "version-yanked"):
            raise
        text = (f"if the project asked for {name}@{version} as well:", *said.why)
        bare = split_name(name)[1]
        edits = tuple(
            edit
            for edit in (said.fix.split("; or ") if said.fix else ())
            # To have another version is no way to have this one.
            if not edit.startswith((f'ask for "{name}"', f"write {bare} =")) or version in edit
        )
        return replace(
            answer, reasons=(*own, Reason(code=CONFLICT, text=text, forbids=True)), edits=edits
        )
    changes = [each for each in differences(graph, found) if each.name != name]
    told = f"with it, {_listed(changes)}" if changes else "nothing else changes with it"
    kept = "nothing forbids it: the lock keeps what it has, or another goes before it"
    reasons = own or (Reason(code=PREFERRED, text=(kept,), forbids=False),)
    first = replace(reasons[0], text=(*reasons[0].text, told))
    return replace(answer, reasons=(first, *reasons[1:]), edits=(f"graft add {name}@{version}",))


def _asking(
    checkout: Checkout, wanted: Requirement, version: str
) -> tuple[Mapping[str, Sequence[Requirement]], tuple[Reason, ...]]:
    """What the project would ask for, and which lines of its own stand against that: it is asked
    for in their place."""
    asked: dict[str, Sequence[Requirement]] = {}
    own: list[Reason] = []
    for path, lines in checkout.asked.items():
        kept = []
        for line in lines:
            said = parse_specifier(line.local, line.specifier)
            admits = said.range is None or said.range.contains(version_in_graph(version))
            if said.package != wanted.local or said.foreign or admits:
                kept.append(line)
                continue
            file = "the project" if path == ROOT else path
            text = f"{file} asks for {line.local}@{line.specifier} itself"
            own.append(Reason(code=REQUIREMENT, text=(text,), forbids=True))
        asked[path] = kept
    asked[ROOT] = (*asked.get(ROOT, ()), wanted)
    return asked, tuple(own)


def _listed(changes: list[Difference]) -> str:
    told = [
        f"{each.name} is {each.change}"
        + (f" from {each.before} to {each.after}" if each.before and each.after else "")
        for each in changes[:_SHOWN]
    ]
    more = len(changes) - _SHOWN
    return ", ".join(told) + (f" and {more} others change" if more > 0 else "")
