"""A registry, a machine and a project, new for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture
def registry() -> Iterator[LocalRegistry]:
    with LocalRegistry() as registry:
        yield registry


@pytest.fixture
def machine(tmp_path: Path, registry: LocalRegistry) -> Machine:
    """A machine whose ``~/.npmrc`` names the registry."""
    for parent in tmp_path.resolve().parents:
        for name in ("package.json", "node_modules"):
            assert not (parent / name).exists(), f"{parent / name} would leak into every test"
    return Machine(tmp_path, registry)


@pytest.fixture
def project(machine: Machine) -> Project:
    """``app``: a package.json that asks for nothing yet."""
    return machine.project("app")
