"""The lock's text: one for one graph, nothing private in it, what is read is what was written."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graft.lockfile.format import read_lock, write_lock
from graft.model.graph import Graph, Importer, IndexPin, Node
from graft.model.manifest import Manifest
from graft.model.platform import PlatformLimits
from graft.model.requirement import Kind, Requirement
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry


def publish(registry: LocalRegistry) -> dict[str, Any]:
    """Something of every kind that a lock can hold; the manifest's fields that ask for it."""
    registry.publish("a@1.0.0", dependencies={"@acme/tool": "^1"}, bin={"a": "cli.js"})
    registry.publish("@acme/tool@1.2.0", peers={"host": "*"}, scripts={"install": "true"})
    registry.publish("host@1.0.0", optional={"native": "1", "absent": "1"})
    registry.publish("native@1.0.0", os=["plan9"], cpu=["!x64"])
    return {"dependencies": {"a": "^1"}, "overrides": {"nobody": "1"}}


def test_the_lock_is_the_same_on_every_machine_cold_and_warm(
    machine: Machine, project: Project, registry: LocalRegistry
) -> None:
    project.manifest(**publish(registry))
    project.graft("install")
    written = project.read("graft-lock.json")
    project.remove("graft-lock.json")
    project.graft("install")
    assert project.read("graft-lock.json") == written
    with LocalRegistry("/another/path/") as mirror:
        fields = publish(mirror)
        elsewhere = Machine(machine.root / "elsewhere", mirror).project("other", **fields)
        elsewhere.graft("install")
        assert elsewhere.read("graft-lock.json") == written


def test_nothing_private_is_in_the_lock(
    machine: Machine, project: Project, registry: LocalRegistry
) -> None:
    registry.require_token("secret-token")
    machine.npmrc.write_text(
        f"registry={registry.url}\n//{registry.host}/:_authToken=secret-token\n"
    )
    project.manifest(**publish(registry))
    project.graft("install")
    written = project.read("graft-lock.json")
    for private in ("secret-token", "127.0.0.1", registry.host, str(machine.root), "http", "2024"):
        assert private not in written


def test_a_registry_that_is_not_the_default_one_is_named(
    machine: Machine, project: Project, registry: LocalRegistry
) -> None:
    with LocalRegistry() as other:
        other.publish("@acme/tool@1.0.0")
        machine.npmrc.write_text(f"registry={registry.url}\n@acme:registry={other.url}\n")
        project.manifest(dependencies={"@acme/tool": "1"})
        project.graft("install")
        assert list(project.lock["nodes"]) == [f"@acme/tool@{other.url}#1.0.0"]
        assert project.graft("ci", "--force", "--json").code == 0


def test_one_line_an_entry_sorted(project: Project, registry: LocalRegistry) -> None:
    project.manifest(**publish(registry), devDependencies={"host": "1"})
    project.graft("install")
    text = project.read("graft-lock.json")
    lock = json.loads(text)
    assert list(lock["nodes"]) == sorted(lock["nodes"])
    for entries in (lock["importers"]["."], lock["nodes"]):
        for name, entry in entries.items():
            line = f"{json.dumps(name)}: {json.dumps(entry, separators=(',', ':'))}"
            assert line in [written.rstrip(",") for written in text.split("\n")]
    assert text.endswith("\n}\n") and "\r" not in text


