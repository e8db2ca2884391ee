"""Packuments and archives from a real server: what is asked, what is kept, and what is refused."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graft.base.diagnostics import GraftError
from graft.base.http import HttpSettings, Response, Transfer
from graft.base.http_client import HttpClient
from graft.base.retry import RetryPolicy
from graft.model.integrity import parse_integrity
from graft.model.manifest import Manifest
from graft.project.credentials import Credentials
from graft.project.default_registry import DefaultRegistry
from graft.project.registries import Registries
from graft.sources import inquiries
from graft.sources.answers import validators_of
from graft.sources.packument import Packument
from graft.sources.packument_cache import PackumentCache, Validators
from graft.sources.registry import Mode, RegistrySource
from harness.registry import LocalRegistry


class Lab:
    """A registry, a cache folder, a clock that stands still, and a source for each run."""

    def __init__(self, registry: LocalRegistry, folder: Path) -> None:
        self.registry = registry
        self.folder = folder
        self.now = 1_700_000_000.0
        self.tokens: dict[str, str] = {}
        self.scopes: dict[str, str] = {}
        policy = RetryPolicy(retries=2, shortest=0.01, longest=0.05)
        self.client = HttpClient(HttpSettings(retry=policy))

    def run(self, mode: Mode = Mode.ONLINE, **said: Any) -> RegistrySource:
        fields = {f"//{host}/": {"_authToken": token} for host, token in self.tokens.items()}
        registries = Registries(
            default=self.registry.url, scopes=self.scopes, credentials=Credentials(fields)
        )
        cache = PackumentCache(str(self.folder))
        return RegistrySource(
            self.client, registries, cache, mode=mode, clock=lambda: self.now, **said
        )

    def fill(self, *names: str) -> None:
        """A run that caches the packuments of ``names``."""
        source = self.run()
        for name in names:
            source.packument(name)
        source.flush()
        self.registry.clear_log()

    def archive(self, source: RegistrySource, manifest: Manifest) -> bytes:
        return self.client.wait(source.archive(manifest)).body

    def entries(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def lab(registry: LocalRegistry, tmp_path: Path) -> Iterator[Lab]:
    lab = Lab(registry, tmp_path / "cache")
    yield lab
    lab.client.close()


@pytest.fixture
def other() -> Iterator[LocalRegistry]:
    with LocalRegistry() as other:
        yield other


def failure(source: RegistrySource, name: str) -> GraftError:
    with pytest.raises(GraftError) as caught:
        source.packument(name)
    return caught.value


def test_a_packument_is_asked_for_in_its_short_form_once(lab: Lab) -> None:
    lab.registry.publish("@acme/tool@1.0.0", dependencies={"b": "^1.0.0"})
    source = lab.run()
    source.prefetch("@acme/tool")
    source.prefetch("@acme/tool")
    packument = source.packument("@acme/tool")
    assert packument is source.packument("@acme/tool")
    assert packument.manifest("1.0.0").requirements[0].local == "b"
    (request,) = lab.registry.requests
    assert request.target.lower() == "/@acme%2ftool"
    assert request.headers["accept"].startswith("application/vnd.npm.install-v1+json")
    assert (source.stats.fetched, source.stats.cached) == (1, 0)


def test_the_full_form_replaces_the_short_one_and_serves_for_it(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    source = lab.run()
    source.packument("a")
    source.packument("a", full=True)
    source.packument("a")
    source.flush()
    assert [request.headers["accept"][:16] for request in lab.registry.requests] == [
        "application/vnd.",
        "application/json",
    ]
    lab.registry.clear_log()
    again = lab.run()
    again.packument("a")
    again.packument("a", full=True)
    assert lab.registry.requests == []


def test_a_short_packument_does_not_serve_for_a_full_one(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.run().packument("a", full=True)
    assert len(lab.registry.requests) == 1


def test_many_packuments_are_under_way_at_once(lab: Lab) -> None:
    names = [f"p{number}" for number in range(20)]
    for name in names:
        lab.registry.publish(f"{name}@1.0.0")
    lab.registry.fault(lambda _: True, times=20, delay=0.2)
    source = lab.run()
    for name in names:
        source.prefetch(name)
    assert [source.packument(name).name for name in names] == names
    assert lab.registry.connections > 10


def test_listeners_may_prefetch_what_they_read(lab: Lab) -> None:
    for number in range(200):
        lab.registry.publish(f"p{number}@1.0.0", dependencies={f"p{number + 1}": "1"})
    lab.registry.publish("p200@1.0.0")

    def chain(source: RegistrySource) -> list[str]:
        seen: list[str] = []

        def listen(packument: Packument) -> None:
            seen.append(packument.name)
            for requirement in packument.manifest("1.0.0").requirements:
                source.prefetch(requirement.local)

        source.on_packument(listen)
        source.prefetch("p0")
        source.packument("p0")
        while lab.client.pump(1.0):
            pass
        return seen

    expected = [f"p{number}" for number in range(201)]
    source = lab.run()
    assert chain(source) == expected
    source.flush()
    assert chain(lab.run()) == expected  # from the cache, without recursion
    assert lab.registry.count("/p7") == 1


# Freshness


def test_a_young_packument_is_used_as_it_is(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.now += 299
    source = lab.run()
    source.packument("a")
    assert lab.registry.requests == []
    assert source.stats.cached == 1


def test_an_old_packument_is_confirmed_by_its_etag(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.now += 301
    source = lab.run()
    assert source.packument("a").versions == ["1.0.0"]
    assert [request.status for request in lab.registry.requests] == [304]
    assert source.stats.revalidated == 1
    lab.now += 299  # the confirmation counts from its own time
    lab.run().packument("a")
    assert len(lab.registry.requests) == 1


def test_a_changed_packument_is_fetched(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.registry.publish("a@2.0.0")
    assert lab.run().packument("a").versions == ["1.0.0"]
    lab.now += 301
    source = lab.run()
    assert source.packument("a").versions == ["1.0.0", "2.0.0"]
    assert (source.stats.fetched, source.stats.revalidated) == (1, 0)


@pytest.mark.parametrize(("max_age", "requests"), [(0, 1), (60, 1), (600, 0)])
def test_cache_control_decides_where_it_is_sent(lab: Lab, max_age: int, requests: int) -> None:
    lab.registry.max_age = max_age
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.now += 400
    lab.run().packument("a")
    assert len(lab.registry.requests) == requests


@pytest.mark.parametrize(
    ("said", "age"),
    [
        ("max-age=\u00b2", None),
        ("max-age=" + "9" * 400, 999_999_999_999_999.0),
        ("max-age=-1, max-age=7", 7.0),
        ('max-age="5"', 5.0),
        (",,=,max-age", None),
    ],
)
def test_cache_control_that_makes_no_sense_says_nothing(said: str, age: float | None) -> None:
    lines = [b"HTTP/1.1 200 OK\r\n", f"Cache-Control: {said}\r\n".encode("latin-1")]
    validators = validators_of(Response(status=200, url="", body=b"", lines=lines), full=False)
    assert validators is not None and validators.max_age == age
    assert validators.lifetime <= 86400


def test_a_packument_that_may_not_be_stored_is_not(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.registry.fault("/a", headers={"Cache-Control": "private, no-store"})
    lab.fill("a")
    assert lab.entries() == []


def test_names_that_must_be_fresh_are_confirmed_however_young(lab: Lab) -> None:
    for name in ("a", "b"):
        lab.registry.publish(f"{name}@1.0.0")
    lab.fill("a", "b")
    source = lab.run(fresh=frozenset({"a"}))
    source.packument("a")
    source.packument("b")
    assert [request.path for request in lab.registry.requests] == ["/a"]
    everything = lab.run(fresh="all")
    everything.packument("b")
    assert lab.registry.count("/b") == 1


def test_refresh_asks_once_for_what_the_cache_did_not_know(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.registry.publish("a@2.0.0")
    source = lab.run()
    assert source.packument("a").versions == ["1.0.0"]
    assert source.refresh("a").versions == ["1.0.0", "2.0.0"]
    source.refresh("a")
    assert source.packument("a").versions == ["1.0.0", "2.0.0"]
    assert lab.registry.count("/a") == 1


def test_a_plain_registry_without_etags_is_asked_again_in_full(lab: Lab) -> None:
    lab.registry.plain()
    lab.registry.publish("a@1.0.0", scripts={"install": "x"}, dependencies={"b": "1"})
    lab.fill("a")
    assert b"readme" not in b"".join(path.read_bytes() for path in lab.entries())
    manifest = lab.run().packument("a").manifest("1.0.0")
    assert manifest.has_scripts and manifest.requirements[0].local == "b"
    assert lab.registry.requests == []
    lab.now += 301
    source = lab.run()
    source.packument("a")
    (request,) = lab.registry.requests
    assert request.status == 200 and "if-none-match" not in request.headers
    assert source.stats.fetched == 1


def test_the_validator_of_one_form_is_not_sent_for_the_other(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    source = lab.run()
    source.packument("a", full=True)
    source.flush()
    lab.now += 301
    lab.run().packument("a")
    assert "if-none-match" not in lab.registry.requests[-1].headers


def test_a_clock_that_was_set_back_makes_nothing_fresh(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.now -= 1000
    lab.run().packument("a")
    assert len(lab.registry.requests) == 1


# Offline


def test_prefer_offline_uses_what_is_cached_at_any_age(lab: Lab) -> None:
    for name in ("a", "b"):
        lab.registry.publish(f"{name}@1.0.0")
    lab.fill("a")
    lab.now += 1_000_000
    source = lab.run(Mode.PREFER_OFFLINE)
    source.packument("a")
    source.packument("b")
    assert [request.path for request in lab.registry.requests] == ["/b"]


def test_offline_asks_nobody(lab: Lab) -> None:
    for name in ("a", "b"):
        lab.registry.publish(f"{name}@1.0.0")
    lab.fill("a")
    lab.now += 1_000_000
    source = lab.run(Mode.OFFLINE)
    manifest = source.packument("a").manifest("1.0.0")
    source.prefetch("b")
    assert failure(source, "b").diagnostic.code == "offline-missing"
    with pytest.raises(GraftError) as caught:
        lab.archive(source, manifest)
    assert caught.value.diagnostic.code == "offline-missing"
    assert lab.registry.requests == []


# The cache on disk


def test_damaged_entries_are_missing_entries(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    (entry,) = lab.entries()
    whole = entry.read_bytes()
    flipped = whole.replace(b'"1.0.0"', b'"1.0.1"', 1)
    for damaged in (b"", whole[:-1], whole[:40], flipped, b"x" + whole, whole + b"x"):
        entry.write_bytes(damaged)
        assert lab.run(Mode.PREFER_OFFLINE).packument("a").versions == ["1.0.0"]
    assert len(lab.registry.requests) == 6


def test_an_entry_that_is_whole_but_no_packument_is_fetched_anew(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    cache = PackumentCache(str(lab.folder))
    cache.put(f"{lab.registry.url}a", "", b"<html>", Validators(etag='"x"'), lab.now)
    cache.flush()
    assert lab.run().packument("a").versions == ["1.0.0"]
    assert "if-none-match" not in lab.registry.requests[0].headers


def test_a_wrong_entry_that_the_registry_goes_on_to_confirm_is_fetched_anew(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.registry.fault("/a", status=304, times=1)
    cache = PackumentCache(str(lab.folder))
    cache.put(f"{lab.registry.url}a", "", b'{"name":"b","versions":{}}', Validators(etag='"x"'), 0)
    cache.flush()
    source = lab.run()
    assert source.packument("a").versions == ["1.0.0"]
    source.flush()
    assert ["if-none-match" in r.headers for r in lab.registry.requests] == [True, False]
    lab.registry.clear_log()
    assert lab.run().packument("a").versions == ["1.0.0"] and lab.registry.requests == []


def test_a_confirmation_of_nothing_is_no_answer(lab: Lab) -> None:
    lab.registry.fault("/a", status=304, times=None)
    assert failure(lab.run(), "a").diagnostic.code == "registry-answer"
    assert lab.registry.count("/a") == 1 and lab.entries() == []


@pytest.mark.parametrize("tag", ['W/"1"', "\u00e9", "no quotes", '"' + "x" * 5000 + '"'])
def test_an_etag_of_any_form_is_sent_back_as_it_was(lab: Lab, tag: str) -> None:
    lab.registry.publish("a@1.0.0")
    lab.registry.fault("/a", headers={"ETag": tag})
    lab.fill("a")
    lab.now += 301
    assert lab.run().packument("a").versions == ["1.0.0"]
    assert lab.registry.requests[0].headers["if-none-match"] == tag


def test_an_entry_of_another_url_is_not_looked_at(lab: Lab, other: LocalRegistry) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    lab.registry = other
    other.publish("a@2.0.0")
    assert lab.run().packument("a").versions == ["2.0.0"]


def test_an_entry_of_a_later_format_is_missing(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.fill("a")
    (entry,) = lab.entries()
    entry.write_bytes(entry.read_bytes().replace(b"graft-packument-2", b"graft-packument-3", 1))
    assert lab.run(Mode.PREFER_OFFLINE).packument("a").versions == ["1.0.0"]
    assert len(lab.registry.requests) == 1


def test_a_packument_of_another_name_poisons_nobody(lab: Lab, other: LocalRegistry) -> None:
    """Whatever a registry answers, it is the answer for that name at that registry alone."""
    for name in ("a", "b", "@acme/a"):
        lab.registry.publish(f"{name}@1.0.0")
    other.publish("@acme/a@6.6.6")
    lab.scopes["@acme"] = other.url
    lab.registry.fault("/a", body=b'{"name":"b","versions":{"6.6.6":{}}}')
    source = lab.run()
    assert failure(source, "a").diagnostic.code == "registry-answer"
    assert source.packument("@acme/a").versions == ["6.6.6"]
    source.flush()
    del lab.scopes["@acme"]
    again = lab.run()
    assert [again.packument(n).versions for n in ("a", "b", "@acme/a")] == [["1.0.0"]] * 3


def test_another_certificate_does_not_see_what_this_one_saw() -> None:
    fields = [
        {"//host/": {"_authToken": "t"}},
        {"//host/": {"_authToken": "t", "certfile": "/a.pem", "keyfile": "/a.key"}},
        {"//host/": {"_authToken": "t", "certfile": "/b.pem", "keyfile": "/b.key"}},
        {"//host/": {"certfile": "/b.pem", "keyfile": "/b.key"}},
        {},
    ]
    askers = [
        Registries(default="https://host/", credentials=Credentials(said)).asker_for(
            "https://host/pkg"
        )
        for said in fields
    ]
    assert len(set(askers)) == len(fields)
    assert askers[0] == "Bearer t" and askers[-1] == ""


def test_another_token_does_not_see_what_this_one_saw(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.registry.require_token("mine")
    lab.tokens[lab.registry.host] = "mine"
    lab.fill("a")
    assert lab.run(Mode.OFFLINE).packument("a").versions == ["1.0.0"]
    for tokens in ({}, {lab.registry.host: "yours"}):
        lab.tokens = tokens
        assert failure(lab.run(Mode.OFFLINE), "a").diagnostic.code == "offline-missing"


def test_tokens_are_not_on_disk(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.tokens[lab.registry.host] = "s3cret"
    lab.fill("a")
    (entry,) = lab.entries()
    assert b"s3cret" not in entry.read_bytes() and "s3cret" not in str(entry)


def test_a_cache_that_cannot_be_written_stays_empty(lab: Lab, tmp_path: Path) -> None:
    lab.registry.publish("a@1.0.0")
    lab.folder = tmp_path / "file"
    lab.folder.write_text("in the way")
    lab.fill("a")
    lab.run().packument("a")
    assert len(lab.registry.requests) == 1


def test_no_cache_folder_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cache = PackumentCache("")
    cache.put("u", "", b"{}", Validators(), 0.0)
    cache.flush()
    cache.confirm("u", "", 0.0)
    assert cache.get("u", "") is None
    assert os.listdir() == []


# Errors


def test_a_missing_package_names_itself(lab: Lab) -> None:
    error = failure(lab.run(), "nothing-here").diagnostic
    assert error.code == "package-not-found"
    assert "nothing-here" in error.message
    assert error.where == lab.registry.url + "nothing-here"
    assert error.fix


def test_a_refusal_names_the_line_to_add(lab: Lab) -> None:
    lab.registry.publish("@acme/tool@1.0.0")
    lab.registry.require_token("right")
    error = failure(lab.run(), "@acme/tool").diagnostic
    assert error.code == "registry-refused"
    assert "asks for credentials" in error.message and "@acme/tool" in error.message
    assert f"//{lab.registry.host}/:_authToken=" in error.fix
    lab.tokens[lab.registry.host] = "wrong"
    error = failure(lab.run(), "@acme/tool").diagnostic
    assert "refuses the credentials" in error.message
    assert "wrong" not in repr(error)


def test_a_refusal_below_a_path_names_that_path(tmp_path: Path) -> None:
    with LocalRegistry(base_path="/npm/team") as registry:
        registry.require_token("right")
        lab = Lab(registry, tmp_path)
        for name in ("a", "@acme/tool"):
            fix = failure(lab.run(), name).diagnostic.fix
            assert f"//{registry.host}/npm/team/:_authToken=" in fix
        lab.client.close()


@pytest.mark.parametrize("body", [b"<html>log in</html>", b"{}", b'{"versions":'])
def test_garbage_is_an_answer_that_makes_no_sense(lab: Lab, body: bytes) -> None:
    lab.registry.publish("a@1.0.0")
    lab.registry.fault("/a", body=body)
    source = lab.run()
    assert failure(source, "a").diagnostic.code == "registry-answer"
    assert failure(source, "a").diagnostic.code == "registry-answer"
    source.flush()
    assert lab.entries() == []
    assert lab.registry.count("/a") == 1


def test_a_registry_in_trouble_is_unreachable(lab: Lab) -> None:
    lab.registry.fault("/a", status=503, times=None)
    assert failure(lab.run(), "a").diagnostic.code == "registry-unreachable"
    assert lab.registry.count("/a") == 3


def test_a_registry_that_is_gone_is_unreachable(lab: Lab) -> None:
    lab.registry.close()
    error = failure(lab.run(), "a").diagnostic
    assert error.code == "registry-unreachable" and "a" in error.message


def test_errors_wait_for_whoever_asks(lab: Lab) -> None:
    source = lab.run()
    source.prefetch("nothing-here")
    while lab.client.pump(1.0):
        pass
    assert failure(source, "nothing-here").diagnostic.code == "package-not-found"


# Archives


def test_an_archive_at_the_usual_path(lab: Lab) -> None:
    release = lab.registry.publish("@acme/tool@1.0.0")
    source = lab.run()
    manifest = Manifest(name="@acme/tool", version="1.0.0")  # as a lock has it
    assert lab.archive(source, manifest) == release.archive
    assert [request.path for request in lab.registry.requests] == ["/@acme/tool/-/tool-1.0.0.tgz"]
    assert source.stats.archives == 1


def test_an_archive_that_is_declared_as_compressed_text_stays_what_it_is(lab: Lab) -> None:
    release = lab.registry.publish("a@1.0.0")
    lab.registry.fault("/a/-/a-1.0.0.tgz", headers={"Content-Encoding": "gzip"})
    assert lab.archive(lab.run(), Manifest(name="a", version="1.0.0")) == release.archive


def test_an_archive_elsewhere_below_the_registry(lab: Lab) -> None:
    lab.registry.tarball_path = lambda name, version: f"/files/{name}/{version}"
    release = lab.registry.publish("a@1.0.0")
    source = lab.run()
    manifest = source.packument("a").manifest("1.0.0")
    assert manifest.tarball == "files/a/1.0.0"
    assert lab.archive(source, manifest) == release.archive


def test_where_the_usual_path_is_empty_the_packument_knows_better(lab: Lab) -> None:
    lab.registry.tarball_path = lambda name, version: f"/files/{name}/{version}"
    release = lab.registry.publish("a@1.0.0")
    source = lab.run()
    assert lab.archive(source, Manifest(name="a", version="1.0.0")) == release.archive
    assert [request.path for request in lab.registry.requests] == [
        "/a/-/a-1.0.0.tgz",
        "/a",
        "/files/a/1.0.0",
    ]


def test_an_archive_that_is_nowhere(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    for version in ("2.0.0", "1.0.0"):
        if version == "1.0.0":
            lab.registry.fault("/a/-/a-1.0.0.tgz", status=404, times=None)
        with pytest.raises(GraftError) as caught:
            lab.archive(lab.run(), Manifest(name="a", version=version))
        assert caught.value.diagnostic.code == "package-not-found"
        assert f"a@{version}" in caught.value.diagnostic.message


def test_a_token_goes_to_its_registry_for_packument_and_archive(lab: Lab) -> None:
    lab.registry.publish("a@1.0.0")
    lab.registry.require_token("t")
    lab.tokens[lab.registry.host] = "t"
    source = lab.run()
    lab.archive(source, source.packument("a").manifest("1.0.0"))
    assert [request.authorization for request in lab.registry.requests] == ["Bearer t"] * 2


def test_a_token_does_not_go_to_the_host_of_a_tarball(lab: Lab, other: LocalRegistry) -> None:
    for place in (lab.registry, other):
        place.publish("a@1.0.0")
    lab.registry.tarball_host = other
    lab.tokens[lab.registry.host] = "t"
    source = lab.run()
    manifest = source.packument("a").manifest("1.0.0")
    assert manifest.tarball.startswith(other.url)
    lab.archive(source, manifest)
    assert lab.registry.requests[0].authorization == "Bearer t"
    assert [request.authorization for request in other.requests] == [""]


def test_a_token_does_not_follow_the_redirect_of_an_archive(lab: Lab, other: LocalRegistry) -> None:
    release = lab.registry.publish("a@1.0.0")
    lab.tokens[lab.registry.host] = "t"
    lab.registry.fault("/a/-/a-1.0.0.tgz", redirect=other.serve("/cdn", release.archive))
    body = lab.archive(lab.run(), Manifest(name="a", version="1.0.0"))
    assert body == release.archive
    assert [request.authorization for request in other.requests] == [""]


def test_a_token_is_not_sent_to_an_archive_that_is_had_in_clear_text(lab: Lab) -> None:
    registries = Registries(
        default="https://registry.example.com/",
        credentials=Credentials({"//registry.example.com/": {"_authToken": "t"}}),
    )
    source = RegistrySource(
        lab.client, registries, PackumentCache(""), mode=Mode.OFFLINE, clock=lambda: 0.0
    )
    sent = {}
    for scheme in ("https", "http"):
        url = f"{scheme}://registry.example.com/files/a.tgz"
        sent[scheme] = source.archive(Manifest(name="a", version="1.0.0", tarball=url)).request.auth
    assert sent == {"https": "Bearer t", "http": ""}


def test_dependencies_without_end_come_to_one(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry may make up a package for each that it is asked for."""
    monkeypatch.setattr(inquiries, "_MAX_INQUIRIES", 5)
    source = lab.run()
    for number in range(5):
        lab.registry.publish(f"p{number}@1.0.0")
        source.packument(f"p{number}")
    assert failure(source, "p5").diagnostic.code == "registry-answer"
    assert source.packument("p4").versions == ["1.0.0"]


