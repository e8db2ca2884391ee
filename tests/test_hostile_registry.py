"""Registries that lie, break and stall, at random: an install gives the right bytes or one error,
and the next one with an honest registry is as if nothing had been."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graft.base.diagnostics import CODES, GraftError
from graft.base.records import replace
from graft.model.bins import is_safe_bin
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.model.names import is_sound
from graft.model.requirement import Kind, Requirement
from graft.resolve import nested
from graft.resolve.peers import Missing, PeerContexts, resolve_peers
from graft.resolve.pick import newest
from graft.sources.packument import Packument
from graft.sources.slim import slim
from graft.versions.ranges import Range
from graft.versions.specifier import parse_specifier
from harness.machine import Machine
from harness.project import Project
from harness.registry import LocalRegistry
from harness.shelf import Shelf

REGISTRY = "https://registry.example.com/"
TOKEN = "s3cret-token-of-the-user"

# What makes waiting short. Settings of the user's, which no project could make.
QUICK = (
    "fetch-retries=1\nfetch-retry-mintimeout=10\nfetch-retry-maxtimeout=10\nfetch-timeout=1000\n"
)

EVIL = st.sampled_from(
    [
        *("../x", "..", "/etc/passwd", "a\0b", "a\nb", "\x1b[2J", "__proto__", "constructor", ""),
        *("-rf", "node_modules", "A" * 300, "@s/../x", "\u202ex", "1.0.0", "^1", "latest", "*"),
        *("file:/etc", "npm:../x@1", "git+ssh://-oProxyCommand=x", "link:..", "https://h/x.tgz"),
        *("https://u:p@h/x.tgz", "http://h/x.tgz", "data:x", "sha512-x", "sha512-" + "A" * 88),
    ]
)
ANY = st.recursive(
    st.one_of(st.sampled_from([None, True, 7, 1e300]), EVIL),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(EVIL, inner, max_size=3)),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [
        *("name", "version", "dependencies", "optionalDependencies", "peerDependencies"),
        *("peerDependenciesMeta", "bundleDependencies", "bundledDependencies", "bin", "os", "cpu"),
        *("libc", "engines", "dist", "deprecated", "hasInstallScript", "scripts", "directories"),
    ]
)
VERSIONS = st.dictionaries(
    st.one_of(st.sampled_from(["1.0.0", "1.1.0", "2.0.0-rc.1"]), EVIL),
    st.one_of(ANY, st.dictionaries(FIELDS, ANY, max_size=4)),
    max_size=4,
)
DOCUMENTS = st.fixed_dictionaries(
    {"versions": st.one_of(VERSIONS, ANY)},
    optional={
        "name": st.one_of(st.just("pkg"), ANY),
        "dist-tags": st.one_of(st.dictionaries(st.one_of(st.just("latest"), EVIL), EVIL), ANY),
        "time": ANY,
    },
)


@given(DOCUMENTS)
def test_of_any_document_only_what_is_safe_is_left(document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    for form in (body, slim(body)):
        try:
            packument = Packument(form, name="pkg", registry=REGISTRY)
        except GraftError as error:
            assert error.diagnostic.code == "registry-answer"
            continue
        for version in packument.versions:
            assert set(version).isdisjoint("/\\\n\0 \x1b")
            try:
                sound(packument.manifest(version))
            except GraftError as error:
                assert error.diagnostic.code == "registry-answer"
                assert f"pkg@{version}" in error.diagnostic.message
        for text in ("*", "^1", ">=2.0.0-0"):
            wanted = parse_specifier("pkg", text).range
            assert isinstance(wanted, Range)
            try:
                assert newest(packument, wanted, "latest") in (None, *packument.versions)
            except GraftError as error:
                assert error.diagnostic.code == "registry-answer"


def sound(manifest: Manifest) -> None:
    assert manifest.name == "pkg"
    assert all(is_sound(requirement.local) for requirement in manifest.requirements)
    assert all(isinstance(requirement.specifier, str) for requirement in manifest.requirements)
    assert all(is_safe_bin(*entry) for entry in manifest.bins)
    assert all(map(is_sound, manifest.bundled))
    assert manifest.tarball.isprintable() and "@h" not in manifest.tarball
    assert "://" not in manifest.tarball or manifest.tarball.startswith(("http://", "https://"))
    assert not manifest.integrity or parse_integrity(manifest.integrity)


FAULTS = st.lists(
    st.sampled_from(
        [
            *({"status": code} for code in (204, 304, 401, 404, 408, 425, 429, 500, 503)),
            {"status": 429, "retry_after": 0},
            {"status": 503, "retry_after": "never"},
            {"drop": True},
            *({"truncate": count} for count in (0, 1, 40)),
            *(
                {"body": body}
                for body in (b"", b"<html>log in</html>", b"{}", b"null", b"\x1f\x8b")
            ),
            {"body": b'{"name":"b","versions":{"9.0.0":{}}}'},
            {"redirect": "file:///etc/passwd"},
            {"redirect": "/a"},
            {"redirect": "/nowhere"},
            {"headers": {"Content-Encoding": "gzip"}},
            {"headers": {"ETag": "\u00e9", "Cache-Control": "max-age=\u00b2, no-cache"}},
            {"headers": {"Content-Length": "3"}},
            {},
        ]
    ),
    max_size=8,
)


@settings(
    max_examples=settings().max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(FAULTS)
def test_faults_in_any_order_give_the_right_bytes_or_one_error(
    tmp_path: Path, faults: list[dict[str, Any]]
) -> None:
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    with LocalRegistry() as registry:
        registry.publish("a@1.0.0", dependencies={"b": "1"})
        registry.publish("b@1.0.0")
        for fault in faults:
            registry.fault(lambda _: True, **fault)
        machine = Machine(folder, registry)
        machine.npmrc.write_text(machine.npmrc.read_text() + QUICK)
        project = machine.project("app", dependencies={"a": "1"})
        done = project.graft("install", "--json", check=False, timeout=30)
        assert "Traceback" not in done.stderr
        if done.code == 0:
            assert complete(project)
        else:
            code = done.json["error"]["code"]
            assert (
                code in ("integrity-mismatch", "no-matching-version")
                or code == ("package-not-found")
                or 40 <= CODES[code] < 50
            ), done
            assert not project.exists("node_modules") and not project.exists("graft-lock.json")
        registry.clear_faults()
        # A wrong answer that makes sense, such as a package that has no such version, may be kept
        # for a while as any other.
        project.graft("update" if done.code else "install", timeout=30)
        assert complete(project)


def complete(project: Project) -> bool:
    a = project.path("node_modules/a").resolve()
    versions = [
        json.loads((path / "package.json").read_text())["version"] for path in (a, a.parent / "b")
    ]
    return versions == ["1.0.0", "1.0.0"]


@pytest.mark.parametrize(
    "said",
    [
        {"dist": 7},
        {"dist": {"tarball": ["x"], "integrity": 7, "shasum": []}},
        {"dist": {"tarball": "https://\u00fc.invalid/\u00fc.tgz", "integrity": "sha512-x"}},
        {"dependencies": {"../x": "1"}},
        {"dependencies": {"b": "\x1b[2J"}},
        {"dependencies": {"b": "file:/etc"}},
        {"bin": {"../../x": "/bin/sh", "x": "../../x"}, "directories": {"bin": "../.."}},
        {"peerDependenciesMeta": [1], "os": {"x": 1}, "cpu": 7, "engines": ["node"]},
        None,
    ],
)
def test_a_hostile_version_is_named_and_an_older_one_can_be_had(
    project: Project, registry: LocalRegistry, said: Any
) -> None:
    registry.publish("a@1.0.0")
    honest = registry.packument("a", short=True, tarballs=registry.url)
    assert honest
    version = said if said is None else {"name": "a", "version": "1.1.0", **said}
    document = {
        **honest,
        "dist-tags": {"latest": "1.1.0"},
        "versions": {**honest["versions"], "1.1.0": version},
    }
    registry.serve("/a", document)
    project.manifest(dependencies={"a": "^1"})
    failed = project.graft("install", "--json", check=False)
    if failed.code:
        error = failed.json["error"]
        assert error["code"] != "internal-error" and "a@1.1.0" in json.dumps(error), error
        assert not project.exists("node_modules")
    project.manifest(dependencies={"a": "~1.0.0"})
    project.graft("install")
    assert project.lock["nodes"].keys() == {"a@1.0.0"}


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401},
        {"body": b"<html>"},
        {"redirect": "http://user:hush@127.0.0.1:1/x"},
    ],
)
@pytest.mark.parametrize("path", ["/@acme/a", "/@acme/a/-/a-1.0.0.tgz"])
def test_a_token_is_in_nothing_that_a_failing_install_writes_or_says(
    project: Project, registry: LocalRegistry, machine: Machine, fault: dict[str, Any], path: str
) -> None:
    registry.publish("@acme/a@1.0.0", dependencies={"b": "1"})
    registry.publish("b@1.0.0")
    registry.require_token(TOKEN)
    line = f"//{registry.host}/:_authToken={TOKEN}\n"
    machine.npmrc.write_text(machine.npmrc.read_text() + QUICK + line)
    registry.fault(path, times=None, **fault)
    project.manifest(dependencies={"@acme/a": "1"})
    said = [project.graft("install", *flags, check=False) for flags in ((), ("--json",))]
    assert all(result.code for result in said)
    registry.clear_faults()
    said.append(project.graft("install"))
    machine.npmrc.unlink()
    for secret in (TOKEN, "hush"):
        assert not any(secret in result.stdout + result.stderr for result in said)
        files = [file for file in machine.root.rglob("*") if file.is_file()]
        assert len(files) > 5
        assert not [file for file in files if secret.encode() in file.read_bytes()]


@pytest.mark.parametrize("ranges", [("^1", "^1"), ("^1", "^2")])
def test_a_peer_that_stays_missing_although_it_was_added_ends_the_search(
    monkeypatch: pytest.MonkeyPatch, ranges: tuple[str, str]
) -> None:
    """Adding has to end whatever the walk over the graph says: here, that nothing ever helps."""
    rounds: list[tuple[Missing, ...]] = []

    def never_met(*arguments: Any) -> PeerContexts:
        contexts = resolve_peers(*arguments)
        rounds.append(contexts.missing)
        assert len(rounds) < 10, "it would go on for ever"
        return replace(contexts, missing=rounds[0])

    monkeypatch.setattr(nested, "resolve_peers", never_met)
    one, two = ({"1.0.0": {"peerDependencies": {"p": text}}} for text in ranges)
    shelf = Shelf({"a": one, "b": two, "p": {"1.0.0": {}, "2.0.0": {}}})
    asked = [Requirement(local=name, specifier="1", kind=Kind.PROD) for name in ("a", "b")]
    shelf.resolve({".": asked})
    assert len(rounds) == 3 and rounds[0]


def test_where_a_registry_is_gone_not_everything_is_tried(
    project: Project, registry: LocalRegistry, machine: Machine
) -> None:
    """With a thousand packages in a lock, each would wait for as long in vain as the first."""
    names = [f"p{number}" for number in range(160)]
    for name in names:
        registry.publish(f"{name}@1.0.0")
    project.manifest(dependencies=dict.fromkeys(names, "1"))
    project.graft("install", "--lockfile-only")
    registry.clear_log()
    registry.fault(lambda request: request.kind == "tarball", status=503, times=None)
    machine.npmrc.write_text(machine.npmrc.read_text() + "fetch-retries=0\n")
    failed = project.graft("ci", "--json", check=False)
    assert failed.json["error"]["code"] == "registry-unreachable"
    assert len(registry.tarball_requests) < len(names)
    registry.clear_faults()
    project.graft("ci")
    assert project.links().keys() == {*names, "app"}
