"""Edits of ``[indices]`` in ``graft.toml`` that keep its comments, order and form.

An edit is read back and compared before anybody gets it: nothing but the one index may say
something else than it did.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.model.indices import REFS, REV
from graft.project.defaults import GRAFT_TOML
from graft.project.graft_toml import BOM, GraftToml, parse_graft_toml
from graft.project.index_entries import entries
from graft.project.manifests import INDICES

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
    import tomlkit
    from tomlkit.exceptions import TOMLKitError
    from tomlkit.items import InlineTable

    keys = dict(_keys(toml)).get(namespace, (namespace,))
    try:
        document = tomlkit.parse(toml.text)
        table: MutableMapping[str, Any] = document.setdefault(INDICES, tomlkit.table())
        *above, last = keys
        for key in above:
            table = table[key]
        old = table.get(last)
        if isinstance(old, MutableMapping) and not (isinstance(old, InlineTable) and len(said) < 2):
            for key in REFS:
                if key in old and key not in said:
                    del old[key]
            for key, value in said.items():
                if old.get(key) != value:
                    old[key] = value
        elif len(said) < 2:
            table[last] = said["url"]
        else:
            inline = tomlkit.inline_table()
            inline.update(said)
            table[last] = inline
        text = tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, ValueError) as error:
        raise _unsafe(toml, namespace, str(error)) from error
    front = BOM if toml.raw.startswith(BOM.encode()) else ""
    raw = (front + text).encode()
    _check(toml, raw, namespace, said)
    return raw


def _check(toml: GraftToml, raw: bytes, namespace: str, said: dict[str, str]) -> None:
    try:
        after = parse_graft_toml(raw, toml.path)
    except GraftError as error:
        raise _unsafe(toml, namespace, error.diagnostic.message) from error
    before, now = _meaning(toml), _meaning(after)
    ref = f"{REV} {said[REV]}" if REV in said else ""
    before.pop(namespace, None)
    if now.pop(namespace, None) != {"url": said["url"], "ref": ref, "path": ""} or before != now:
        raise _unsafe(toml, namespace, "another line would have changed with it")
    if {**toml.data, INDICES: None} != {**after.data, INDICES: None}:
        raise _unsafe(toml, namespace, "another table would have changed with it")


def _meaning(toml: GraftToml) -> dict[str, dict[str, str]]:
    return {".".join(keys): entry for keys, entry in entries(toml.data.get(INDICES, {}), [])}


def _keys(toml: GraftToml) -> list[tuple[str, Keys]]:
    found = entries(toml.data.get(INDICES, {}), [])
    return [(".".join(keys), keys) for keys, _ in found]


def _unsafe(toml: GraftToml, namespace: str, reason: str) -> GraftError:
    return GraftError(
        "manifest-invalid",
        f"{GRAFT_TOML} cannot be edited safely, and is as it was",
        where=toml.path,
        why=[reason],
        fix=f"edit what it says of {namespace} below [indices] yourself",
    )