def test_a_scope_has_its_registry_and_origin(lab: Lab, other: LocalRegistry) -> None:
    release = other.publish("@acme/tool@1.0.0")
    lab.scopes["@acme"] = other.url
    source = lab.run()
    manifest = source.packument("@acme/tool").manifest("1.0.0")
    assert manifest.origin == other.url
    assert lab.archive(source, manifest) == release.archive
    assert lab.registry.requests == []


@pytest.mark.parametrize(
    "damage", [{"truncate": 20}, {"drop": True}, {"status": 502}, {"status": 429}]
)
def test_archives_and_packuments_survive_a_fault(lab: Lab, damage: dict[str, Any]) -> None:
    release = lab.registry.publish("a@1.0.0")
    lab.registry.fault("/a", **damage)
    lab.registry.fault("/a/-/a-1.0.0.tgz", **damage)
    source = lab.run()
    assert lab.archive(source, source.packument("a").manifest("1.0.0")) == release.archive
    assert lab.registry.count("/a") == lab.registry.count("/a/-/a-1.0.0.tgz") == 2


def test_an_archives_failure_is_told_by_its_transfer(lab: Lab) -> None:
    lab.registry.close()
    failed: list[str] = []

    def note(transfer: Transfer) -> None:
        with pytest.raises(GraftError) as caught:
            transfer.result()
        failed.append(caught.value.diagnostic.code)

    lab.run().archive(Manifest(name="a", version="1.0.0")).on_done(note)
    while lab.client.pump(1.0):
        pass
    assert failed == ["registry-unreachable"]


@pytest.mark.real_registry
def test_the_registry_of_this_machine(tmp_path: Path) -> None:
    find = DefaultRegistry(
        user_config=str(tmp_path / "config.toml"), home=os.environ["HOME"], environ=os.environ
    ).find
    settings = HttpSettings(extra_cafile=os.environ.get("NODE_EXTRA_CA_CERTS", ""))
    with HttpClient(settings) as client:
        cache = PackumentCache(str(tmp_path))
        source = RegistrySource(
            client, Registries(find_default=find), cache, mode=Mode.ONLINE, clock=time.time
        )
        names = ["semver", "lodash", "@types/node"]
        for name in names:
            source.prefetch(name)
        for name in names:
            packument = source.packument(name)
            manifest = packument.manifest(packument.tags["latest"])
            assert manifest.tarball == ""
            body = client.wait(source.archive(manifest)).body
            assert parse_integrity(manifest.integrity).matches(body)
        assert client.stats.connections <= 2
