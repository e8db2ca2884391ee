"""``graft search``."""

from __future__ import annotations

import pytest

from harness.offers import SEARCH_PATH
from harness.project import Project
from harness.registry import LocalRegistry


@pytest.fixture(autouse=True)
def packages(registry: LocalRegistry) -> None:
    extra = {"description": "Ways\x1b[2J through\na page", "keywords": ["url", "history"]}
    registry.publish("router@1.0.0", extra=extra)
    registry.publish("router-react@2.1.0", extra={"description": "Ways through React's pages"})
    registry.publish("table@1.0.0")


def test_search_prints_what_the_registry_finds(project: Project) -> None:
    done = project.graft("search", "ways", "page")
    assert done.stdout.splitlines() == [
        "router@1.0.0",
        "  Ways [2J through a page",
        "  2024-01-01 by tester url, history",
        "router-react@2.1.0",
        "  Ways through React's pages",
        "  2024-01-01 by tester",
    ]
    assert done.stderr == "2 packages\n"
    assert not project.store.exists()


def test_search_as_json(project: Project) -> None:
    said = project.graft("search", "--json", "--limit", "1", "router").json
    assert said["total"] == 2
    (entry,) = said["results"]
    assert entry["name"] == "router" and entry["version"] == "1.0.0"
    assert entry["publisher"] == "tester" and entry["keywords"] == ["url", "history"]


def test_nothing_is_found(project: Project) -> None:
    done = project.graft("search", "nothing-of-the-kind")
    assert (done.stdout, done.stderr) == ("", "0 packages\n")
    assert project.graft("search", "--json", "nothing").json == {"total": 0, "results": []}


def test_words_are_words_whatever_is_in_them(project: Project, registry: LocalRegistry) -> None:
    assert project.graft("search", "--json", "a&size=1", "é#?").json["results"] == []
    (request,) = registry.requests
    assert "text=a%26size%3D1+%C3%A9%23%3F&size=20" in request.target


def test_a_registry_without_search_says_so(project: Project, registry: LocalRegistry) -> None:
    registry.plain()
    done = project.graft("search", "router", "--json", check=False)
    error = done.json["error"]
    assert (done.code, error["code"]) == (45, "registry-lacks")
    assert error["where"] == f"{registry.url}-/v1/search" and error["why"] == ["it answered 404"]


def test_an_answer_that_is_none(project: Project, registry: LocalRegistry) -> None:
    registry.fault(SEARCH_PATH, times=None, body=b"<html>")
    assert project.graft("search", "router", check=False).code == 43
    registry.clear_faults()
    registry.serve(SEARCH_PATH, {"objects": [{"package": {"name": "../x"}}, 3, {}], "total": "4"})
    assert project.graft("search", "router", "--json").json == {"total": 0, "results": []}


def test_search_takes_the_token_along(project: Project, registry: LocalRegistry) -> None:
    registry.require_token("secret")
    assert project.graft("search", "router", check=False).code == 42
    npmrc = project.machine.npmrc
    npmrc.write_text(f"{npmrc.read_text()}//{registry.host}/:_authToken=secret\n")
    assert project.graft("search", "router").stdout.startswith("router@")


def test_search_needs_a_network_and_words(project: Project, registry: LocalRegistry) -> None:
    assert project.graft("search", "x", "--offline", check=False).code == 44
    assert project.graft("search", check=False).code == 2
    assert project.graft("search", "x", "--limit", "0", check=False).code == 2
    assert registry.requests == []
