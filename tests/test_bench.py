"""The install benchmark's own rules: what it counts, what it renames, what it may not show."""

from __future__ import annotations

import datetime
import gzip
import json
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from graft.store.paths import open_store

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import install
from documents import put_section
from growth import as_markdown as growth_as_markdown
from growth_chart import growth_chart
from growth_results import read_growth
from install_chart import Bar, ratio_chart
from install_command import FailedError, Runner
from install_counted import Done
from install_disk import Disk
from install_goals import goal
from install_measure import Sample, TimedOutError, footprint, measure, ratio, summarize
from install_place import Place, delete
from install_report import Report, as_json
from install_run import Bench, Results
from install_scenarios import ADDED, SCENARIOS, Scenario, cold, warm
from install_tables import as_chart, as_markdown, as_text
from install_tools import GRAFT_STORE, Tool, environment, graft_tool, registry_words, through
from machine import Machine
from traffic import CountingRegistry, Mirror, Tally

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
_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def nobody_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sync", lambda: None)


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


def _bench(
    folder: Path, tools: list[Tool], *, said: list[str] | None = None, only: str = ""
) -> Bench:
    lines = [] if said is None else said
    scenarios = [_scenario(only)] if only else SCENARIOS
    disk = Disk(folder / "run", space=10**15, say=lines.append)
    return Bench(disk, tools, scenarios, _FIXTURE, timeout=30, say=lines.append)


def _scenario(key: str) -> Scenario:
    return next(scenario for scenario in SCENARIOS if scenario.key == key)


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


def test_the_ratio_leaves_out_rounds_in_which_no_peer_ran() -> None:
    own = [_sample(1.0), _sample(10.0)]
    assert ratio(own, [[_sample(2.0)]]) == 0.5
    assert ratio(own, [[_sample(2.0)], [_sample(4.0), _sample(10.0)]]) == 0.75


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
    _scenario("warm-no-lockfile").prepare(place)
    assert [path.name for path in place.project.iterdir()] == ["package.json"]


@_GIT
def test_a_worktree_is_one_of_the_projects_repository(tmp_path: Path) -> None:
    place = Place(tmp_path, _tool(tmp_path), _FIXTURE)
    cold(place)
    (place.project / "fake.lock").write_text("locked")
    place.keep_lock()
    (place.project / "node_modules").mkdir()
    _scenario("second-folder").prepare(place)
    for _ in range(2):
        _scenario("worktree").prepare(place)
        assert place.project.name == "worktree"
        names = sorted(path.name for path in place.project.iterdir())
        assert names == [".git", "fake.lock", "package.json"]
        assert (place.project / ".git").read_text().startswith("gitdir: ")
    assert not (place.folder / "second").exists()


def test_what_is_ready_made_goes_and_what_was_downloaded_stays(tmp_path: Path) -> None:
    program = _tool(tmp_path, script="#!/bin/sh\necho 1.0.0\n").command[0]
    place = Place(tmp_path, graft_tool(program, {}), _FIXTURE)
    cold(place)
    with pytest.raises(AssertionError, match="has no"):
        _scenario("slots-absent").prepare(place)
    store = open_store(str(place.home / GRAFT_STORE.removesuffix("/store/v1")))
    assert store.root == str(place.home / GRAFT_STORE)
    _scenario("slots-absent").prepare(place)
    assert not {"slots", "graphs"} & {path.name for path in Path(store.root).iterdir()}
    assert Path(store.objects).is_dir()


@_GIT
def test_a_bench_times_every_scenario_in_turn(tmp_path: Path) -> None:
    said: list[str] = []
    tools = [_tool(tmp_path, "fake"), _tool(tmp_path, "graft")]
    bench = _bench(tmp_path, tools, said=said)
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
    assert bench.results.samples["delete"]["fake"][0].code == 0
    colds = [line for line in said if ", cold:" in line]
    assert colds[0].index("fake") < colds[0].index("graft")
    assert colds[1].index("graft") < colds[1].index("fake")


def test_a_tool_may_be_timed_in_one_round_alone(tmp_path: Path) -> None:
    tools = [_tool(tmp_path, "fake"), _tool(tmp_path, "graft")]
    bench = _bench(tmp_path, tools, only="warm")
    for number in range(3):
        bench.round(number, without=["fake"] if number else ())
    counts = {tool: len(samples) for tool, samples in bench.results.samples["warm"].items()}
    assert counts == {"fake": 1, "graft": 3}


@_GIT
def test_a_counted_round_says_what_was_made(tmp_path: Path) -> None:
    bench = _bench(tmp_path, [_tool(tmp_path)])
    bench.count(Tally(), lambda tool: tool)
    bench.round(0)
    done = {scenario: by_tool["fake"] for scenario, by_tool in bench.results.done.items()}
    assert list(done) == [scenario.key for scenario in SCENARIOS]
    modules = 6  # node_modules, @s, and two packages with a file each
    assert done["cold"] == Done(requests=0, size=0, entries=modules + 2)
    assert done["warm"].entries == modules
    assert done["no-op"].entries == 0
    assert done["delete"].entries == -modules


