"""The install benchmark's own rules: what it counts, what it renames, what it may not show."""

from __future__ import annotations

import datetime
import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

import install
from install_measure import Sample, TimedOutError, footprint, measure, ratio, summarize
from install_place import Place, delete
from install_report import Machine, Report, as_json, as_markdown, as_text, put_section
from install_run import Bench, FailedError, Results
from install_scenarios import ADDED, SCENARIOS, cold, warm
from install_tools import Tool, environment, registry_words

_FIXTURE = b'{"dependencies": {"a": "1"}, "devDependencies": {"@s/b": "1"}}'
# A package manager of one file: it "caches" in its home, and offline it needs that cache.
_FAKE = """#!/bin/sh
[ -f "$HOME/cache" ] || case "$*" in *--offline*) exit 1;; esac
touch "$HOME/cache"
names="a @s/b"
case "$*" in *left-pad*) names="$names left-pad";; esac
for name in $names; do
  mkdir -p node_modules/$name
  echo {} > node_modules/$name/package.json
done
echo locked > fake.lock
echo '{"packages": 2, "fetched": 0}'
"""


def _sample(wall: float, peak: int = 10**7) -> Sample:
    return Sample(wall=wall, user=wall / 2, system=wall / 4, peak=peak, code=0)


def _tool(folder: Path, key: str = "fake", script: str = _FAKE) -> Tool:
    program = folder / f"{key}.sh"
    program.write_text(script)
    program.chmod(0o755)
    return Tool(
        key=key,
        setting="defaults",
        command=(str(program),),
        version="1.0.0",
        locks=("fake.lock", "fake.lockb"),
        home={".npmrc": "registry=https://registry.example.com/\n"},
    )


def _sh(script: str, folder: Path, timeout: float = 30) -> Sample:
    return measure(
        ["/bin/sh", "-c", script],
        cwd=folder,
        env=environment(folder),
        log=folder / "log",
        timeout=timeout,
    )


def test_what_a_child_of_a_child_takes_is_counted(tmp_path: Path) -> None:
    busy = f"{sys.executable} -I -S -c 'x = bytes(60 << 20); [i for i in range(3000000)]'; true"
    sample = _sh(busy, tmp_path)
    assert sample.peak > 60 << 20
    assert sample.processor > 0.01
    assert sample.wall > 0.01


def test_the_memory_of_the_benchmark_is_not_the_childs(tmp_path: Path) -> None:
    ballast = bytearray(os.urandom(1 << 20) * 64)
    assert _sh("true", tmp_path).peak < 20 << 20
    assert ballast


def test_exit_codes_and_words_are_kept(tmp_path: Path) -> None:
    assert _sh("echo no; exit 3", tmp_path).code == 3
    assert (tmp_path / "log").read_text() == "no\n"


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(TimedOutError):
        _sh("sleep 60 & echo $! > pid; wait", tmp_path, timeout=0.5)
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_medians_with_the_spread() -> None:
    summary = summarize([_sample(3.0), _sample(1.0), _sample(2.0)])
    assert (summary.wall, summary.fastest, summary.slowest, summary.runs) == (2.0, 1.0, 3.0, 3)
    assert summary.processor == 1.5


def test_the_ratio_compares_within_a_round() -> None:
    own = [_sample(1.0), _sample(10.0), _sample(1.0)]
    one = [_sample(2.0), _sample(20.0), _sample(4.0)]
    other = [_sample(4.0), _sample(10.0), _sample(2.0)]
    assert ratio(own, [one, other]) == 0.5


def test_a_footprint_leaves_out_what_is_shared(tmp_path: Path) -> None:
    store, project = tmp_path / "store", tmp_path / "project"
    for folder in (store, project, project / "sub"):
        folder.mkdir()
    (store / "file").write_bytes(bytes(100_000))
    os.link(store / "file", project / "shared")
    (project / "own").write_bytes(os.urandom(5000))
    os.link(project / "own", project / "sub" / "twice")
    (project / "link").symlink_to(store)
    found = footprint(project)
    assert found.entries == 5  # shared, own, twice, link, sub
    assert found.inodes == 3  # own, link, sub
    assert 5000 <= found.size < 100_000


def test_a_place_renames_and_never_deletes(tmp_path: Path) -> None:
    place = Place(tmp_path, _tool(tmp_path), _FIXTURE)
    cold(place)
    (place.project / "node_modules" / "a").mkdir(parents=True)
    (place.project / "fake.lock").write_text("locked")
    place.keep_lock()
    inode = (place.project / "node_modules").stat().st_ino
    warm(place)
    assert not (place.project / "node_modules").exists()
    assert inode in {path.stat().st_ino for path in (tmp_path / "trash").iterdir()}
    (place.home / "cache").touch()
    cold(place)
    assert [path.name for path in place.home.iterdir()] == [".npmrc"]
    assert [path.name for path in place.project.iterdir()] == ["package.json"]


