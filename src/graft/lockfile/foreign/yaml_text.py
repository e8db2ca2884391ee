"""YAML of which every scalar stays the text that it is: a version ``1.10`` is no number."""

from __future__ import annotations

from typing import Any

from graft.lockfile.foreign.faults import unreadable


def documents(data: bytes, where: str) -> list[dict[str, Any]]:
    """The documents of a file, each of which is an object. Raises ``import-unreadable``."""
    import yaml  # takes longer to load than most locks to read

    # libyaml's parser where PyYAML was built with it: ten times as fast.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        found = [said for said in yaml.load_all(data, Loader=loader) if said]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "it is not YAML"
        raise unreadable(where, reason, line=mark.line + 1 if mark else 0) from None
    except RecursionError:
        raise unreadable(where, "it is nested too deeply") from None
    if not found or not all(isinstance(said, dict) for said in found):
        raise unreadable(where, "it holds no table")
    return found
