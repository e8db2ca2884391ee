"""The HTTP client against servers that keep to no rule: each answer ends in a body or in one clear
error, in bounded time."""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Iterator

import pytest

from graft.base.diagnostics import Diagnostic, GraftError
from graft.base.http import HttpSettings, Request, Response, without_users
from graft.base.http_client import HttpClient
from graft.base.records import replace
from graft.base.retry import RetryPolicy
from harness.wire import Say, Wire, ok, reset

SETTINGS = HttpSettings(
    retry=RetryPolicy(retries=1, shortest=0.01, longest=0.01), idle_timeout=1.0, connect_timeout=2.0
)
BODY = b"x" * 1000


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(SETTINGS) as client:
        yield client


def outcome(client: HttpClient, say: Say | bytes, **said: object) -> Response | Diagnostic:
    with Wire(say) as wire:
        request = Request(url=f"{wire.url}pkg", subject="pkg", **said)  # type: ignore[arg-type]
        try:
            return client.wait(client.send(request))
        except GraftError as error:
            assert error.diagnostic.message.startswith("pkg: ")
            assert error.diagnostic.where == f"{wire.url}pkg"
            return error.diagnostic


def head(*lines: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *lines)) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (ok(BODY, length=5000), "registry-unreachable"),
        (ok(BODY, length=-5), "registry-answer"),
        (ok(BODY, length="many"), "registry-answer"),
        (ok(BODY, b"Content-Length: 5"), "registry-answer"),
        (head(b"Transfer-Encoding: chunked") + b"zz\r\nx", "registry-unreachable"),
        (head(b"Transfer-Encoding: chunked") + b"5\r\nhel", "registry-unreachable"),
        (head(b"Transfer-Encoding: zork") + BODY, "registry-unreachable"),
        (ok(BODY, b"Content-Encoding: zork"), "registry-unreachable"),
        (ok(BODY, b"Content-Encoding: gzip"), "registry-unreachable"),
        (ok(BODY, b"Content-Encoding: " + b"gzip, " * 20 + b"gzip"), "registry-unreachable"),
        (b"", "registry-unreachable"),
        (b"\0\1\2\r\n\r\n", "registry-answer"),
        (b"<html>log in</html>", "registry-answer"),
        (ok(BODY, b"X: a\0b"), "registry-answer"),
        (ok(BODY, b"X: " + b"a" * 400_000), "registry-answer"),
        (ok(BODY, *[b"X: " + b"a" * 20] * 20_000), "registry-answer"),
        (
            b"HTTP/1.1 302 F\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
            "registry-answer",
        ),
        (b"HTTP/1.1 302 F\r\nLocation: //\r\nContent-Length: 0\r\n\r\n", "registry-answer"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_one_error(
    client: HttpClient, said: bytes, code: str
) -> None:
    found = outcome(client, said)
    assert isinstance(found, Diagnostic) and found.code == code
    assert "the request failed" not in found.message


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (ok(BODY, length=10), BODY[:10]),
        (ok(BODY, length="1000, 1000"), BODY),
        (head() + b"until the end", b"until the end"),
        (ok(BODY, b"X: \xff\xe9"), BODY),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + ok(BODY), BODY),
    ],
)
def test_what_can_be_read_is_read(client: HttpClient, said: bytes, body: bytes) -> None:
    found = outcome(client, said)
    assert isinstance(found, Response) and found.body == body


def test_bytes_within_bytes_are_bounded_by_what_they_come_to(client: HttpClient) -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 20_000_000))
    assert len(bomb) < 1000
    found = outcome(client, ok(bomb, b"Content-Encoding: gzip, gzip"), max_bytes=1_000_000)
    assert isinstance(found, Diagnostic) and "1,000,000" in found.message
    assert client.stats.requests == 1


def test_a_body_that_is_too_long_is_not_read_to_its_end(client: HttpClient) -> None:
    sent = []

    def say(peer: socket.socket, _: bytes) -> None:
        peer.sendall(head(b"Content-Length: 1000000000"))
        while True:
            sent.append(peer.send(b"x" * 65536))

    found = outcome(client, say, max_bytes=1_000_000)
    assert isinstance(found, Diagnostic) and found.code == "registry-answer"
    assert sum(sent) < 50_000_000


@pytest.mark.parametrize("line", [b"x" * 3, b"X-More: 1\r\n"])
def test_who_sends_a_little_now_and_then_is_given_up(client: HttpClient, line: bytes) -> None:
    def say(peer: socket.socket, _: bytes) -> None:
        is_body = line[:1] == b"x"
        peer.sendall(head(b"Content-Length: 100000") if is_body else b"HTTP/1.1 200 OK\r\n")
        for _times in range(300):
            peer.sendall(line)
            time.sleep(0.1)

    found = outcome(client, say)
    assert isinstance(found, Diagnostic) and found.code == "registry-unreachable"
    assert "too little came for too long" in found.message
    assert client.stats.requests == 2