def test_read_only_folders_are_deleted_too(tmp_path: Path) -> None:
    store = tmp_path / "run" / "store"
    (store / "slot").mkdir(parents=True)
    (store / "slot" / "file").touch()
    for folder in (store / "slot", store):
        folder.chmod(0o555)
    delete(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_every_variant_of_a_lock_goes(tmp_path: Path) -> None:
    place = Place(tmp_path, _tool(tmp_path), _FIXTURE)
    cold(place)
    for name in ("fake.lock", "fake.lockb"):
        (place.project / name).touch()
    scenario = next(s for s in SCENARIOS if s.key == "warm-no-lockfile")
    scenario.prepare(place)
    assert [path.name for path in place.project.iterdir()] == ["package.json"]


def test_a_bench_times_every_scenario_in_turn(tmp_path: Path) -> None:
    said: list[str] = []
    tools = [_tool(tmp_path, "fake"), _tool(tmp_path, "graft")]
    bench = Bench(tmp_path / "run", tools, SCENARIOS, _FIXTURE, timeout=30, say=said.append)
    bench.prove()
    for number in range(2):
        bench.round(number)
    assert bench.results.proofs == {
        "fake": ["cold: offline fails", "warm: offline succeeds"],
        "graft": ["cold: offline fails", "warm: --json says fetched 0"],
    }
    assert list(bench.results.samples) == [scenario.key for scenario in SCENARIOS]
    assert all(
        len(samples) == 2 for by in bench.results.samples.values() for samples in by.values()
    )
    colds = [line for line in said if ", cold:" in line]
    assert colds[0].index("fake") < colds[0].index("graft")
    assert colds[1].index("graft") < colds[1].index("fake")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("#!/bin/sh\nexit 0\n", "an offline install succeeds where nothing is"),
        (_FAKE.replace("{} > node_modules", "{} > /dev/null #"), "node_modules lacks a, @s/b"),
        (_FAKE.replace("for name", "exit 7; for name", 1), "exit code 7"),
    ],
)
def test_a_tool_that_does_not_do_its_work_ends_the_bench(
    tmp_path: Path, script: str, message: str
) -> None:
    tools = [_tool(tmp_path, script=script)]
    bench = Bench(tmp_path / "run", tools, SCENARIOS, _FIXTURE, timeout=30, say=lambda _: None)
    with pytest.raises(FailedError, match=message):
        bench.prove()


def test_the_registry_is_not_shown_when_a_tool_fails(tmp_path: Path) -> None:
    script = _FAKE.replace("touch", "echo GET https://registry.example.com/a failed; exit 7; touch")
    tools = [_tool(tmp_path, script=script)]
    bench = Bench(tmp_path / "run", tools, SCENARIOS, _FIXTURE, timeout=30, say=lambda _: None)
    with pytest.raises(FailedError) as failed:
        bench.prove()
    assert "registry.example.com" not in str(failed.value)
    assert "<registry>" in str(failed.value)


def test_registry_words() -> None:
    assert registry_words("registry=https://r.example.com:8/x/\ncafile=/a\n") == [
        "https://r.example.com:8/x/",
        "r.example.com:8",
    ]


def test_tools_get_no_more_of_our_environment_than_the_way_to_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    monkeypatch.setenv("NPM_TOKEN", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    found = environment(tmp_path)
    assert "CI" not in found and "NPM_TOKEN" not in found
    assert found["HTTPS_PROXY"] == "http://proxy.example.com"
    assert found["HOME"] == str(tmp_path)


def _report(tmp_path: Path) -> Report:
    tools = [_tool(tmp_path, "bun"), _tool(tmp_path, "graft")]
    results = Results(packages=2)
    for number, scenario in enumerate(SCENARIOS):
        results.samples[scenario.key] = {
            "bun": [_sample(1.0), _sample(1.2)],
            "graft": [_sample(0.5 + number * 0.2), _sample(0.6 + number * 0.2)],
        }
    results.footprints = {tool.key: footprint(tmp_path) for tool in tools}
    return Report(
        fixture="packages-2",
        runs=2,
        date=datetime.date(2026, 1, 2),
        command="python bench/install.py",
        machine=Machine(
            system="Linux x86_64",
            cores=2,
            memory_gib=8,
            file_system="ext4",
            python="3.11.0",
            node="20.0.0",
            names="by each tool",
            load_before=0.1,
            load_after=0.2,
        ),
        tools=tools,
        results=results,
    )


def test_the_report_says_where_graft_loses(tmp_path: Path) -> None:
    report = _report(tmp_path)
    verdict = report.verdict()
    lost, won = verdict.split("graft wins:")
    assert lost.startswith("graft loses: lockfile-only (1.60 times bun's time)")
    assert "cold (0.50 of bun's)" in won and "cold" not in lost
    text = as_text(report)
    assert verdict in text and "graft / best peer of the same round: 0.50 (bun)" in text


def test_what_is_published_has_no_paths_and_no_registry(tmp_path: Path) -> None:
    report = _report(tmp_path)
    for text in (as_markdown(report), str(as_json(report))):
        assert str(tmp_path) not in text
        assert "registry.example.com" not in text


def test_a_section_is_replaced_where_it_stands() -> None:
    document = put_section("# Title\n\nProse.\n", "small", "first")
    document = put_section(document, "large", "other")
    again = put_section(document, "small", "second \\1")
    assert again.index("Prose.") < again.index("second \\1") < again.index("other")
    assert "first" not in again
    assert put_section(again, "small", "second \\1") == again


def test_the_added_package_is_in_no_fixture() -> None:
    for path in install.FIXTURES.glob("*.json"):
        assert ADDED not in path.read_text(encoding="utf-8")
