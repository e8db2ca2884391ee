"""A registry, a machine and a project, new for each test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from harness.donors import Child, says
from harness.fleet_s3 import S3Server
from harness.machine import Machine
from harness.memory import memory
from harness.project import Project
from harness.registry import LocalRegistry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from harness.fleet_postgres import Postgres

# Where pytest makes its folders.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory() or ""))

# How many examples a property is tried with; a busy machine makes none of them slow.
_USUAL, _DEEP = 25, 1000
for _name, _examples in (("usual", _USUAL), ("deep", _DEEP)):
    settings.register_profile(
        _name,
        max_examples=_examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("usual")


@pytest.fixture(autouse=True, scope="session")
def heeds_signals() -> Iterator[None]:
    """What runs behind a shell's ``&`` inherits that SIGINT is ignored, what runs behind ``nohup``
    that SIGHUP is, and passes it on."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def registry() -> Iterator[LocalRegistry]:
    with LocalRegistry() as registry:
        yield registry


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One for all tests of a worker, which takes a second to start: ask for a ``url`` of it."""
    from harness.fleet_postgres import Postgres

    with Postgres() as postgres:
        yield postgres


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


@pytest.fixture
def gold(registry: LocalRegistry, machine: Machine) -> Project:
    registry.publish("a@1.0.0", dependencies={"b": "^1"}, files={"index.js": says("b", "a")})
    registry.publish("b@1.0.0", files={"index.js": "module.exports = 'b'"})
    registry.publish("c@1.0.0", files={"index.js": "module.exports = 'c'"}, bin={"c": "index.js"})
    gold = machine.project("gold", dependencies={"a": "^1", "c": "^1"})
    gold.graft("install")
    return gold


@pytest.fixture
def child(gold: Project, machine: Machine) -> Child:
    machine.project("child", dependencies={"a": "^1"})
    return Child(gold.dir.with_name("child"), machine)


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[S3Server]:
    """For one test: it starts in a tenth of a second, and keeps a processor busy for as long as it
    runs once it has been written to."""
    with S3Server(tmp_path / "s3") as server:
        yield server