def test_deleting_nothing_is_no_sample(tmp_path: Path) -> None:
    place = Place(tmp_path, _tool(tmp_path), _FIXTURE)
    cold(place)
    with pytest.raises(FailedError, match="no node_modules to delete"):
        Runner(timeout=30).run(place, _scenario("delete"))


def test_a_disk_that_fills_up_is_relieved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 1000
    rests: list[float] = []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    monkeypatch.setattr(time, "sleep", rests.append)
    disk = Disk(tmp_path / "run", space=100, say=lambda _: None)
    disk.fresh()
    disk.trash.mkdir()
    free = 930
    disk.relieve()
    assert disk.trash.exists() and not rests
    free = 920
    disk.relieve()
    assert not disk.trash.exists() and rests
    disk.close()
    assert not list(tmp_path.iterdir())


_OWN_DISK = """
from pathlib import Path
from install_disk import Disk
disk = Disk(Path("run").resolve(), space=10**8, say=print)
disk.fresh()
first = Path("run/file")
first.write_text("")
disk.fresh()
print(disk.words, first.exists())
disk.close()
print(*Path(".").iterdir())
"""


def test_a_file_system_of_our_own_is_new_for_each_round(tmp_path: Path) -> None:
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("only the superuser of a Linux may mount")
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", _OWN_DISK],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(install.FIXTURES.parent),
            "GRAFT_BENCH_NAMES": "pinned",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if "unshare:" in done.stderr or "shared with others" in done.stdout:
        pytest.skip("no file system can be mounted here")
    assert done.stdout == "new for each round False\n\n", done.stderr


