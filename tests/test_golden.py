"""The story of ``make golden``, on packages of a registry that is here."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from harness.machine import Machine
from harness.registry import LocalRegistry

GOLDEN = Path(__file__).resolve().parents[1] / "examples" / "golden.py"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_child_takes_packages_of_every_kind_and_leaves_their_workspace_as_it_is(
    machine: Machine, registry: LocalRegistry
) -> None:
    for name in ("ms@2.1.2", "ms@2.1.3", "kleur@4.1.5", "left-pad@1.3.0"):
        registry.publish(name, files={"index.js": f"module.exports = () => '{name}'\n"})
    debugs = {"index.js": "module.exports = () => require('ms')()\n"}
    registry.publish("debug@4.3.4", dependencies={"ms": "2.1.2"}, files=debugs)
    registry.publish("debug@4.4.0", dependencies={"ms": "^2.1.3"}, files=debugs)
    place = machine.root / "golden"
    said = machine.run([sys.executable, str(GOLDEN), str(place)], timeout=240)
    assert "5 imports lead into the golden workspace's own" in said.stdout
    assert said.stdout.count("is as it was, to the bit") == 8
