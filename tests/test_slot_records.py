"""What slots say of themselves gives their names again."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from graft.base.records import replace
from graft.store.keys import graph_keys
from graft.store.paths import Store
from graft.store.slot_records import (
    OLDER,
    UNREADABLE,
    SlotRecord,
    misnamed,
    read_slot_record,
    slots_from,
)
from graft.store.slots import slot_inputs
from harness.project import Project
from harness.registry import LocalRegistry


def test_slots_say_what_their_keys_are_made_of(project: Project, registry: LocalRegistry) -> None:
    """Cycles, a package that depends on its own name, a folder of the project, and a salt."""
    registry.publish("one@1.0.0", peers={"two": "1"}, bin={"one": "cli.js"})
    registry.publish("two@1.0.0", dependencies={"one": "1", "own": "2"})
    registry.publish("own@1.0.0", scripts={"postinstall": "echo x > x"})
    registry.publish("own@2.0.0", dependencies={"own": "1", "near": "*"})
    project.write("near/package.json", {"name": "near", "version": "1.0.0", "bin": "x.js"})
    project.manifest(dependencies={"two": "1", "one": "1"}, overrides={"near": "file:./near"})
    project.graft("install")
    project.graft("approve-builds", "own@1.0.0")
    store = Store(str(project.store))
    records = {name: read_slot_record(store, name) for name in os.listdir(store.slots)}
    assert not [name for name, record in records.items() if isinstance(record, str)]
    said = {name: record for name, record in records.items() if not isinstance(record, str)}
    assert len(said) == 8 and any(record.salt for record in said.values())
    assert any(record.folders for record in said.values())
    assert misnamed(said) == set()
    # All at once give the same as each by the names of what is below it.
    folders = {each: each for record in said.values() for each in record.folders.values()}
    fields: dict[Any, Any] = {name: record.identity for name, record in said.items()} | folders
    edges: dict[Any, Any] = {name: {**r.edges, **r.folders} for name, r in said.items()}
    keys = graph_keys(fields, edges | {each: {} for each in folders})
    assert all(name.endswith(f"-{keys[name]}") for name in said)
    slots = slots_from(said)
    assert slots.keys() == said.keys()
    for name, slot in slots.items():
        written = json.loads((project.store / "slots" / name / "slot.json").read_text())
        again = json.loads(json.dumps(slot_inputs(slot)))
        assert {key: written[key] for key in again} == again
    wrong = min(name for name in said if name.startswith("two@"))
    changed = replace(said[wrong], identity=(*said[wrong].identity, "more", "bin.js"))
    assert wrong in misnamed({**said, wrong: changed})
    assert not [name for name in misnamed({**said, wrong: changed}) if name.startswith("own@")]


_ONE = "sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA="


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", UNREADABLE),
        ("[]", UNREADABLE),
        ('{"slot":1,"name":"a"}', OLDER),
        ('{"slot":3}', UNREADABLE),
        (f'{{"slot":2,"identity":["a","1","","{_ONE}"],"dependencies":{{}},"folders":{{}}}}', None),
        ('{"slot":2,"identity":["a","1","",""],"dependencies":{},"folders":{}}', 0),
        (
            '{"slot":2,"identity":["a","1","","sha1-AAAAAAAAAAAAAAAAAAAAAAAAAAA="],"dependencies":{"b":"../b-1"},"folders":{}}',
            0,
        ),
        ('{"slot":2,"identity":["a","1","",""],"dependencies":{},"folders":{"b":["x"]}}', 0),
        ('{"slot":2,"identity":["a","1","",""],"dependencies":{},"folders":{"b":[]}}', 0),
        ('{"slot":2,"identity":["a","1","","","x"],"dependencies":{},"folders":{}}', 0),
        ('{"slot":2,"identity":["link","/x"],"dependencies":{},"folders":{}}', 0),
        ('{"slot":2,"identity":"abcd","dependencies":{},"folders":{}}', 0),
        ('{"slot":2,"identity":[],"dependencies":{},"folders":{}}', 0),
    ],
)
def test_what_makes_no_sense_is_no_record(project: Project, text: str, found: object) -> None:
    folder = project.store / "slots/a-1"
    folder.mkdir(parents=True)
    (folder / "slot.json").write_text(text)
    read = read_slot_record(Store(str(project.store)), "a-1")
    assert isinstance(read, SlotRecord) if found is None else read == (found or UNREADABLE)
