"""Names that users type, and what they may have meant."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.model.names import canonical_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from graft.project.namespaces import Namespaces
    from graft.workflows.project import Context


def not_a_dependency(name: str, known: Iterable[str], where: str) -> GraftError:
    from graft.base.suggestions import did_you_mean

    return GraftError(
        "not-a-dependency",
        f"'{name}' is not a dependency here",
        where=where,
        fix=did_you_mean(name, known) or "'graft ls --all' shows what is",
    )


def with_near_name(error: GraftError, context: Context, name: str) -> GraftError:
    """A name that the registry does not know may be one that is misspelt here and not there."""
    from graft.base.suggestions import nearest

    said = error.diagnostic
    near = nearest(name, _known_here(context)) if said.code == "package-not-found" else ""
    if not near or near == name:
        return error
    fix = f"did you mean '{near}'?"
    return GraftError(said.code, said.message, where=said.where, why=said.why, fix=fix)


def _known_here(context: Context) -> set[str]:
    """The names in lock and manifest, as far as there are any."""
    from graft.project.manifest import read_manifest

    try:
        graph = context.graph()
        locked = {node.manifest.name for node in graph.nodes.values()} if graph else set()
        asked = read_manifest(context.folder).requirements
    except GraftError:
        return set()
    return locked | {line.local for line in asked}


def meant_name(typed: str, known: Collection[str], namespaces: Callable[[], Namespaces]) -> str:
    """The canonical name of what somebody typed, where ``known`` are the names that there are.
    ``acme.tool`` is the old spelling of ``acme:tool`` where that namespace is declared, and nothing
    has that for its own name."""
    name = canonical_name(typed)
    if name in known or name.startswith("@") or "." not in name.strip("."):
        return name
    from graft.project.toml_names import spelled

    return spelled((name,), namespaces()).name
