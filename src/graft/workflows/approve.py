"""``approve-builds``: the project's word on packages that want to run scripts.

What is decided is written to ``package.json`` together with what comes of it, so a build that fails
leaves the project as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.model.graph import Graph
from graft.model.manifest import Manifest
from graft.model.names import split_spec
from graft.model.origins import GIT
from graft.project.build_hints import build_hints
from graft.project.edit import set_section
from graft.project.manifest import MANIFEST_NAME, ProjectManifest
from graft.scripts.approvals import FIELD, SECTION, Approval, Approvals, read_approvals
from graft.scripts.phases import Phase, scripts_digest
from graft.store.admission import required_integrity
from graft.store.objects import has_object
from graft.workflows.builds import installed_graph, phases_of
from graft.workflows.install import install
from graft.workflows.names import not_a_dependency
from graft.workflows.project import Context, Work, at_work
from graft.workflows.report import InstallOptions, InstallReport


class Candidate(Record):
    """A package with scripts. ``declared`` is whether the registry, if it has one, says that it has
    any; ``state`` is ``approved``, ``denied`` or ``undecided``; ``hint`` says what another tool's
    settings in this project have about it."""

    manifest: Manifest
    phases: tuple[Phase, ...]
    declared: bool
    state: str
    network: bool = False
    hint: str = ""

    @property
    def id(self) -> str:
        return self.manifest.id

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "state": self.state,
            "scripts": {phase.event: phase.line for phase in self.phases},
            "network": self.network,
            "declared": self.declared,
            "hint": self.hint,
        }


class Decision(Record):
    """What to approve, what to approve with the network, what to deny, and of what to forget all:
    ids or names."""

    approve: Collection[str] = ()
    network: Collection[str] = ()
    deny: Collection[str] = ()
    forget: Collection[str] = ()

    def __bool__(self) -> bool:
        return bool(self.approve or self.network or self.deny or self.forget)


class Approved(Record):
    """All packages with scripts, as they stand now; ``report`` is None if nothing was decided."""

    candidates: tuple[Candidate, ...]
    report: InstallReport | None


def approve_builds(
    context: Context,
    decide: Callable[[Sequence[Candidate]], Decision],
    options: InstallOptions,
) -> Approved:
    """``decide`` is asked once it is known what there is to decide.

    Raises ``lock-missing``, ``not-a-dependency`` for what has no scripts here, and whatever
    ``install`` raises.
    """
    with at_work(context) as work:
        checkout = context.checkout()
        manifest = checkout.root
        graph = installed_graph(work, checkout)
        if options.donors is not None:
            from graft.workflows.donations import donations_for

            scripted = [n.manifest for n in graph.nodes.values() if n.manifest.has_scripts]
            donations_for(work, checkout, options).bring(scripted)
        candidates = find_candidates(work, graph, manifest)
        decision = decide(candidates)
        if not decision:
            return Approved(candidates=candidates, report=None)
        manifest.refuse_lacking("what is decided about builds")
        raw = _edited(manifest, candidates, decision)
        after = context.checkout({MANIFEST_NAME: raw} if raw != manifest.raw else {})
        report = install(work, after, options)
        return Approved(candidates=find_candidates(work, graph, after.root), report=report)


def find_candidates(work: Work, graph: Graph, manifest: ProjectManifest) -> tuple[Candidate, ...]:
    """Every package of the graph whose own files have scripts, whatever the registry says; those
    that the store lacks are fetched if the registry says that they have some, or if they come from
    git, where nobody says."""
    store = work.store
    approvals = read_approvals(manifest.data, manifest.path)
    hints = build_hints(manifest.data, work.context.folder)
    nodes = (node for node in graph.nodes.values() if not node.manifest.is_link)
    manifests = {node.manifest.id: node.manifest for node in nodes}
    for each in manifests.values():
        may = each.has_scripts or each.origin.startswith(GIT)
        if may and not has_object(store, required_integrity(each)):
            work.archives.need(each, lambda _: None)
    work.finish()
    found = []
    for id in sorted(manifests):
        each = manifests[id]
        if phases := phases_of(store, each):
            found.append(_candidate(each, phases, approvals, hints))
    return tuple(found)


def _candidate(
    manifest: Manifest,
    phases: tuple[Phase, ...],
    approvals: Approvals,
    hints: Mapping[str, str],
) -> Candidate:
    approval = approvals.of(manifest)
    state = "denied" if approvals.denies(manifest) else "undecided"
    if approval is not None and approval.scripts == scripts_digest(phases):
        state = "approved"
    return Candidate(
        manifest=manifest,
        phases=phases,
        declared=manifest.has_scripts or manifest.origin.startswith(GIT),
        state=state,
        network=approval is not None and approval.network,
        hint=hints.get(manifest.name, ""),
    )


def _edited(
    manifest: ProjectManifest, candidates: Sequence[Candidate], decision: Decision
) -> bytes:
    """The manifest with what was decided. Approvals of other versions of a package go: what they
    were about is not here any more."""
    known = {candidate.id: candidate for candidate in candidates}
    section = dict(manifest.data.get(SECTION) or {})
    said: dict[str, object] = dict(section.get(FIELD) or {})

    def named(texts: Collection[str]) -> list[Candidate]:
        return [each for text in texts for each in _named(text, known, manifest.path)]

    approve = named([*decision.approve, *decision.network])
    network = {each.id for each in named(decision.network)}
    for each in approve:
        here = {other.id for other in candidates}
        for id in [id for id in said if _name_in(id) == each.manifest.name]:
            if id not in here:
                del said[id]
        said.pop(each.manifest.name, None)
        said[each.id] = Approval(
            integrity=each.manifest.integrity,
            scripts=scripts_digest(each.phases),
            network=each.id in network,
        ).as_json()
    for text in decision.deny:
        for each in _named(text, known, manifest.path):
            said.pop(each.id, None)
        said[text] = False
    for text in decision.forget:
        gone = [id for id in said if text in (id, _name_in(id))]
        if not gone:
            raise not_a_dependency(text, said, manifest.path)
        for id in gone:
            del said[id]
    section.pop(FIELD, None)
    if said:
        section[FIELD] = dict(sorted(said.items()))
    return set_section(manifest.raw, SECTION, section)


def _name_in(id: str) -> str:
    """Of ``name@version``, or of ``name@origin#version``; empty for a name alone."""
    name, rest = split_spec(id)
    return name if rest else ""


def _named(text: str, known: Mapping[str, Candidate], where: str) -> list[Candidate]:
    found = [each for id, each in known.items() if text in (id, each.manifest.name)]
    if not found:
        names = {name for each in known.values() for name in (each.id, each.manifest.name)}
        from graft.base.suggestions import did_you_mean

        raise GraftError(
            "not-a-dependency",
            f"'{text}' is no package with scripts here",
            where=where,
            fix=did_you_mean(text, names) or "run 'graft approve-builds' to see which there are",
        )
    return found
