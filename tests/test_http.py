"""The HTTP client against a real server: retries, redirects, limits and many at once."""

from __future__ import annotations

import email.utils
import threading
import time
from collections.abc import Iterator

import pytest

from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings, Request, Response, Transfer, redact
from graft.base.http_client import HttpClient
from graft.base.retry import RetryPolicy, parse_retry_after
from harness.registry import LocalRegistry

QUICK = RetryPolicy(retries=3, shortest=0.01, longest=0.05)
TOKEN = "Bearer s3cret"


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(HttpSettings(retry=QUICK, idle_timeout=1.0), jitter=lambda: 0.0) as client:
        yield client


@pytest.fixture
def other() -> Iterator[LocalRegistry]:
    with LocalRegistry() as other:
        yield other


def get(client: HttpClient, url: str, **said: object) -> Response:
    return client.wait(client.send(Request(url=url, **said)))  # type: ignore[arg-type]


def failure(client: HttpClient, url: str, **said: object) -> GraftError:
    with pytest.raises(GraftError) as caught:
        get(client, url, **said)
    return caught.value


def test_an_answer_has_status_body_and_lower_case_headers(
    client: HttpClient, registry: LocalRegistry
) -> None:
    url = registry.serve("/file", b"bytes")
    response = get(client, url)
    assert (response.status, response.body, response.url) == (200, b"bytes", url)
    assert response.headers["content-type"] == "application/octet-stream"


def test_compressed_answers_are_decoded(client: HttpClient, registry: LocalRegistry) -> None:
    url = registry.serve("/doc", {"text": "x" * 10_000})
    response = get(client, url)
    assert response.headers["content-encoding"] == "gzip"
    assert len(response.body) > 10_000
    assert client.stats.received < 1_000


def test_what_is_posted_is_sent_and_leaves_no_trace_in_the_next_request(
    client: HttpClient, registry: LocalRegistry
) -> None:
    url = registry.serve("/file", b"bytes")
    long = b"\0" * 3_000_000  # longer than what libcurl sends without asking for leave
    for body in (long, None, b"", None):
        get(client, url, body=body)
    said = [(request.method, request.body) for request in registry.requests]
    assert said == [("POST", long), ("GET", b""), ("POST", b""), ("GET", b"")]
    assert not any("expect" in request.headers for request in registry.requests)


def test_archives_come_as_they_lie_on_the_server(
    client: HttpClient, registry: LocalRegistry
) -> None:
    registry.fault("/a.tgz", body=b"\x1f\x8b-not-really", headers={"Content-Encoding": "gzip"})
    response = get(client, registry.url + "a.tgz", compressed=False)
    assert response.body == b"\x1f\x8b-not-really"
    assert "accept-encoding" not in registry.requests[0].headers


def test_an_error_status_is_an_answer(client: HttpClient, registry: LocalRegistry) -> None:
    assert get(client, registry.url + "missing").status == 404
    assert client.stats.requests == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_statuses_are_tried_again(
    client: HttpClient, registry: LocalRegistry, status: int
) -> None:
    url = registry.serve("/file", b"bytes")
    registry.fault("/file", status=status, times=2)
    assert get(client, url).body == b"bytes"
    assert (client.stats.requests, client.stats.retries) == (3, 2)


def test_a_lasting_status_is_returned_after_all_tries(
    client: HttpClient, registry: LocalRegistry
) -> None:
    registry.fault("/file", status=503, times=None)
    assert get(client, registry.url + "file").status == 503
    assert registry.count("/file") == 1 + QUICK.retries


@pytest.mark.parametrize("damage", [{"truncate": 100}, {"drop": True}])
def test_a_truncated_body_is_fetched_again(
    client: HttpClient, registry: LocalRegistry, damage: dict[str, int]
) -> None:
    url = registry.serve("/file", b"x" * 5000)
    registry.fault("/file", times=2, **damage)  # type: ignore[arg-type]
    assert get(client, url).body == b"x" * 5000
    assert registry.count("/file") == 3


def test_a_server_that_stays_silent_is_given_up(
    client: HttpClient, registry: LocalRegistry
) -> None:
    url = registry.serve("/file", b"x")
    registry.fault("/file", delay=20.0, times=1)
    start = time.monotonic()
    assert get(client, url).body == b"x"
    assert time.monotonic() - start < 10


def test_no_server_is_an_error_that_says_what_was_tried(client: HttpClient) -> None:
    with LocalRegistry() as gone:
        url = gone.url.replace("http://", "http://user:hush@") + "pkg?token=hush"
    error = failure(client, url, subject="pkg", auth=TOKEN).diagnostic
    assert error.code == "registry-unreachable"
    assert error.message.startswith("pkg: ")
    assert error.where == gone.url + "pkg"
    assert "tried 4 times" in error.why
    assert "hush" not in str(error) and "s3cret" not in str(error)


