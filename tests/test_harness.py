"""The registry and the machine that the other tests stand on do what they say."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import shutil
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest

from harness.archive import Entry, pack, pack_files
from harness.machine import Machine
from harness.packument import ABBREVIATED_TYPE
from harness.project import Project
from harness.registry import LocalRegistry
from harness.tree import snapshot


def get(url: str, **headers: str) -> tuple[int, Message, bytes]:
    """Header names with ``_`` for ``-``; a refusal is an answer like any other."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(url, headers=sent), timeout=10) as reply:
            return reply.status, reply.headers, reply.read()
    except HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, refusal.read()


def packument(registry: LocalRegistry, name: str, **headers: str) -> Any:
    return json.loads(get(registry.url + name, **headers)[2])


def test_full_packument_has_times_and_scripts(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", scripts={"postinstall": "node x.js"}, dependencies={"b": "^1"})
    said = packument(registry, "a")
    assert said["versions"]["1.0.0"]["scripts"] == {"postinstall": "node x.js"}
    assert said["time"]["1.0.0"] == "2024-01-01T00:01:00.000Z"
    assert said["dist-tags"] == {"latest": "1.0.0"}


def test_abbreviated_packument_has_what_an_install_needs(registry: LocalRegistry) -> None:
    registry.publish(
        "a@1.0.0",
        scripts={"postinstall": "node x.js"},
        peers={"p": "1", "q": "1"},
        optional_peers=["q"],
        deprecated="use b",
    )
    status, headers, body = get(registry.url + "a", Accept=f"{ABBREVIATED_TYPE}; q=1.0, */*")
    said = json.loads(body)
    version = said["versions"]["1.0.0"]
    assert status == 200 and headers["Content-Type"] == ABBREVIATED_TYPE
    assert "time" not in said and said["modified"]
    assert "scripts" not in version and version["hasInstallScript"] is True
    assert version["peerDependenciesMeta"] == {"q": {"optional": True}}
    assert version["deprecated"] == "use b"

    registry.plain()
    _, headers, body = get(registry.url + "a", Accept=ABBREVIATED_TYPE, Accept_Encoding="gzip")
    assert json.loads(body)["time"]
    assert headers["ETag"] is None and headers["Content-Encoding"] is None


def test_etag_answers_304_until_something_is_published(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.max_age = 300
    _, headers, _ = get(registry.url + "a")
    etag = headers["ETag"]
    assert headers["Cache-Control"] == "public, max-age=300"
    assert get(registry.url + "a", If_None_Match=f"W/{etag}")[0] == 304
    registry.publish("a@1.0.1")
    assert get(registry.url + "a", If_None_Match=etag)[0] == 200
    assert [request.status for request in registry.requests] == [200, 304, 200]


def test_packuments_are_compressed_for_those_who_ask(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    plain = get(registry.url + "a")[2]
    _, headers, body = get(registry.url + "a", Accept_Encoding="gzip, br")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == plain
    tarball = get(registry.url + "a/-/a-1.0.0.tgz", Accept_Encoding="gzip")
    assert tarball[1]["Content-Encoding"] is None


def test_scoped_names_under_both_spellings_below_a_path() -> None:
    with LocalRegistry(base_path="/npm/") as registry:
        registry.publish("@acme/tool@1.0.0")
        assert registry.url.endswith("/npm/")
        assert packument(registry, "@acme%2ftool") == packument(registry, "@acme/tool")
        url = packument(registry, "@acme/tool")["versions"]["1.0.0"]["dist"]["tarball"]
        assert url == f"{registry.url}@acme/tool/-/tool-1.0.0.tgz"
        assert get(url)[0] == 200
        assert registry.count("/@acme/tool") == 3
        assert get(f"http://{registry.host}/@acme/tool")[0] == 404


def test_archives_are_deterministic_and_match_their_integrity() -> None:
    with LocalRegistry() as one, LocalRegistry() as two:
        release = one.publish("a@1.0.0", files={"lib/x.js": "1"}, bin={"a": "cli.js"})
        assert two.publish("a@1.0.0", bin={"a": "cli.js"}, files={"lib/x.js": "1"}) == release
        bytes_served = get(f"{one.url}a/-/a-1.0.0.tgz")[2]
    assert bytes_served[4:8] == bytes(4)  # gzip's field for the time
    assert hashlib.sha1(bytes_served).hexdigest() == release.dist["shasum"]
    with tarfile.open(fileobj=io.BytesIO(bytes_served)) as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes == {
        "package/cli.js": 0o755,
        "package/index.js": 0o644,
        "package/lib/x.js": 0o644,
        "package/package.json": 0o644,
    }


@pytest.mark.parametrize(
    ("integrity", "expected"),
    [("sha1", {"shasum"}), ("none", set()), ("sha512-AAAA", {"integrity"})],
)
def test_integrity_in_every_form(
    registry: LocalRegistry, integrity: str, expected: set[str]
) -> None:
    registry.publish("a@1.0.0", integrity=integrity, archive=b"not an archive")
    dist = packument(registry, "a")["versions"]["1.0.0"]["dist"]
    assert set(dist) == expected | {"tarball"}
    assert get(dist["tarball"])[2] == b"not an archive"


def test_latest_follows_the_rule_of_npm_until_it_is_set(registry: LocalRegistry) -> None:
    def tags() -> Any:
        return packument(registry, "a")["dist-tags"]

    registry.publish("a@2.0.0-rc.1")
    assert tags() == {"latest": "2.0.0-rc.1"}
    registry.publish("a@1.10.0")
    registry.publish("a@1.9.0")
    registry.publish("a@3.0.0", tag=None)
    registry.publish("a@4.0.0", tag="next")
    assert tags() == {"latest": "1.10.0", "next": "4.0.0"}
    registry.tag("a", "latest", "1.9.0")
    registry.unpublish("a@4.0.0")
    assert tags() == {"latest": "1.9.0"}
    registry.unpublish("a")
    assert get(registry.url + "a")[0] == 404


def test_tarballs_on_another_path_and_another_host(registry: LocalRegistry) -> None:
    with LocalRegistry() as cdn:
        for each in (registry, cdn):
            each.tarball_path = lambda name, version: f"/files/{name}/{version}"
            each.publish("a@1.0.0")
        registry.tarball_host = cdn
        url = packument(registry, "a")["versions"]["1.0.0"]["dist"]["tarball"]
        assert url == f"{cdn.url}files/a/1.0.0"
        assert get(url)[0] == 200
        assert [request.path for request in cdn.tarball_requests] == ["/files/a/1.0.0"]
        assert [request.path for request in registry.packument_requests] == ["/a"]


def test_credentials_are_required_and_recorded(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    registry.require_token("secret")
    registry.require_basic("user", "word")
    assert get(registry.url + "a")[0] == 401
    assert get(registry.url + "a", Authorization="Bearer wrong")[0] == 401
    assert get(registry.url + "a", Authorization="Bearer secret")[0] == 200
    assert get(registry.url + "a", Authorization="Basic dXNlcjp3b3Jk")[0] == 200
    assert [request.authorization for request in registry.requests][:2] == ["", "Bearer wrong"]


def test_faults_are_used_in_order_and_counted_down(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    fault = registry.fault("/a", status=503, times=2, retry_after=7)
    registry.fault("/a", status=429)
    answers = [get(registry.url + "a") for _ in range(4)]
    assert [status for status, _, _ in answers] == [503, 503, 429, 200]
    assert answers[0][1]["Retry-After"] == "7"
    assert fault.used == 2

    registry.fault(lambda request: request.kind == "tarball", body=b"garbage", times=None)
    assert [get(f"{registry.url}a/-/a-1.0.0.tgz")[2] for _ in range(2)] == [b"garbage"] * 2
    registry.clear_faults()
    assert get(f"{registry.url}a/-/a-1.0.0.tgz")[2] != b"garbage"


def test_bodies_that_end_early(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")

    def ask() -> bytes:
        connection = http.client.HTTPConnection(registry.host, timeout=5)
        connection.request("GET", "/a")
        return connection.getresponse().read()

    registry.fault("/a", truncate=10)
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask()
    assert len(cut.value.partial) == 10
    registry.fault("/a", drop=True)
    with pytest.raises(ConnectionResetError):
        ask()
    assert json.loads(ask())["name"] == "a"


def test_redirects_and_documents_of_their_own(registry: LocalRegistry) -> None:
    with LocalRegistry() as other:
        registry.fault("/a", redirect=other.serve("/elsewhere", {"moved": True}))
        assert packument(registry, "a") == {"moved": True}
        assert other.count("/elsewhere") == 1
        assert get(other.serve("/x.tgz", b"bytes"))[2] == b"bytes"


def test_a_delayed_answer_can_be_waited_for_and_ends_with_the_registry() -> None:
    with ThreadPoolExecutor() as pool, LocalRegistry() as registry:
        registry.publish("a@1.0.0")
        registry.fault("/a", delay=60)
        answer = pool.submit(get, registry.url + "a")
        assert registry.wait_for("/a").status == 0
        assert not answer.done()
        registry.close()
        assert isinstance(answer.exception(timeout=5), http.client.RemoteDisconnected)
        with pytest.raises(URLError):
            get(registry.url + "a")
    with LocalRegistry() as silent, pytest.raises(TimeoutError):
        silent.wait_for("/a", timeout=0.01)


def test_connections_are_kept_and_quick(registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0")
    connection = http.client.HTTPConnection(registry.host, timeout=5)
    started = time.perf_counter()
    for method in ["GET", "HEAD", "POST"] * 20:
        connection.request(method, "/a", body=b"{}" if method == "POST" else None)
        reply = connection.getresponse()
        assert (reply.status == 404) == (method == "POST")
        assert bool(reply.read()) == (method != "HEAD")
    # A stall for a delayed ACK would cost 40 ms each: 2.4 s.
    assert time.perf_counter() - started < 1.2
    assert registry.connections == 1
    registry.close()
    assert connection.sock.recv(1) == b""


def test_many_clients_at_once(registry: LocalRegistry) -> None:
    for number in range(40):
        registry.publish(f"p{number}@1.0.0")
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda number: packument(registry, f"p{number}")["name"], range(40))
        assert list(answers) == [f"p{number}" for number in range(40)]
    assert len(registry.requests) == 40


@pytest.mark.parametrize("format", ["pax", "gnu"])
def test_hostile_archives_are_written_as_they_are_said(format: Any) -> None:
    long = "package/" + "d/" * 100 + "x.js"
    entries = [
        Entry("package/../../evil", b"1"),
        Entry("/absolute", b"2"),
        Entry("package/twice", b"3"),
        Entry("package/twice", b"4"),
        Entry("package/TWICE", b"5"),
        Entry("package/link", type="symlink", target="/etc/passwd"),
        Entry("package/hard", type="hardlink", target="../outside"),
        Entry("package/tty", type="char"),
        Entry("package/pipe", type="fifo"),
        Entry("package/dir", type="dir", mode=0o777),
        Entry(long, b"6"),
    ]
    with tarfile.open(fileobj=io.BytesIO(pack(entries, format=format))) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == [entry.name for entry in entries]
    assert members[5].linkname == "/etc/passwd" and members[5].issym()
    assert members[6].linkname == "../outside" and members[6].islnk()
    assert members[7].ischr() and members[8].isfifo() and members[9].isdir()


def test_a_machine_shows_its_commands_nothing_of_the_user(
    tmp_path: Path, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "https://registry.example.com")
    monkeypatch.setenv("CI", "1")
    machine = Machine(tmp_path, registry)
    script = "import json, os; print(json.dumps(dict(os.environ)))"
    seen = machine.run([sys.executable, "-c", script], env={"LANG": None, "EXTRA": "1"}).json
    assert seen.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # Python may set it for itself
    assert set(seen) == (set(machine.env) - {"LANG"}) | {"EXTRA"}
    assert not {"CI", "npm_config_registry"} & set(seen)
    assert seen["HOME"].startswith(str(machine.root))
    assert machine.npmrc.read_text() == f"registry={registry.url}\n"


def test_a_failed_command_fails_the_test_and_shows_its_output(machine: Machine) -> None:
    command = [sys.executable, "-c", "import sys; print('said'); sys.exit(3)"]
    assert machine.run(command, check=False).code == 3
    with pytest.raises(AssertionError, match=r"exit code 3\n--- stdout\nsaid"):
        machine.run(command)


def test_a_project_reads_and_writes(project: Project) -> None:
    project.manifest(dependencies={"a": "1"})
    assert project.manifest(private=True) == {
        "name": "app",
        "version": "1.0.0",
        "dependencies": {"a": "1"},
        "private": True,
    }
    project.write("run.sh", ("#!/bin/sh\n", 0o755))
    before = snapshot(project.dir)
    for name in ("a", "@acme/tool", ".bin/a"):
        link = project.path("node_modules", name)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("../elsewhere")
    project.write("node_modules/plain/node_modules/x", "deeper")
    assert set(project.links()) == {"a", "@acme/tool", ".bin/a"}
    assert project.links()["a"] == "../elsewhere"
    assert project.exists("node_modules/a") and not project.exists("node_modules/b")
    assert snapshot(project.dir) != before
    project.remove("node_modules")
    assert snapshot(project.dir) == before
    other = project.sibling("other", dependencies={"a": "2"})
    assert other.store == project.store and other.dir != project.dir


def test_graft_runs_in_the_project_and_imports_nothing_from_it(project: Project) -> None:
    project.write("graft/__init__.py", "")
    project.write("graft/__main__.py", "print('not graft')")
    project.write("json.py", "print('not json')")
    done = project.graft("no-such-command", check=False)
    with project.spawn("no-such-command") as spawned:
        stdout, _ = spawned.communicate(timeout=60)
    assert done.code == spawned.returncode != 0
    assert "not graft" not in done.stdout + stdout
    assert "not json" not in done.stdout + stdout


def test_node_runs_in_the_project(project: Project) -> None:
    project.write("node_modules/a/index.js", "exports.version = '1.2.3'")
    assert project.node("console.log(require('a').version)") == "1.2.3"


def test_pack_files_has_no_directories() -> None:
    with tarfile.open(fileobj=io.BytesIO(pack_files({"b/c": b"", "a": ""}))) as tar:
        assert tar.getnames() == ["package/a", "package/b/c"]


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_npm_installs_from_it(project: Project, registry: LocalRegistry) -> None:
    registry.publish("a@1.0.0", dependencies={"b": "^1.0.0"}, bin={"a": "cli.js"})
    registry.publish("b@1.1.0")
    registry.publish("b@2.0.0")
    registry.publish("@acme/tool@1.0.0", peers={"b": "2"})
    project.manifest(dependencies={"a": "^1", "@acme/tool": "*"})
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    project.machine.run(["npm", "install", *quiet], cwd=project.dir)
    assert project.node("console.log(require('a').requires('b').version)") == "1.1.0"
    assert project.node("console.log(require('@acme/tool').requires('b').version)") == "2.0.0"
    ran = project.machine.run(["node_modules/.bin/a", "x"], cwd=project.dir)
    assert ran.stdout == "a@1.0.0 x\n"
    assert {request.status for request in registry.requests} == {200}
    assert len(registry.tarball_requests) == 4
