"""YAML of which every scalar stays the text that it is: a version ``1.10`` is no number.

PyYAML's own composer calls itself for each level, which ends the interpreter where a file has very
many. Its events come one by one, and making documents of them takes half the time as well.
"""

from __future__ import annotations

from typing import Any

# Real files have ten levels.
_MAX_DEPTH = 100


class YamlError(ValueError):
    """``line`` counts from 1; 0 where it is not known."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


def yaml_documents(data: bytes) -> list[Any]:
    """The documents of a file, made of texts, lists and objects. An alias is the very object that
    it names. Raises YamlError."""
    import yaml  # takes longer to load than most files to read

    # libyaml's parser where PyYAML was built with it: ten times as fast.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        return _built(yaml.parse(data, Loader=loader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "it is not YAML"
        raise YamlError(reason, mark.line + 1 if mark else 0) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise YamlError(str(error)) from None


def _built(events: Any) -> list[Any]:
    from yaml import AliasEvent, MappingStartEvent, NodeEvent, ScalarEvent, SequenceStartEvent

    # Items as they come: those of an object are its keys and values in turn.
    documents: list[Any] = []
    open_items: list[list[Any]] = [documents]
    starts: list[Any] = []
    anchors: dict[str, Any] = {}
    for event in events:
        kind = type(event)
        if kind is ScalarEvent:
            value: Any = event.value
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            if len(starts) == _MAX_DEPTH:
                raise _at("it is nested too deeply", event)
            starts.append(event)
            open_items.append([])
            continue
        elif kind is AliasEvent:
            if event.anchor not in anchors:
                raise _at(f"it names no '{event.anchor}' before", event)
            value = anchors[event.anchor]
        elif isinstance(event, NodeEvent) or not starts:
            continue  # where the stream or a document begins or ends
        else:
            items, event = open_items.pop(), starts.pop()
            value = items if type(event) is SequenceStartEvent else _table(items, event)
        if kind is not AliasEvent and event.anchor:
            anchors[event.anchor] = value
        open_items[-1].append(value)
    return documents


def _table(items: list[Any], event: Any) -> dict[str, Any]:
    keys = items[::2]
    if not all(isinstance(key, str) for key in keys):
        raise _at("a key is not a text", event)
    return dict(zip(keys, items[1::2], strict=True))


def _at(reason: str, event: Any) -> YamlError:
    return YamlError(reason, event.start_mark.line + 1)
