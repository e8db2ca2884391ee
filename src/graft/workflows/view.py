"""``view``: what a registry or an index says of a package and of its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.resolve.pick import no_version, pick
from graft.versions.specifier import parse_specifier
from graft.workflows.names import with_near_name
from graft.workflows.project import Context, asking
from graft.workflows.wishes import Wish

# Nobody wants to read it in passing; it is there for those who ask for it by name.
_README = "readme"


class Viewed(Record):
    """``version`` is what the specifier would give, and ``matching`` all versions in its range,
    oldest first; without a range, that one alone. ``documents`` has, for each of these, the
    package's own fields with the version's over them; ``versions`` is then a list of texts."""

    name: str
    version: str
    matching: tuple[str, ...]
    documents: Mapping[str, Mapping[str, Any]]


def view(context: Context, wish: Wish, fields: Sequence[str]) -> Viewed:
    """Raises ``package-not-found``, ``no-matching-version``, ``source-unsupported``, and what else
    the registry's or the index's answer calls for."""
    import msgspec

    from graft.sources.packument import Packument

    tag = context.settings.tag
    wanted = parse_specifier(wish.local, wish.specifier or tag)
    if wanted.foreign:
        raise GraftError(
            "source-unsupported",
            f"'{wish.local}@{wish.specifier}' is a {wanted.foreign} source, and no registry's",
            fix="name a package of a registry",
        )
    if context.namespaces().is_of_index(wish.local):
        return _of_index(context, wish)
    registry = context.settings.registries.url_for(wanted.package)
    with asking(context) as asks:
        try:
            body = asks.whole_packument(wanted.package)
        except GraftError as error:
            raise with_near_name(error, context, wanted.package) from None
    packument = Packument(body, name=wanted.package, registry=registry)
    version = pick(packument, wanted, tag)
    if version is None:
        raise no_version(packument, wanted, wish.specifier)
    matching = [version]
    if wanted.range is not None:
        keys = reversed(packument.newest_first(prereleases=True))
        matching = [text for key, text in keys if wanted.range.admits(key)] or matching
    said = msgspec.json.decode(body)
    texts = [text for _, text in reversed(packument.newest_first(prereleases=True))]
    documents = {
        each: _document(said, said["versions"][each], texts, with_readme=_README in fields)
        for each in {*matching, version}
    }
    return Viewed(
        name=wanted.package, version=version, matching=tuple(matching), documents=documents
    )


def _of_index(context: Context, wish: Wish) -> Viewed:
    """As the index is at the commit that the lock pins."""
    from graft.workflows.index_trees import locked_trees
    from graft.workflows.index_view import document, fitting, newest

    descriptor = locked_trees(context).descriptor(wish.local)
    found = fitting(descriptor, wish.specifier)
    chosen = newest(found) or found[-1]
    matching = found if wish.specifier else [chosen]
    return Viewed(
        name=wish.local,
        version=chosen.text,
        matching=tuple(each.text for each in matching),
        documents={each.text: document(descriptor, each) for each in found},
    )


def field_of(document: Any, path: str) -> Any:
    """What stands at a dotted path, as in ``dist.tarball``, ``time[1.0.0]`` or
    ``maintainers.email``, which is that of each of them; None if nothing does."""
    return _at(document, path.replace("[", ".").replace("]", "").strip("."))


def _at(value: Any, path: str) -> Any:
    if not path:
        return value
    if isinstance(value, list):
        first, _, rest = path.partition(".")
        if first.isdigit():
            return _at(value[int(first)], rest) if int(first) < len(value) else None
        found = [_at(item, path) for item in value]
        return [item for item in found if item is not None] or None
    if not isinstance(value, dict):
        return None
    # A key may hold dots itself: versions do, and so do names. The longest that leads on counts.
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        key = ".".join(parts[:count])
        if key in value:
            found = _at(value[key], ".".join(parts[count:]))
            if found is not None:
                return found
    return None


def _document(
    packument: Mapping[str, Any], version: Any, versions: list[str], *, with_readme: bool
) -> dict[str, Any]:
    own = version if isinstance(version, dict) else {}
    merged = {**packument, "versions": versions, **own}
    if not with_readme:
        merged.pop(_README, None)
    return merged
