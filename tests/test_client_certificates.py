"""Client certificates: shown to the host and path that they are for, and to nobody else."""

from __future__ import annotations

import hashlib
import http.server
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.base.http import ClientCertificate, HttpSettings, Request
from graft.base.http_client import HttpClient
from graft.base.retry import RetryPolicy
from graft.project.credentials import Credentials
from graft.project.settings import read_settings
from harness.archive import pack_files
from harness.certificates import Pair, self_signed
from harness.project import Project

ME = "me.example.com"


class Tls:
    def __init__(self, folder: Path) -> None:
        self.server = self_signed(folder, "localhost")
        self.me = self_signed(folder, ME)

    @property
    def mine(self) -> ClientCertificate:
        return ClientCertificate(certificate=str(self.me.certificate), key=str(self.me.key))

    @property
    def settings(self) -> HttpSettings:
        return HttpSettings(cafile=str(self.server.certificate), retry=RetryPolicy(retries=0))


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return Tls(tmp_path_factory.mktemp("client-tls"))


class Server(http.server.ThreadingHTTPServer):
    """Asks everybody for a certificate. ``seen`` is path, whose certificate it was shown (empty for
    none) and the Authorization header of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, str]] = []
        self.pages: dict[str, bytes] = {}
        self.moved: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"https://localhost:{self.server_port}/"

    @property
    def shown(self) -> dict[str, str]:
        return {path: name for path, name, _ in self.seen}

    def publish(self, base: str, name: str, archives: str = "") -> None:
        """The package at version 1.0.0; its archive below ``archives`` if that is given."""
        tarball = f"{archives or base}{name}/-/{name.rpartition('/')[2]}-1.0.0.tgz"
        archive = pack_files({"package.json": json.dumps({"name": name, "version": "1.0.0"})})
        dist = {"tarball": self.url + tarball, "shasum": hashlib.sha1(archive).hexdigest()}
        version = {"name": name, "version": "1.0.0", "dist": dist}
        document = {"name": name, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        self.pages[f"/{base}{name.replace('/', '%2f')}"] = json.dumps(document).encode()
        self.pages[f"/{tarball}"] = archive

    def handle_error(self, *_: object) -> None:
        """A client that it does not trust is sent away in the middle."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, and must not serve another's requests
    server: Server

    def do_GET(self) -> None:
        connection: Any = self.connection
        peer = connection.getpeercert() or {}
        name = dict(part[0] for part in peer.get("subject", ())).get("commonName", "")
        self.server.seen.append((self.path, name, self.headers.get("Authorization", "")))
        body = self.server.pages.get(self.path.replace("%2F", "%2f"), b"")
        if self.path in self.server.moved:
            self.send_response(302)
            self.send_header("Location", self.server.moved[self.path])
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(tls: Tls, verify: ssl.VerifyMode) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*tls.server)
    context.load_verify_locations(tls.me.certificate)
    context.verify_mode = verify
    server = Server()
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def strict(tls: Tls) -> Iterator[Server]:
    """Turns away who shows no certificate."""
    with serving(tls, ssl.CERT_REQUIRED) as server:
        yield server


@pytest.fixture
def open_(tls: Tls) -> Iterator[Server]:
    """Serves everybody, but asks."""
    with serving(tls, ssl.CERT_OPTIONAL) as server:
        yield server


def configure(project: Project, tls: Tls, *lines: str) -> None:
    said = [f"cafile={tls.server.certificate}", "fetch-retries=0", *lines]
    project.machine.npmrc.write_text("".join(f"{line}\n" for line in said))


def files(url: str, pair: Pair) -> list[str]:
    host = url.removeprefix("https:")
    return [f"{host}:certfile={pair.certificate}", f"{host}:keyfile={pair.key}"]


def inline(path: Path) -> str:
    return path.read_text().strip().replace("\n", "\\n")


# Through the command line