_NAMES = st.sampled_from(["a", "b", "c", "@acme/tool", "Upper", "with.dot", "d_e"])
_TEXTS = st.text(max_size=8)
_WORDS = st.lists(st.sampled_from(["linux", "!win32", "x64", "arm64", "musl"]), max_size=2).map(
    tuple
)
_NAMESPACES = st.sampled_from(["acme", "acme.sub", "default", "Upper-1"])
_URLS = st.sampled_from(
    [
        "https://git.example.com/acme.git",
        "git@git.example.com:a/b'c.git",
        "file:///srv/index",
    ]
)
_REFS = st.sampled_from(["", "branch release/2", 'tag v1+"x"', "rev 0123abcd"])
_PINS = st.one_of(
    st.builds(
        IndexPin,
        url=_URLS,
        ref=_REFS,
        commit=st.sampled_from(["a" * 40, "0123456789abcdef" * 4]),
    ),
    st.builds(IndexPin, path=st.sampled_from(["", "../x", "a b/c"])),
)
_INTEGRITY = "sha512-" + "A" * 86 + "=="


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    versions = st.sampled_from(["1.0.0", "2.0.0-rc.1", "3.1.4+build"])
    origins = st.sampled_from(["", "https://npm.example.com/path/"])
    peers = st.sampled_from(["", "(p@1.0.0)", "(@acme/p@https://x.example/#1.0.0)(q@2.0.0)"])
    pairs = draw(st.lists(st.tuples(_NAMES, versions, origins, peers), unique=True, max_size=5))
    manifests = [draw(_manifests(name, version, origin)) for name, version, origin, _ in pairs]
    ids = [m.id + pair[3] for m, pair in zip(manifests, pairs, strict=True)]
    nodes = {
        id: Node(id=id, manifest=manifest, edges=draw(_edges(manifest.requirements, ids)))
        for id, manifest in zip(ids, manifests, strict=True)
    }
    importers = {}
    for path in (".", *draw(st.lists(st.sampled_from(["packages/x", 'odd "one"']), unique=True))):
        requirements = draw(_requirements([*Kind]))
        edges = draw(_edges(requirements, ids))
        importers[path] = Importer(path=path, requirements=requirements, edges=edges)
    overrides = draw(st.dictionaries(_NAMES, _TEXTS, max_size=2))
    indices = draw(st.dictionaries(_NAMESPACES, _PINS, max_size=3))
    return Graph(importers=importers, nodes=nodes, overrides=overrides, indices=indices)


def _edges(
    requirements: tuple[Requirement, ...], ids: list[str]
) -> st.SearchStrategy[dict[str, str]]:
    if not requirements or not ids:
        return st.just({})
    locals = st.sampled_from([requirement.local for requirement in requirements])
    return st.dictionaries(locals, st.sampled_from(ids))


@st.composite
def _requirements(draw: st.DrawFn, kinds: list[Kind]) -> tuple[Requirement, ...]:
    found = []
    for local in sorted(draw(st.lists(_NAMES, unique=True, max_size=4))):
        kind = draw(st.sampled_from(kinds))
        optional = kind is Kind.OPTIONAL or (
            kind is Kind.PEER and Kind.DEV not in kinds and draw(st.booleans())
        )
        # A catalog's line is never written as it stands: what it meant stands behind it.
        text = draw(_TEXTS.filter(lambda text: not text.startswith("catalog:")))
        found.append(Requirement(local=local, specifier=text, kind=kind, optional=optional))
    return tuple(found)


@st.composite
def _manifests(draw: st.DrawFn, name: str, version: str, origin: str) -> Manifest:
    return Manifest(
        name=name,
        version=version,
        origin=origin,
        integrity=draw(st.sampled_from(["", _INTEGRITY])),
        tarball=draw(st.sampled_from(["", "files/a-1.0.0.tgz"])),
        requirements=draw(_requirements([Kind.PROD, Kind.OPTIONAL, Kind.PEER])),
        bins=draw(st.sampled_from([(), (("a", "cli.js"), ("b-c", "bin/b.js"))])),
        platforms=PlatformLimits(os=draw(_WORDS), cpu=draw(_WORDS), libc=draw(_WORDS)),
        has_scripts=draw(st.booleans()),
    )


@given(graphs())
def test_reading_gives_back_what_was_written(graph: Graph) -> None:
    data = write_lock(graph)
    again = read_lock(data, where="lock")
    assert again == graph
    assert {id: n.manifest.tarball for id, n in again.nodes.items()} == {
        id: n.manifest.tarball for id, n in graph.nodes.items()
    }
    assert write_lock(again) == data