def test_retry_after_is_obeyed_for_all_of_the_server_and_for_no_other(
    client: HttpClient, registry: LocalRegistry, other: LocalRegistry
) -> None:
    registry.fault("/slow", status=429, retry_after=1, times=1)
    slow = client.send(Request(url=registry.serve("/slow", b"slow")))
    start = time.monotonic()
    # Retries are counted when the answer has been read, not when it was sent.
    while not client.stats.retries:
        client.pump(0.05)
    same = client.send(Request(url=registry.serve("/same", b"same")))
    get(client, other.serve("/quick", b"quick"))
    assert not slow.done and not same.done
    assert registry.count("/same") == 0
    assert [client.wait(transfer).body for transfer in (slow, same)] == [b"slow", b"same"]
    assert time.monotonic() - start >= 1.0
    assert client.stats.requests == 4  # who was put off had no try


def test_a_server_that_always_asks_for_patience_gets_the_same_number_of_tries_from_all(
    registry: LocalRegistry,
) -> None:
    registry.fault(lambda _: True, status=429, retry_after=60, times=None)
    now = [0.0]
    settings = HttpSettings(retry=RetryPolicy(retries=2, shortest=0.01), max_streams=2)
    with HttpClient(settings, jitter=lambda: 0.0, clock=lambda: now[0]) as client:
        transfers = [client.send(Request(url=f"{registry.url}{n}")) for n in range(8)]
        while client.pump(0.01):
            if not client._running:
                now[0] += 60.0
        assert [transfer.result().status for transfer in transfers] == [429] * 8
    # Two that were under way each time it spoke, and one try for each of the others, at once.
    assert now[0] <= 60.0 * 3
    assert len(registry.requests) <= 3 * 2 + 8


def test_retry_after_reads_seconds_and_dates_up_to_a_minute() -> None:
    date = email.utils.formatdate(1_000_030, usegmt=True)
    assert parse_retry_after("5", lambda: 0.0) == 5.0
    assert parse_retry_after("86400", lambda: 0.0) == 60.0
    assert parse_retry_after(date, lambda: 1_000_000.0) == 30.0
    assert parse_retry_after(date, lambda: 2_000_000.0) == 0.0
    assert parse_retry_after(date, lambda: 0.0) == 60.0
    assert parse_retry_after("soon", lambda: 0.0) is None
    assert parse_retry_after("", lambda: 0.0) is None


def test_delays_grow_are_capped_and_spread() -> None:
    policy = RetryPolicy(shortest=0.2, factor=2.0, longest=1.0)
    assert [policy.delay(tries, 0.0) for tries in (1, 2, 3, 4)] == [0.2, 0.4, 0.8, 1.0]
    assert policy.delay(1, 0.999) == pytest.approx(0.1, abs=0.001)


def test_a_token_is_not_sent_to_another_host_on_redirect(
    client: HttpClient, registry: LocalRegistry, other: LocalRegistry
) -> None:
    registry.fault("/file", redirect=other.serve("/elsewhere", b"there"))
    response = get(client, registry.url + "file", auth=TOKEN)
    assert (response.body, response.url) == (b"there", other.url + "elsewhere")
    assert registry.requests[0].authorization == TOKEN
    assert other.requests[0].authorization == ""


def test_a_token_is_not_sent_to_another_name_of_the_host(
    client: HttpClient, registry: LocalRegistry
) -> None:
    registry.serve("/elsewhere", b"there")
    target = registry.url.replace("127.0.0.1", "localhost") + "elsewhere"
    registry.fault("/file", redirect=target)
    assert get(client, registry.url + "file", auth=TOKEN).body == b"there"
    assert [request.authorization for request in registry.requests] == [TOKEN, ""]


def test_a_token_stays_with_its_own_host_on_redirect(
    client: HttpClient, registry: LocalRegistry
) -> None:
    registry.fault("/file", redirect=registry.serve("/elsewhere", b"there"))
    assert get(client, registry.url + "file", auth=TOKEN).body == b"there"
    assert [request.authorization for request in registry.requests] == [TOKEN, TOKEN]


def test_headers_after_a_redirect_are_those_of_the_last_answer(
    client: HttpClient, registry: LocalRegistry
) -> None:
    registry.fault("/file", redirect=registry.serve("/there", b"x"), headers={"X-First": "1"})
    assert "x-first" not in get(client, registry.url + "file").headers


def test_a_handle_used_again_keeps_nothing_of_the_request_before(
    client: HttpClient, registry: LocalRegistry
) -> None:
    url = registry.serve("/file", b"x")
    get(client, url, auth=TOKEN, headers={"X-Mine": "1"})
    get(client, url)
    assert registry.requests[1].authorization == ""
    assert "x-mine" not in registry.requests[1].headers
    assert client.stats.connections == 1


def test_redirects_in_a_circle_end(client: HttpClient, registry: LocalRegistry) -> None:
    registry.fault("/file", redirect=registry.url + "file", times=None)
    assert failure(client, registry.url + "file").diagnostic.code == "registry-answer"


def test_files_are_no_urls(client: HttpClient, registry: LocalRegistry) -> None:
    assert failure(client, "file:///etc/passwd").diagnostic.code == "registry-answer"
    registry.fault("/file", redirect="file:///etc/passwd")
    assert failure(client, registry.url + "file").diagnostic.code == "registry-answer"