def test_a_registry_is_shown_its_certificate_and_another_is_not(
    project: Project, tls: Tls, strict: Server, open_: Server
) -> None:
    strict.publish("npm/", "a", archives="files/")  # on the same server, outside of its path
    open_.publish("", "@acme/b")
    configure(
        project,
        tls,
        f"registry={strict.url}npm/",
        f"@acme:registry={open_.url}",
        *files(f"{strict.url}npm/", tls.me),
    )
    project.manifest(dependencies={"a": "^1.0.0", "@acme/b": "^1.0.0"})
    project.graft("install")
    assert project.exists("node_modules/a/package.json")
    assert strict.shown == {"/npm/a": ME, "/files/a/-/a-1.0.0.tgz": ME}
    assert set(open_.shown.values()) == {""}
    assert ME not in project.read("graft-lock.json")


def test_without_a_certificate_a_strict_registry_serves_nothing(
    project: Project, tls: Tls, strict: Server
) -> None:
    strict.publish("", "a")
    configure(project, tls, f"registry={strict.url}")
    project.manifest(dependencies={"a": "^1.0.0"})
    assert project.graft("install", check=False).code != 0
    assert strict.seen == []


def test_the_old_pair_is_for_the_default_registrys_host(
    project: Project, tls: Tls, strict: Server, open_: Server
) -> None:
    strict.publish("npm/", "a")
    open_.publish("", "@acme/b")
    configure(
        project,
        tls,
        f"registry={strict.url}npm/",
        f"@acme:registry={open_.url}",
        f'cert="{inline(tls.me.certificate)}"',
        f'key="{inline(tls.me.key)}"',
    )
    project.manifest(dependencies={"a": "^1.0.0", "@acme/b": "^1.0.0"})
    project.graft("install")
    assert set(strict.shown.values()) == {ME}
    assert set(open_.shown.values()) == {""}


def test_a_project_cannot_have_the_old_pair_shown_to_its_own_registry(
    project: Project, tls: Tls, strict: Server, open_: Server
) -> None:
    open_.publish("", "a")
    pair = (f"cert={inline(tls.me.certificate)}", f"key={inline(tls.me.key)}")
    configure(project, tls, f"registry={strict.url}", *pair)
    project.write(".npmrc", f"registry={open_.url}\n")
    project.manifest(dependencies={"a": "^1.0.0"})
    project.graft("install")
    assert set(open_.shown.values()) == {""}


def test_a_project_names_no_certificate(project: Project, tls: Tls, open_: Server) -> None:
    open_.publish("", "a")
    configure(project, tls, f"registry={open_.url}")
    project.write(".npmrc", "\n".join(files(open_.url, tls.me)))
    project.manifest(dependencies={"a": "^1.0.0"})
    assert "setting-in-project" in project.graft("install").stderr
    assert set(open_.shown.values()) == {""}


@pytest.mark.parametrize("missing", ["certfile", "keyfile"])
def test_a_file_that_cannot_be_read_is_one_diagnostic(
    project: Project, tls: Tls, strict: Server, missing: str
) -> None:
    gone = project.dir / "gone.pem"
    pair = tls.me._replace(**{"certfile": {"certificate": gone}, "keyfile": {"key": gone}}[missing])
    configure(project, tls, f"registry={strict.url}", *files(strict.url, pair))
    project.manifest(dependencies={"a": "^1.0.0", "b": "^1.0.0"})
    done = project.graft("install", "--json", check=False)
    assert done.code == 80
    said = done.json["error"]
    assert said["code"] == "settings-unreadable"
    assert str(gone) in json.dumps(said) and "certfile and keyfile" in said["fix"]


# Of the client


def test_the_next_request_of_a_handle_shows_nothing(tls: Tls, open_: Server) -> None:
    with HttpClient(tls.settings) as client:
        for path, own in (("one", tls.mine), ("two", None), ("three", tls.mine), ("four", None)):
            client.wait(client.send(Request(url=open_.url + path, certificate=own)))
    assert open_.shown == {"/one": ME, "/two": "", "/three": ME, "/four": ""}


