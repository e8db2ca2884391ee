"""The harness of real projects: what it must notice, on packages of a registry of its own."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.machine import Machine
from harness.registry import LocalRegistry

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import ecosystems_fixture
from ecosystems_fixture import Fixture, read_fixtures
from ecosystems_place import Place
from ecosystems_report import Report, as_text
from ecosystems_run import DEFAULT, LAYOUTS, Outcome, attempt
from install_tools import UnusableError, default_graft

Try = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, registry: LocalRegistry, monkeypatch: pytest.MonkeyPatch) -> Try:
    """Install a project that asks for ``top``, which asks for ``deep``, and check it."""
    registry.publish("deep@1.0.0", files={"index.js": "module.exports = 'deep'"})
    registry.publish(
        "top@1.0.0", dependencies={"deep": "1"}, files={"index.js": "module.exports = 'top'"}
    )
    folder = tmp_path / "fixtures" / "one"
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"name": "one", "dependencies": {"top": "1"}}')
    monkeypatch.setattr(ecosystems_fixture, "FIXTURES", folder.parent)
    npmrc = f"registry={registry.url}\n"

    def run(check: str, *loads: str, **more: object) -> Outcome:
        place = Place(tmp_path / "work", npmrc, None)
        fixture = Fixture(name="one", what="", check=check, loads=loads, **more)  # type: ignore[arg-type]
        try:
            return attempt(place, fixture, DEFAULT, default_graft())
        finally:
            place.leave()
            assert not list((tmp_path / "work").iterdir())

    return run


def test_every_fixture_reads_and_has_a_chain_of_packages() -> None:
    fixtures = read_fixtures()
    assert fixtures
    for fixture in fixtures:
        assert (fixture.folder / "package.json").is_file(), fixture.name
        assert fixture.loads, fixture.name
        assert fixture.prints or fixture.writes, fixture.name


def test_a_check_that_does_what_it_should_passes(run: Try) -> None:
    outcome = run("node -p 'require(\"top\")'", "top > deep", prints="top")
    assert (outcome.reason, outcome.packages, outcome.way) == ("", 2, "virtual")


@pytest.mark.parametrize(
    ("check", "loads", "more", "reason"),
    [
        ("echo words; exit 3", "top", {}, "exit code 3\nwords"),
        ("sleep 30", "top", {"seconds": 0.2}, "ended after 0 s"),
        ("echo words", "top", {"prints": "other"}, "did not print 'other'"),
        ("echo words > out.txt", "top", {"writes": {"out.txt": "other"}}, "there is no 'other'"),
        ("true", "top", {"writes": {"out.txt": ""}}, "did not write out.txt"),
        ("true", "deep", {}, "not found: deep"),
        ("true", "top", {"fails": {"virtual": "sorry"}}, "it should fail and say 'sorry'"),
    ],
)
def test_what_goes_wrong_is_a_failure_with_its_reason(
    run: Try, check: str, loads: str, more: dict[str, object], reason: str
) -> None:
    assert reason in run(check, loads, **more).reason


def test_a_check_that_fails_as_it_is_meant_to_passes(run: Try) -> None:
    assert run("echo sorry; exit 1", "top", fails={"virtual": "sorry"}).passed


def test_a_package_from_elsewhere_is_noticed(run: Try, tmp_path: Path) -> None:
    """The hazard: fixtures that pass because Node.js finds a neighbour's packages."""
    elsewhere = tmp_path / "elsewhere" / "node_modules" / "phantom"
    elsewhere.mkdir(parents=True)
    (elsewhere / "index.js").write_text("")
    outcome = run(f"node -e 'require(\"{elsewhere}\")'", "top")
    assert outcome.reason == f"loaded from elsewhere: {elsewhere.resolve() / 'index.js'}"


def test_a_check_that_writes_into_the_store_is_noticed(run: Try) -> None:
    outcome = run('cd "$(realpath node_modules/top)" && chmod u+w . && touch left', "top")
    assert "entries of the store were changed" in outcome.reason


@pytest.mark.parametrize("name", ["node_modules", "package.json"])
def test_a_place_below_other_packages_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(UnusableError, match=f"holds a {name}: choose another --work"):
        Place(tmp_path / "work", "", None)


def test_of_the_environment_only_the_way_to_the_network_is_passed_on(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_PATH", str(machine.store))
    place = Place(tmp_path / "work", "", None)
    place.project.mkdir()
    words = place.run(["env"], timeout=10).words
    assert "NODE_PATH" not in words
    assert f"HOME={place.home}" in words
    place.leave()


# The verdict


def report_of(*outcomes: Outcome) -> Report:
    fixture = Fixture(name="one", what="", check="", loads=[])
    return Report(
        fixtures=[fixture],
        ways=LAYOUTS,
        outcomes=outcomes,
        date=datetime.date(2026, 1, 1),
        command="",
        machine=None,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("own", "failing", "explained"),
    [
        ("isolated", "virtual", True),
        ("hoisted", "isolated", True),
        ("virtual", "isolated", False),
        ("isolated", "hoisted", False),
        ("isolated", "isolated", False),
    ],
)
def test_a_failure_is_explained_where_graft_chooses_a_stricter_layout(
    own: str, failing: str, explained: bool
) -> None:
    failed = Outcome(fixture="one", way=failing, chosen=own == failing, reason="exit code 1")
    passed = [Outcome(fixture="one", way=own, chosen=True)] if own != failing else []
    report = report_of(*passed, failed)
    assert report.failures == ([] if explained else [failed])
    assert ("0 failed" in as_text(report).splitlines()[-1]) == explained


def test_without_a_choice_of_grafts_nothing_is_explained() -> None:
    failed = Outcome(fixture="one", way="virtual", reason="exit code 1")
    assert report_of(failed).failures == [failed]
    assert not report_of(Outcome(fixture="one", way="npm")).failures