def test_an_answer_that_is_too_large_is_refused_without_another_try(
    client: HttpClient, registry: LocalRegistry
) -> None:
    url = registry.serve("/doc", {"text": "x" * 100_000})  # 100 times smaller on the wire
    error = failure(client, url, max_bytes=50_000, subject="bomb").diagnostic
    assert error.code == "registry-answer"
    assert "bomb" in error.message and "50,000" in error.message
    assert client.stats.requests == 1


def test_many_requests_share_few_connections(registry: LocalRegistry) -> None:
    for number in range(100):
        registry.serve(f"/{number}", str(number).encode())
    with HttpClient(HttpSettings(max_sockets=4)) as client:
        transfers = [client.send(Request(url=f"{registry.url}{n}")) for n in range(100)]
        bodies = [client.wait(transfer).body for transfer in transfers]
        assert bodies == [str(number).encode() for number in range(100)]
        assert client.stats.connections <= 4
        assert registry.connections <= 4


def test_what_waits_for_its_turn_at_a_slow_server_is_not_given_up(registry: LocalRegistry) -> None:
    """libcurl counts the wait for a free connection as time to connect."""
    url = registry.serve("/file", b"x")
    registry.fault("/file", times=None, delay=0.1)
    once = RetryPolicy(retries=0)
    with HttpClient(HttpSettings(max_sockets=2, connect_timeout=0.35, retry=once)) as client:
        transfers = [client.send(Request(url=url)) for _ in range(12)]
        assert [client.wait(transfer).body for transfer in transfers] == [b"x"] * 12


def test_urgent_requests_start_first(registry: LocalRegistry) -> None:
    url = registry.serve("/file", b"x")
    with HttpClient(HttpSettings(max_streams=1, max_sockets=1)) as client:
        ordered: list[str] = []

        def note(transfer: Transfer) -> None:
            ordered.append(transfer.request.subject)

        for subject in ("archive 1", "archive 2"):
            client.send(Request(url=url, subject=subject)).on_done(note)
        client.send(Request(url=url, subject="packument", urgent=True)).on_done(note)
        while client.pump(1.0):
            pass
    assert ordered == ["packument", "archive 1", "archive 2"]


def test_a_callback_may_send_and_wait(client: HttpClient, registry: LocalRegistry) -> None:
    registry.serve("/second", b"second")
    found: list[bytes] = []

    def next_one(_: Transfer) -> None:
        found.append(get(client, registry.url + "second").body)

    first = client.send(Request(url=registry.serve("/first", b"first")))
    first.on_done(next_one)
    client.wait(first)
    assert found == [b"second"]


def test_a_callback_that_raises_loses_no_other_transfer(
    client: HttpClient, registry: LocalRegistry
) -> None:
    url = registry.serve("/file", b"x")
    transfers = [client.send(Request(url=url)) for _ in range(5)]

    def fail(_: Transfer) -> None:
        raise ValueError("from a callback")

    transfers[0].on_done(fail)
    with pytest.raises(ValueError, match="from a callback"):
        while client.pump(1.0):
            pass
    assert [client.wait(transfer).body for transfer in transfers] == [b"x"] * 5


def test_another_thread_can_end_the_wait_of_a_pump(
    client: HttpClient, registry: LocalRegistry
) -> None:
    registry.fault("/file", delay=0.8)
    client.send(Request(url=registry.serve("/file", b"x")))
    while not registry.count("/file"):
        client.pump(0.01)
    threading.Timer(0.05, client.wake).start()
    start = time.monotonic()
    while time.monotonic() - start < 0.04:
        client.pump(5.0)
    assert time.monotonic() - start < 0.7


def test_pumping_nothing_returns_at_once(client: HttpClient) -> None:
    start = time.monotonic()
    assert client.pump(5.0) == 0
    assert time.monotonic() - start < 1.0


def test_a_proxy_of_the_environment_is_not_used_unasked(
    registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with HttpClient(HttpSettings(retry=QUICK)) as client:
        assert get(client, registry.serve("/file", b"x")).status == 200


def test_a_proxy_is_used_except_for_noproxy(registry: LocalRegistry, other: LocalRegistry) -> None:
    url = other.serve("/file", b"x")
    settings = HttpSettings(retry=QUICK, proxy=registry.url, noproxy="localhost")
    with HttpClient(settings) as client:
        get(client, url)
        assert registry.requests[0].target == url
        get(client, url.replace("127.0.0.1", "localhost"))
    assert len(registry.requests) == len(other.requests) == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@host:8443/a/b?token=t#f", "https://host:8443/a/b"),
        ("https://host", "https://host"),
        ("https://host/@scope/name", "https://host/@scope/name"),
        ("https://host?x=https://u:p@h/", "https://host"),
        ("nonsense?secret", "nonsense"),
    ],
)
def test_redact_removes_user_query_and_fragment(url: str, shown: str) -> None:
    assert redact(url) == shown


def test_a_request_does_not_show_its_token() -> None:
    assert "s3cret" not in repr(Request(url="https://host/", auth=TOKEN))