def test_a_redirect_elsewhere_loses_the_certificate(
    tls: Tls, strict: Server, open_: Server
) -> None:
    strict.moved = {"/a": "/b", "/b": f"{open_.url}c"}
    open_.moved = {"/c": "/d"}
    open_.pages["/d"] = b"found"
    with HttpClient(tls.settings) as client:
        request = Request(url=f"{strict.url}a", certificate=tls.mine, auth="Bearer secret")
        response = client.wait(client.send(request))
        # Not every libcurl can be trusted to follow these: it is sent on from /a and from /b.
        assert client.stats.requests == 3
    assert (response.status, response.body, response.url) == (200, b"found", f"{open_.url}d")
    assert strict.seen == [("/a", ME, "Bearer secret"), ("/b", ME, "Bearer secret")]
    assert open_.seen == [("/c", "", ""), ("/d", "", "")]


def test_redirects_in_a_circle_or_to_open_text_end(tls: Tls, strict: Server) -> None:
    strict.moved = {"/a": "/a", "/b": "http://localhost:1/"}
    with HttpClient(tls.settings) as client:
        for path, words in (("a", "more than 10 redirects"), ("b", "https to http")):
            with pytest.raises(GraftError, match=words):
                client.wait(client.send(Request(url=strict.url + path, certificate=tls.mine)))
    assert len(strict.seen) == 12


def test_a_key_with_a_passphrase_asks_nobody(tmp_path: Path, tls: Tls, strict: Server) -> None:
    locked = tmp_path / "locked.pem"
    command = ["openssl", "rsa", "-aes256", "-passout", "pass:secret", "-in", str(tls.me.key)]
    subprocess.run([*command, "-out", str(locked)], check=True, capture_output=True)
    own = ClientCertificate(certificate=str(tls.me.certificate), key=str(locked))
    with HttpClient(tls.settings) as client, pytest.raises(GraftError, match="cannot be used"):
        client.wait(client.send(Request(url=strict.url, certificate=own)))


# Of the settings


def test_the_longest_prefix_wins_and_only_with_both_halves() -> None:
    found = Credentials(
        {
            "//host.example.com/": {"certfile": "/c", "keyfile": "/k"},
            "//host.example.com/team/": {"certfile": "/tc", "keyfile": "/tk"},
            "//host.example.com/team/half/": {"certfile": "/hc"},
            "//host.example.com/team/unset/": {"certfile": "${UNSET}", "keyfile": "/k"},
        }
    )

    def certificate(url: str) -> str:
        own = found.certificate_for(url)
        return own.certificate if own else ""

    assert certificate("https://host.example.com/a") == "/c"
    assert certificate("https://host.example.com/team/a") == "/tc"
    assert certificate("https://host.example.com/team/half/a") == "/tc"
    assert certificate("https://host.example.com/team/unset/a") == "/tc"
    assert certificate("https://host.example.com/teams/a") == "/c"
    assert certificate("https://host.example.com/team/../a") == "/c"
    assert certificate("https://host.example.com:8443/a") == ""
    assert certificate("https://other.example.com/team/a") == ""
    assert certificate("http://host.example.com/team/a") == ""


def test_a_path_may_begin_at_home(tmp_path: Path) -> None:
    host = "//registry.example.com/"
    (tmp_path / ".npmrc").write_text(f"{host}:certfile=~/c.pem\n{host}:keyfile=~/k.pem\n")
    settings = read_settings(str(tmp_path / "app"), {}, str(tmp_path), {})
    assert settings.registries.certificate_for(f"https:{host}a") == ClientCertificate(
        certificate=str(tmp_path / "c.pem"), key=str(tmp_path / "k.pem")
    )
    assert "k.pem" not in repr(settings.registries.certificate_for(f"https:{host}a"))