def test_a_connection_that_is_reset_is_tried_again(client: HttpClient) -> None:
    tries = []

    def say(peer: socket.socket, _: bytes) -> None:
        tries.append(1)
        if len(tries) == 1:
            peer.sendall(ok(BODY, length=2000))
            reset(peer)
        else:
            peer.sendall(ok(BODY))

    found = outcome(client, say)
    assert isinstance(found, Response) and found.body == BODY


def test_the_bytes_of_two_tries_never_meet(client: HttpClient) -> None:
    """There is no resuming: what a server had of an archive before may be another one."""
    tries = []

    def say(peer: socket.socket, _: bytes) -> None:
        tries.append(1)
        if len(tries) == 1:
            peer.sendall(ok(b"a" * 1000)[:-300])
        else:
            peer.sendall(ok(b"b" * 1000))

    found = outcome(client, say, compressed=False)
    assert isinstance(found, Response) and found.body == b"b" * 1000


def test_a_kept_connection_that_was_closed_meanwhile_costs_no_failure(client: HttpClient) -> None:
    with Wire(ok(BODY, b"Connection: keep-alive")) as wire:
        for _ in range(3):
            assert client.wait(client.send(Request(url=wire.url))).body == BODY
            time.sleep(0.02)  # by then it is closed


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "dict", "javascript", "data"])
def test_a_redirect_leads_to_http_alone(client: HttpClient, scheme: str) -> None:
    lines = f"HTTP/1.1 302 F\r\nLocation: {scheme}://127.0.0.1/etc/passwd\r\nContent-Length: 0"
    found = outcome(client, f"{lines}\r\n\r\n".encode())
    assert isinstance(found, Diagnostic) and found.code == "registry-answer"


def test_a_redirect_with_a_password_shows_it_to_nobody(client: HttpClient) -> None:
    with Wire(b"") as gone:
        pass
    target = gone.url.replace("//", "//user:hush@")
    lines = f"HTTP/1.1 302 F\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
    found = outcome(client, lines.encode(), auth="Bearer s3cret")
    assert isinstance(found, Diagnostic)
    assert "hush" not in repr(found) and "s3cret" not in repr(found)


@pytest.mark.parametrize("path", ["ü", "\udcff", "a\nb", "a\0b", "a b", "x" * 9_000_000])
def test_no_url_is_a_crash(client: HttpClient, path: str) -> None:
    """Whatever a lock or a packument could hold: what can be sent is escaped."""
    with Wire(ok(BODY)) as wire:
        try:
            client.wait(client.send(Request(url=wire.url + path)))
        except GraftError as error:
            assert error.diagnostic.code == "registry-answer"
            assert wire.heads == []
        else:
            assert wire.heads[0].split(b" ")[1] in (b"/%C3%BC", b"/%FF")


def test_a_request_that_cannot_be_sent_is_told_to_whoever_sent_it_from_a_callback(
    client: HttpClient,
) -> None:
    found = []

    def again(_: object) -> None:
        found.append(client.send(Request(url="http://127.0.0.1/\0")))

    with Wire(ok(BODY)) as wire:
        client.send(Request(url=wire.url)).on_done(again)
        while client.pump(0.1):
            pass
    with pytest.raises(GraftError):
        found[0].result()


@pytest.mark.parametrize("value", ["é", "€", 'W/"x"'])
def test_what_a_server_called_a_document_is_sent_back_as_it_was(
    client: HttpClient, value: str
) -> None:
    with Wire(ok(BODY)) as wire:
        client.wait(client.send(Request(url=wire.url, headers={"If-None-Match": value})))
    sent = wire.heads[0].partition(b"If-None-Match: ")[2].partition(b"\r\n")[0]
    assert sent == (value.encode() if value == "€" else value.encode("latin-1"))


@pytest.mark.parametrize(
    "proxy",
    ["zork://user:hush@h", "http://user:hush@h:999999", "http://user:hu@sh@127.0.0.1:1"],
)
def test_the_password_of_a_proxy_is_in_no_message(proxy: str) -> None:
    settings = replace(SETTINGS, proxy=proxy, https_proxy=proxy)
    with HttpClient(settings) as client:
        for scheme in ("http", "https"):
            with pytest.raises(GraftError) as caught:
                client.wait(client.send(Request(url=f"{scheme}://registry.example.com/pkg")))
            said = caught.value.diagnostic
            assert said.code == "registry-unreachable"
            assert "hu" not in repr(said.why) + said.message


def test_a_proxy_that_wants_a_password_is_named_by_its_answer() -> None:
    refusal = b"HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
    with Wire(refusal) as wire, HttpClient(replace(SETTINGS, https_proxy=wire.url)) as client:
        with pytest.raises(GraftError) as caught:
            client.wait(client.send(Request(url="https://registry.example.com/pkg")))
        assert "407" in caught.value.diagnostic.why[0]


def test_without_users() -> None:
    said = "cannot reach https://u:p@ss@host/a@b or git+ssh://git@host, mail me@host"
    assert without_users(said) == "cannot reach https://host/a@b or git+ssh://host, mail me@host"
