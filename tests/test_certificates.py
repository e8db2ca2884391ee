"""Who is believed on a secure connection, and that nothing leaves one for an open one."""

from __future__ import annotations

import http.server
import os
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from graft.base import certificates
from graft.base.certificates import trust
from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings, Request
from graft.base.http_client import HttpClient
from graft.base.retry import RetryPolicy
from harness.certificates import self_signed
from harness.registry import LocalRegistry

NO_RETRY = RetryPolicy(retries=0)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signed itself, and its key beside it."""
    return self_signed(tmp_path_factory.mktemp("tls"), "localhost").certificate


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
        else:
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that does not trust it hangs up in the middle."""


@pytest.fixture
def secure(authority: Path) -> Iterator[str]:
    """The URL of a server with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, authority.with_name("localhost-key.pem"))
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()


def ask(url: str, settings: HttpSettings) -> int:
    with HttpClient(settings) as client:
        return client.wait(client.send(Request(url=url))).status


def test_a_certificate_that_nobody_vouches_for_is_refused(secure: str) -> None:
    with pytest.raises(GraftError) as caught:
        ask(secure, HttpSettings())
    assert caught.value.diagnostic.code == "registry-unreachable"
    assert "tried once" in caught.value.diagnostic.why
    assert "cafile=" in caught.value.diagnostic.fix


def test_an_authority_may_be_named_in_three_ways(secure: str, authority: Path) -> None:
    ways = [
        HttpSettings(retry=NO_RETRY, cafile=str(authority)),
        HttpSettings(retry=NO_RETRY, ca=authority.read_text()),
        HttpSettings(retry=NO_RETRY, extra_cafile=str(authority)),
    ]
    assert [ask(secure, settings) for settings in ways] == [200, 200, 200]


def test_a_certificate_for_another_host_is_refused(secure: str, authority: Path) -> None:
    with pytest.raises(GraftError):
        ask(
            secure.replace("localhost", "127.0.0.1"),
            HttpSettings(retry=NO_RETRY, cafile=str(authority)),
        )


def test_verification_can_be_switched_off(secure: str) -> None:
    assert ask(secure, HttpSettings(strict_ssl=False)) == 200


def test_an_authority_that_cannot_be_read_is_named_as_the_cause(secure: str) -> None:
    with pytest.raises(GraftError, match="trusted certificates") as caught:
        ask(secure, HttpSettings(cafile="/nonexistent/ca.pem"))
    assert "tried once" in caught.value.diagnostic.why


def test_a_redirect_never_leaves_a_secure_connection(
    secure: str, authority: Path, registry: LocalRegistry
) -> None:
    with pytest.raises(GraftError) as caught:
        ask(f"{secure}to/{registry.url}file", HttpSettings(cafile=str(authority)))
    assert caught.value.diagnostic.code == "registry-answer"
    assert registry.requests == []


def hashed(folder: Path, authority: Path) -> Path:
    """A folder of authorities as systems keep it; ``authority`` is in it."""
    folder.mkdir()
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(authority)]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    shutil.copy(authority, folder / f"{name}.0")
    return folder


def system(monkeypatch: pytest.MonkeyPatch, bundle: Path, folder: Path) -> None:
    monkeypatch.setattr(certificates, "_SYSTEM_BUNDLES", (str(bundle),))
    monkeypatch.setattr(certificates, "_SYSTEM_FOLDER", str(folder))


def test_a_systems_folder_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secure: str, authority: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("")  # to read it would be an error
    system(monkeypatch, bundle, hashed(tmp_path / "certs", authority))
    assert ask(secure, HttpSettings(retry=NO_RETRY)) == 200
    # SSL_CERT_FILE often names the system's own bundle.
    assert ask(secure, HttpSettings(retry=NO_RETRY, cafile=str(bundle))) == 200
    extra = tmp_path / "extra.pem"
    shutil.copy(authority, extra)
    (tmp_path / "certs" / next(iter(os.listdir(tmp_path / "certs")))).write_text("")
    assert ask(secure, HttpSettings(retry=NO_RETRY, extra_cafile=str(extra))) == 200


def test_whom_the_systems_folder_lacks_its_bundle_may_have(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, secure: str, authority: Path
) -> None:
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / "01234567.0").write_text("")
    system(monkeypatch, authority, folder)
    with HttpClient(HttpSettings(retry=NO_RETRY)) as client:
        transfers = [client.send(Request(url=f"{secure}{n}")) for n in range(5)]
        assert [client.wait(transfer).status for transfer in transfers] == [200] * 5


def test_extra_certificates_are_added_to_the_systems(tmp_path: Path, authority: Path) -> None:
    system = trust(HttpSettings()).path
    if not system:
        pytest.skip("this system has no bundle where graft looks")
    extra = tmp_path / "extra.pem"
    extra.write_bytes(authority.read_bytes())
    joined = trust(HttpSettings(extra_cafile=str(extra)))
    pem = Path(joined.path).read_bytes() if joined.path else joined.pem
    assert Path(system).read_bytes() in pem and extra.read_bytes() in pem
    os.symlink(system, tmp_path / "same.pem")
    assert trust(HttpSettings(extra_cafile=str(tmp_path / "same.pem"))).pem == b""
    assert trust(HttpSettings(extra_cafile="/nonexistent")).path == system
