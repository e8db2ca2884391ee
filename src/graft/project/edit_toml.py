"""Edits of ``graft.toml`` that touch the lines they are about and no others.

Whatever is made here is read again before it counts: it must say what was to be said, and of all
else the same as before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from graft.base.diagnostics import GraftError
from graft.model.names import split_name
from graft.model.origins import is_commit
from graft.model.requirement import Kind
from graft.project.defaults import GRAFT_TOML
from graft.project.graft_toml import BOM, GraftToml, parse_graft_toml
from graft.project.namespaces import Namespaces
from graft.project.toml_dependencies import SECTIONS, entries_of
from graft.project.toml_entry import SOURCES, is_inline, specifier_of
from graft.project.toml_manifest import TomlManifest, read_toml_manifest
from graft.project.toml_names import spelled
from graft.versions.source_text import GitSource, parse_source
from graft.versions.specifier import INDEX

if TYPE_CHECKING:
    from tomlkit.items import Key, Table
    from tomlkit.toml_document import TOMLDocument

Entry = str | Mapping[str, str | bool]

_OTHER_SOURCES = frozenset(SOURCES) - {"version"}


def set_entry(before: TomlManifest, name: str, entry: Entry, kind: Kind | None) -> bytes:
    """With a line for a package, by its canonical name: in the section of ``kind``, else where it
    is, else in dependencies. Raises ``manifest-invalid`` where that cannot be done."""
    section = _section(before, name, kind)

    def change(document: TOMLDocument) -> None:
        present = before.keys.get(name, ())
        stays = present[:1] == (section,) and not _is_quoted(present, name)
        _take_out(document, before, {name}, but=present if stays else ())
        if stays:
            _replace(document, present, entry)
        else:
            _put_in(document, section, name, entry, before.namespaces)

    is_index = before.namespaces.is_of_index(name)
    return _edited(before, change, {name: (section, specifier_of(entry, name, is_index=is_index))})


def entry_of(specifier: str, *, is_index: bool) -> Entry:
    """What to write for what ``package.json`` would say. Raises ``bad-specifier`` for what an index
    package cannot be taken from."""
    for key, prefix in (("path", "file:"), ("workspace", "workspace:")):
        if specifier.startswith(prefix):
            return {key: specifier.removeprefix(prefix)}
    if is_index and not specifier.startswith(INDEX):
        raise GraftError(
            "bad-specifier",
            f"'{specifier}' is not what a package of an index can be taken from",
            fix=f"write a constraint, or the repository into {GRAFT_TOML}",
        )
    return specifier.removeprefix(INDEX)


def editable_entry(specifier: str) -> Entry:
    """The same for a repository that is worked in. Raises ``usage`` for what is none, or a folder
    of one."""
    source = parse_source(specifier)
    if not isinstance(source, GitSource) or source.path or source.range or is_commit(source.ref):
        raise GraftError(
            "usage",
            f"'{specifier}' is no repository that could be worked in, or no branch of it",
            where="--editable",
            fix="write git+https://host/owner/repository, with #branch behind it if that counts",
        )
    branch = {"branch": source.ref.removeprefix("refs/heads/")} if source.ref else {}
    url = specifier.partition("#")[0].removeprefix("git+")
    return {"git": url, **branch, "editable": True}


def remove_entries(before: TomlManifest, names: Collection[str]) -> bytes:
    """Without the lines for these packages, in all sections, and without tables that held nothing
    else. Raises ``manifest-invalid`` where that cannot be done."""
    return _edited(
        before, lambda document: _take_out(document, before, names), dict.fromkeys(names)
    )


def _edited(
    before: TomlManifest,
    change: Callable[[TOMLDocument], None],
    meant: Mapping[str, tuple[str, str] | None],
) -> bytes:
    """``meant`` says of each package that changes in which section it is to be, and with which
    specifier; None where it is to be gone."""
    raw = rewritten(before.toml, change)
    try:
        after = read_toml_manifest(parse_graft_toml(raw, before.toml.path), before.namespaces)
    except GraftError as error:
        raise unsafe_edit(before.toml, " ".join((*error.diagnostic.why, str(error))[:1])) from error
    if _others(before, meant) != _others(after, meant):
        raise unsafe_edit(before.toml, "another line would have changed with it")
    now = {r.local: (after.keys[r.local][0], r.specifier) for r in after.requirements}
    if any(now.get(name) != meaning for name, meaning in meant.items()):
        raise unsafe_edit(before.toml, "the line would not have said what it should")
    return raw


def rewritten(toml: GraftToml, change: Callable[[TOMLDocument], None]) -> bytes:
    """The text with a change of what it says, which is still to be read again. Comments, order and
    line ends stay. Raises ``manifest-invalid`` where the change cannot be made."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(toml.text)
        change(document)
        text = tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise unsafe_edit(toml, str(error)) from error
    if not toml.text.endswith("\n\n"):
        text = re.sub(r"\n+\Z", "\n", text)
    if "\r\n" in toml.text:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    front = BOM if toml.raw.startswith(BOM.encode()) else ""
    return (front + text).encode()