def _get(url: str, **headers: str) -> tuple[bytes, Mapping[str, str]]:
    asked = urllib.request.Request(
        url, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return answer.read(), dict(answer.headers)


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[tuple[CountingRegistry, Mirror]]:
    with CountingRegistry() as upstream:
        upstream.publish("a@1.0.0")
        mirror = Mirror(upstream.url, tmp_path / "answers", ssl.create_default_context())
        yield upstream, mirror
        mirror.close()


def test_a_mirror_counts_what_it_sends(mirrored: tuple[CountingRegistry, Mirror]) -> None:
    upstream, mirror = mirrored
    packument, _ = _get(f"{mirror.url}a")
    archive = json.loads(packument)["versions"]["1.0.0"]["dist"]["tarball"]
    assert archive.startswith(mirror.url)
    data, _ = _get(archive)
    assert data == upstream.publish("a@1.0.0").archive
    traffic = mirror.tally.take()
    assert (traffic.packuments, traffic.archives, traffic.requests) == (1, 1, 2)
    assert traffic.size == len(packument) + len(data)
    assert mirror.tally.take().requests == 0


def test_a_mirror_asks_once(mirrored: tuple[CountingRegistry, Mirror]) -> None:
    upstream, mirror = mirrored
    first, headers = _get(f"{mirror.url}a")
    again, said = _get(f"{mirror.url}a")
    assert (first, headers["ETag"]) == (again, said["ETag"])
    assert upstream.tally.take().requests == 1
    assert mirror.tally.take().requests == 2


def test_a_mirror_answers_in_the_form_that_is_asked_for(
    mirrored: tuple[CountingRegistry, Mirror],
) -> None:
    _, mirror = mirrored
    full, headers = _get(f"{mirror.url}a")
    packed, said = _get(f"{mirror.url}a", Accept_Encoding="gzip")
    assert said["Content-Encoding"] == "gzip" and gzip.decompress(packed) == full
    short, _ = _get(f"{mirror.url}a", Accept="application/vnd.npm.install-v1+json")
    assert len(short) < len(full)
    with pytest.raises(urllib.error.HTTPError, match="304"):
        _get(f"{mirror.url}a", If_None_Match=headers["ETag"])
    with pytest.raises(urllib.error.HTTPError, match="404"):
        _get(f"{mirror.url}b")


def test_a_mirror_does_not_count_what_it_cannot_see(
    mirrored: tuple[CountingRegistry, Mirror], capfd: pytest.CaptureFixture[str]
) -> None:
    upstream, mirror = mirrored
    upstream.tarball_host = "https://elsewhere.example.com/"
    with pytest.raises(OSError):
        _get(f"{mirror.url}a")
    assert "cannot be counted" in capfd.readouterr().err


def test_a_tool_is_sent_through_a_mirror(tmp_path: Path) -> None:
    tool = through(_tool(tmp_path), "https://registry.example.com/", "http://127.0.0.1:1/")
    assert tool.home[".npmrc"] == "registry=http://127.0.0.1:1/\n"


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
    with pytest.raises(FailedError, match=message):
        _bench(tmp_path, tools).prove()


def test_the_registry_is_not_shown_when_a_tool_fails(tmp_path: Path) -> None:
    script = _FAKE.replace("touch", "echo GET https://registry.example.com/a failed; exit 7; touch")
    tools = [_tool(tmp_path, script=script)]
    with pytest.raises(FailedError) as failed:
        _bench(tmp_path, tools).prove()
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
    assert found["no_proxy"].split(",")[-1] == "127.0.0.1"  # where registries count
    assert found["HOME"] == str(tmp_path)


def _report(tmp_path: Path) -> Report:
    tools = [_tool(tmp_path, "bun"), _tool(tmp_path, "graft")]
    results = Results(packages=2)
    for number, scenario in enumerate(SCENARIOS):
        results.samples[scenario.key] = {
            "bun": [_sample(1.0), _sample(1.2)],
            "graft": [_sample(0.5 + number * 0.2), _sample(0.6 + number * 0.2)],
        }
        done = Done(requests=number, size=10**6 * number, entries=1000 * number)
        results.done[scenario.key] = {"bun": done, "graft": done}
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
    assert lost.startswith("graft loses: delete (2.15 times bun's time)")
    assert "cold (0.50 of bun's)" in won and "cold" not in lost
    text = as_text(report)
    assert verdict in text and "graft / best peer of the same round: 0.50 (bun)" in text


def test_what_is_published_has_no_paths_and_no_registry(tmp_path: Path) -> None:
    report = _report(tmp_path)
    for text in (as_markdown(report), str(as_json(report))):
        assert str(tmp_path) not in text
        assert "registry.example.com" not in text


def test_the_tables_have_a_row_for_each_scenario(tmp_path: Path) -> None:
    text = as_markdown(_report(tmp_path))
    assert "|  | bun | graft | **graft / best peer** | goal |" in text
    assert "| no-op | 1.100 (1.000-1.200) | 1.150 (1.100-1.200) | 1.05 (bun) | 1.0 |" in text
    assert "| warm | 2 / 2.0 / 2,000 | 2 / 2.0 / 2,000 |" in text
    assert "(benchmarks-packages-2.svg)" in text


def test_goals_depend_on_the_size_of_the_graph() -> None:
    assert (goal("worktree", 266), goal("worktree", 1400)) == (1.0, 0.15)
    assert goal("warm", 266) is None
    assert {s.key for s in SCENARIOS if goal(s.key, 1) is None} == {"warm"}


def _words(svg: str) -> list[str]:
    return [
        element.text or "" for element in ET.fromstring(svg).iter() if element.tag[-4:] == "text"
    ]


def test_the_chart_shows_each_ratio_with_its_peer(tmp_path: Path) -> None:
    words = _words(as_chart(_report(tmp_path)))
    assert {scenario.key for scenario in SCENARIOS} <= set(words)
    assert "0.50 (bun)" in words and "1" in words


def test_bars_left_of_the_line_are_the_faster_ones() -> None:
    bars = [
        Bar(scenario="a", ratio=0.5, peer="x", goal=None),
        Bar(scenario="b", ratio=2.0, peer="<y>", goal=1.5),
    ]
    chart = ET.fromstring(ratio_chart("t", bars))
    _, faster, slower = (element.attrib for element in chart.iter() if element.tag[-4:] == "rect")
    even = float(slower["x"])
    assert float(faster["x"]) + float(faster["width"]) == pytest.approx(even, abs=0.2)
    assert float(faster["width"]) == pytest.approx(float(slower["width"]), abs=0.2)


def _results(packages: int, wall: float) -> dict[str, Any]:
    summary = {"wall": wall, "peak": 2e7}
    by_tool = {"graft": summary, "bun-global": summary, "npm": summary}
    summaries = {"cold": by_tool, "warm": by_tool}
    return {"packages": packages, "runs": 3, "date": "2026-01-02", "summaries": summaries}


def test_growth_is_told_by_size_whatever_the_order_of_results() -> None:
    growth = read_growth([_results(1400, 2.0), _results(50, 0.5)])
    text = growth_as_markdown(growth)
    assert "50 packages: 2026-01-02, 3 rounds; 1,400 packages" in text
    assert "| cold | graft | 0.500 | 2.000 |" in text and "npm" not in text
    assert "| warm | bun-global | 20 | 20 |" in text
    words = _words(growth_chart(growth))
    assert {"cold", "warm", "graft", "bun-global", "50", "1.4k"} <= set(words)


def test_a_section_is_replaced_where_it_stands() -> None:
    def put(document: str, name: str, section: str) -> str:
        return put_section(document, name, section, writer="bench/install.py")

    document = put("# Title\n\nProse.\n", "small", "first")
    document = put(document, "large", "other")
    again = put(document, "small", "second \\1")
    assert again.index("Prose.") < again.index("second \\1") < again.index("other")
    assert "first" not in again
    assert put(again, "small", "second \\1") == again


def test_the_added_package_is_in_no_fixture() -> None:
    for path in install.FIXTURES.glob("*.json"):
        assert ADDED not in path.read_text(encoding="utf-8")
