"""What graft made in a ``node_modules``, recorded inside it so that both change together."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from graft.base.files import read_file

STATE_FOLDER = ".graft"
_STATE_FILE = "state.json"
_STATE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """``links`` maps paths relative to ``node_modules`` to targets. ``inputs`` is whatever decided
    them, as one text: if it is the same next time, the links are the same."""

    layout: str = ""
    inputs: str = ""
    links: Mapping[str, str] = field(default_factory=dict)


def read_state(modules: str) -> State:
    """The record, or an empty one where there is none or it is damaged: then nothing is owned."""
    try:
        said = json.loads(read_file(os.path.join(modules, STATE_FOLDER, _STATE_FILE)) or b"{}")
        if said.get("state") != _STATE_VERSION:
            return State()
        links = {str(path): str(target) for path, target in said["links"].items()}
        return State(layout=said["layout"], inputs=said["inputs"], links=links)
    except (ValueError, KeyError, TypeError, AttributeError):
        return State()


def state_file(modules: str) -> str:
    return os.path.join(modules, STATE_FOLDER, _STATE_FILE)


def state_bytes(state: State) -> bytes:
    said = {
        "state": _STATE_VERSION,
        "layout": state.layout,
        "inputs": state.inputs,
        "links": dict(sorted(state.links.items())),
    }
    return json.dumps(said, indent=0).encode()


def links_on_disk(modules: str, paths: Mapping[str, str]) -> dict[str, str | None]:
    """What is at each path: a link's target, None for something else, nothing if nothing is."""
    found: dict[str, str | None] = {}
    for path in paths:
        full = os.path.join(modules, path)
        try:
            found[path] = os.readlink(full)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            found[path] = None
    return found
