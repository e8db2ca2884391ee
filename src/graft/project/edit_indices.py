"""Edits of ``[indices]`` in ``graft.toml`` that keep its comments, order and form.

An edit is read back and compared before anybody gets it: nothing but the one index may say
something else than it did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graft.base.diagnostics import GraftError
from graft.model.indices import REFS, REV
from graft.project.edit_toml import rewritten, unsafe_edit
from graft.project.graft_toml import GraftToml, parse_graft_toml
from graft.project.index_entries import entries
from graft.project.manifests import INDICES

if TYPE_CHECKING:
    from tomlkit.toml_document import TOMLDocument

Keys = tuple[str, ...]


def with_rev(toml: GraftToml, namespace: str, url: str, commit: str) -> bytes:
    """The text of the file in which the index of ``namespace``, at ``url``, is pinned to a commit,
    and to no tag or branch. One that is declared elsewhere is declared here as well. Raises
    ``manifest-invalid`` where the file is written so that no edit is safe."""
    return _edited(toml, namespace, {"url": url, REV: commit})


def without_rev(toml: GraftToml, namespace: str, url: str) -> bytes:
    """The same for one that follows its repository's default branch again."""
    return _edited(toml, namespace, {"url": url})


def _edited(toml: GraftToml, namespace: str, said: dict[str, str]) -> bytes:
    keys = dict(_keys(toml)).get(namespace, (namespace,))
    raw = rewritten(toml, lambda document: _change(document, keys, said))
    try:
        after = parse_graft_toml(raw, toml.path)
    except GraftError as error:
        raise unsafe_edit(toml, error.diagnostic.message) from error
    before, now = _meaning(toml), _meaning(after)
    before.pop(namespace, None)
    ref = f"{REV} {said[REV]}" if REV in said else ""
    if now.pop(namespace, None) != {"url": said["url"], "ref": ref, "path": ""} or before != now:
        raise unsafe_edit(toml, "another index would have changed with it")
    if {**toml.data, INDICES: None} != {**after.data, INDICES: None}:
        raise unsafe_edit(toml, "another table would have changed with it")
    return raw


def _change(document: TOMLDocument, keys: Keys, said: dict[str, str]) -> None:
    import tomlkit
    from tomlkit.items import InlineTable

    table: Any = document.setdefault(INDICES, tomlkit.table())
    *above, last = keys
    for key in above:
        table = table[key]
    old = table.get(last)
    is_short = len(said) == 1 and (old is None or isinstance(old, str | InlineTable))
    if is_short:
        table[last] = said["url"]
    elif isinstance(old, dict):
        for key in REFS:
            if key in old and key not in said:
                del old[key]
        for key, value in said.items():
            if old.get(key) != value:
                old[key] = value
    else:
        table[last] = tomlkit.inline_table()
        table[last].update(said)


def _meaning(toml: GraftToml) -> dict[str, dict[str, str]]:
    return {".".join(keys): entry for keys, entry in entries(toml.data.get(INDICES, {}), [])}


def _keys(toml: GraftToml) -> list[tuple[str, Keys]]:
    found = entries(toml.data.get(INDICES, {}), [])
    return [(".".join(keys), keys) for keys, _ in found]