def _others(manifest: TomlManifest, meant: Collection[str]) -> object:
    """What the file says of all but these packages."""
    tables = {key: table for key, table in manifest.toml.data.items() if key not in SECTIONS}
    lines = {(manifest.keys[r.local][0], r) for r in manifest.requirements if r.local not in meant}
    return tables, lines


def _section(before: TomlManifest, name: str, kind: Kind | None) -> str:
    if kind is not None:
        return next(section for section, of in SECTIONS.items() if of is kind)
    return before.keys[name][0] if name in before.keys else "dependencies"


def _is_quoted(keys: tuple[str, ...], name: str) -> bool:
    """Whether a namespace is between the quotes of its key, in the old way."""
    return len(keys) == 2 and keys[1] != name and ":" not in keys[1]


def _replace(document: TOMLDocument, keys: tuple[str, ...], entry: Entry) -> None:
    """In a table that says more than a version, the version alone."""
    from tomlkit.items import Table

    *above, last = keys
    table = _at(document, above)
    old = table[last]
    if isinstance(old, dict) and isinstance(entry, str) and not old.keys() & _OTHER_SOURCES:
        if old.get("version") != entry:
            old["version"] = entry
    elif isinstance(old, Table):
        del table[last]
        _add(table, last, _item(entry))
    elif old != entry:
        table[last] = _item(entry)


def _put_in(
    document: TOMLDocument, section: str, name: str, entry: Entry, namespaces: Namespaces
) -> None:
    namespace, bare = split_name(name)
    if not namespaces.declares(namespace):  # npm's scopes are nobody's namespace, and stay names
        namespace, bare = "", name
    path = [section, *filter(None, namespace.split("."))]
    table: Any = document
    for depth, key in enumerate(path):
        inner = table.get(key)
        if inner is not None and (not isinstance(inner, dict) or (depth and is_inline(inner))):
            # A package has the name of the namespace: this one is written with both between quotes.
            return _add(document[section], f"{namespace}:{bare}", _item(entry))
        if inner is None:
            table[key] = _tables(path[depth + 1 :], bare, _item(entry))
            return None
        table = inner
    return _add(table, bare, _item(entry))


def _tables(path: list[str], last: str, item: Any) -> Table:
    """A header of its own for the innermost."""
    import tomlkit

    table = tomlkit.table(is_super_table=bool(path))
    if path:
        table.append(path[0], _tables(path[1:], last, item))
    else:
        table.append(last, item)
        table.add(tomlkit.nl())  # between it and what follows
    return table


def _add(table: Any, key: str, item: Any) -> None:
    """Behind the last line, and before what is said of the tables that follow."""
    from tomlkit.items import InlineTable, Table

    lines: list[tuple[Key, Any]] = []
    if isinstance(table, Table) and key not in table:
        lines = [(k, v) for k, v in table.value.body if k and not _has_header(k, v)]
    if not lines or isinstance(table, InlineTable):
        table[key] = item
        return
    last, beside = lines[-1]
    item.trivia.indent = beside.trivia.indent
    table.value._insert_after(last, key, item)


def _has_header(key: Key, item: Any) -> bool:
    from tomlkit.items import Table

    return isinstance(item, Table) and not key.is_dotted()


def _item(entry: Entry) -> Any:
    import tomlkit

    if isinstance(entry, str):
        return tomlkit.string(entry)
    inline = tomlkit.inline_table()
    inline.update(entry)
    return inline


def _take_out(
    document: TOMLDocument,
    before: TomlManifest,
    names: Collection[str],
    but: tuple[str, ...] = (),
) -> None:
    for section in SECTIONS:
        for below, _ in list(entries_of(before.toml.data.get(section, {}))):
            keys = (section, *below)
            if keys != but and spelled(below, before.namespaces).name in names:
                _remove(document, keys)


def _remove(document: TOMLDocument, keys: tuple[str, ...]) -> None:
    """A table goes with its last line, unless something is said in it."""
    from tomlkit.items import Comment

    for depth in range(len(keys) - 1, -1, -1):
        table = _at(document, keys[:depth])
        inner = table[keys[depth]]
        if depth < len(keys) - 1:
            body = getattr(getattr(inner, "value", None), "body", ())
            if len(inner) or any(isinstance(item, Comment) for _, item in body):
                return
        del table[keys[depth]]


def _at(document: TOMLDocument, keys: Sequence[str]) -> Any:
    table: Any = document
    for key in keys:
        table = table[key]
    return table


def unsafe_edit(toml: GraftToml, reason: str) -> GraftError:
    return GraftError(
        "manifest-invalid",
        f"{GRAFT_TOML} cannot be edited safely, and is as it was",
        where=toml.path,
        why=[reason],
        fix="edit the file yourself, and run 'graft install'",
    )
