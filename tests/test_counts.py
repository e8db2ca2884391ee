"""What graft does, as counts: these hold on a busy machine too, where times do not."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import graft
from harness.counts_modules import NO_OP, OF_WORKSPACES, SECOND_FOLDER, loaded

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))

import counts
from counts_graph import CHILDREN, DIRECT
from counts_kinds import KINDS, Counts, counted, difference
from counts_run import COUNTED, Counter, counter
from counts_trace import Call, read_call
from install_tools import environment
from traffic import Traffic

LAUNCHER = Path(sys.executable).with_name("graft")
SMALL, LARGE = 20, 150
ALIKE = ("warm", "no-op", "second-folder", "worktree", "add-one")
COSTLY = ("slots-absent", "lockfile-only")

Found = Mapping[int, Mapping[str, Counts]]

installed = pytest.mark.skipif(
    not LAUNCHER.exists(), reason="graft runs from its sources, without being installed"
)
traced = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace here")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Counts by size of the graph, then scenario. What depends on the size is counted once."""
    answer = {}
    for size, keys in ((SMALL, (*ALIKE, *COSTLY)), (LARGE, ALIKE)):
        folder = tmp_path_factory.mktemp("counts").resolve()
        with counter(folder, size, str(LAUNCHER)) as counting:
            counting.fill()
            answer[size] = {key: counting.run(key) for key in COUNTED if key in keys}
    return answer


@installed
@traced
@pytest.mark.parametrize("key", ["second-folder", "worktree"])
def test_a_second_folder_costs_the_same_for_every_graph(found: Found, key: str) -> None:
    small, large = found[SMALL][key], found[LARGE][key]
    assert large.store <= small.store
    # The packages that it asks for have dependencies in the larger graph, and so more links.
    more = difference(large, small)
    assert more.keys() <= {"stats"} and more.get("stats", 0) <= DIRECT * CHILDREN


@installed
@traced
@pytest.mark.parametrize("key", ["warm", "second-folder", "worktree"])
def test_a_folder_gets_links_to_what_it_asks_for_and_no_more(found: Found, key: str) -> None:
    kinds = found[LARGE][key].kinds
    assert kinds["symlinks"] == DIRECT + 3  # two commands, and the project's own name
    assert kinds["hard links"] == 0


@installed
@traced
def test_where_nothing_is_to_do_no_python_starts(found: Found) -> None:
    for size in (SMALL, LARGE):
        programs = found[size]["no-op"].programs
        assert programs and not [name for name in programs if name.startswith("python")]
        assert found[size]["no-op"].modules == frozenset()


@installed
@traced
def test_where_nothing_is_to_do_the_graph_does_not_count(found: Found) -> None:
    small, large = found[SMALL]["no-op"], found[LARGE]["no-op"]
    assert large.kinds == small.kinds
    assert large.store == small.store


@installed
@traced
@pytest.mark.parametrize("key", ["warm", "no-op", "second-folder", "worktree", "slots-absent"])
def test_what_is_stored_is_not_asked_for(found: Found, key: str) -> None:
    for by_scenario in found.values():
        if key in by_scenario:
            assert by_scenario[key].traffic == Traffic()


@installed
@traced
def test_adding_a_package_asks_for_that_package(found: Found) -> None:
    for by_scenario in found.values():
        traffic = by_scenario["add-one"].traffic
        assert (traffic.packuments, traffic.archives) == (1, 1)


@installed
@traced
def test_a_lock_needs_no_packuments(found: Found) -> None:
    traffic = found[SMALL]["lockfile-only"].traffic
    assert (traffic.packuments, traffic.archives) == (0, SMALL)


# Modules

_HEAVIER = "start-up became heavier: import these later, or allow them in counts_modules.py"


@pytest.fixture
def small(tmp_path: Path) -> Counter:
    with counter(tmp_path.resolve(), 3, str(LAUNCHER)) as counting:
        counting.fill()
    return counting


@installed
def test_the_full_check_loads_no_more_than_it_did(small: Counter) -> None:
    found = loaded(sys.executable, cwd=small.place.project, env=environment(small.place.home))
    assert found - NO_OP == set(), _HEAVIER


@installed
def test_a_second_folder_loads_no_more_than_it_did(small: Counter) -> None:
    COUNTED["second-folder"].prepare(small.place)
    found = loaded(sys.executable, cwd=small.place.project, env=environment(small.place.home))
    assert small.place.missing() == []
    assert found - SECOND_FOLDER == set(), _HEAVIER


@installed
def test_a_second_folder_of_a_workspace_loads_little_more(small: Counter) -> None:
    name = small.place.asked[0]
    one = {"name": "one", "bin": "x.js", "dependencies": {name: "*"}}
    manifests = {"": {"name": "w", "workspaces": ["packages/*"]}, "packages/one/": one}
    folders = [small.place.folder / "first", small.place.folder / "second"]
    for folder in folders:
        for path, manifest in manifests.items():
            (folder / path).mkdir(parents=True, exist_ok=True)
            (folder / path / "package.json").write_text(json.dumps(manifest))
    env = environment(small.place.home)
    subprocess.run([LAUNCHER, "install"], cwd=folders[0], env=env, check=True)
    shutil.copy(folders[0] / "graft-lock.json", folders[1])
    found = loaded(sys.executable, cwd=folders[1], env=env)
    assert (folders[1] / "packages/one/node_modules" / name).is_dir()
    assert found - SECOND_FOLDER - OF_WORKSPACES == set(), _HEAVIER


def test_no_module_is_allowed_that_is_not_there() -> None:
    root = Path(graft.__file__).parent.parent
    for name in NO_OP | OF_WORKSPACES:
        path = root.joinpath(*name.split("."))
        assert not name.startswith("graft") or list(path.parent.glob(f"{path.name}*")), name


# How calls are read


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ('openat(AT_FDCWD</app>, "a/b", O_RDONLY|O_CLOEXEC) = 3</app/a/b>', ["/app/a/b"]),
        ('openat(AT_FDCWD, "a", O_RDONLY) = 3', ["/app/a"]),
        ('openat(4</store/v1>, "a", O_RDONLY) = 3', ["/store/v1/a"]),
        (
            'newfstatat(3</store/x>, "", {st_mode=S_IFDIR|0755, ...}, AT_EMPTY_PATH) = 0',
            ["/store/x"],
        ),
        ('read(3</store/x>, ""..., 832)           = 832', ["/store/x"]),
        ('write(1<pipe:[767315]>, ""..., 42)      = 42', []),
        ('mkdir("d", 0777)                        = 0', ["/app/d"]),
        ('symlink("/store/x", "d/l")              = 0', ["/app/d/l"]),
        ('symlinkat("/store/x", 3</app/d>, "m")   = 0', ["/app/d/m"]),
        ('readlink("d/l", ""..., 4096)            = 8', ["/app/d/l"]),
        ('rename("a", "/store/b")                 = 0', ["/app/a", "/store/b"]),
        ('linkat(3</s>, "a", 4</t>, "b", 0)       = 0', ["/s/a", "/t/b"]),
        (
            'renameat2(AT_FDCWD</app>, "a", AT_FDCWD</app>, "b", RENAME_EXCHANGE) = 0',
            ["/app/a", "/app/b"],
        ),
        ('execve("/bin/sh", [...], 0x55eb /* 39 vars */) = 0', ["/bin/sh"]),
        ('connect(5<socket:[1]>, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = 0', []),
        ("getpid()                                = 13943", []),
    ],
)
def test_a_call_is_about_what_it_names(line: str, paths: list[str]) -> None:
    call = read_call(line, "/app")
    assert call is not None
    assert list(call.paths) == paths
    assert not call.failed


def test_what_is_no_call_is_left_out() -> None:
    for line in ("+++ exited with 0 +++", "--- SIGCHLD {si_signo=SIGCHLD} ---", "exit(0) = ?"):
        assert read_call(line, "/app") is None


def _calls(*lines: str) -> list[Call]:
    return [call for line in lines if (call := read_call(line, "/app"))]


def test_calls_are_counted_by_kind_and_place() -> None:
    calls = _calls(
        'execve("/usr/bin/graft", [...], 0x5 /* 9 vars */) = 0',
        'newfstatat(AT_FDCWD</app>, "package.json", 0x7ffe, 0) = -1 ENOENT (No such file)',
        'openat(AT_FDCWD</app>, "x", O_WRONLY|O_CREAT|O_EXCL, 0666) = 3</app/x>',
        'openat(AT_FDCWD</app>, "y", O_WRONLY|O_CREAT|O_EXCL, 0666) = -1 EEXIST (File exists)',
        'openat(AT_FDCWD</app>, "/home/store/v1/g", O_RDONLY) = 3</home/store/v1/g>',
        'read(3</home/store/v1/g>, ""..., 9) = 9',
        'symlink("/home/store/v1/slot", "l") = 0',
        'openat(AT_FDCWD</app>, "/lib/__pycache__/re.cpython-311.pyc", O_RDONLY) = 3</lib/re>',
        'openat(AT_FDCWD</app>, "/lib/json.py", O_RDONLY) = -1 ENOENT (No such file)',
    )
    places = [Path("/app"), Path("/home")]
    found = counted(calls, places=places, store=Path("/home/store/v1"), traffic=Traffic())
    some = {kind: number for kind, number in found.kinds.items() if number}
    assert some == {"stats": 1, "opens": 2, "files": 1, "symlinks": 1}
    assert (found.store, found.calls) == (2, 9)
    assert found.programs == ["graft"]
    assert found.modules == {"/lib/re"}


def test_the_table_has_a_row_for_each_scenario_and_size() -> None:
    one = Counts(
        kinds=dict.fromkeys(KINDS, 7),
        store=5,
        calls=1234,
        programs=["sh"],
        modules=frozenset(),
        traffic=Traffic(packuments=1, archives=2, size=3000),
    )
    lines = counts.as_table({size: dict.fromkeys(COUNTED, one) for size in (20, 1400)})
    assert lines[0].startswith("| scenario | packages | stats | opens | files |")
    sevens = " | ".join("7" * len(KINDS))
    assert f"| cold | 1,400 | {sevens} | 5 | 1,234 | 1 | 0 | 1 | 2 | 3,000 |" in lines
    assert len(lines) == 2 + 2 * len(COUNTED) + 1


def test_without_strace_nothing_is_counted_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert counts.main([]) == 1
    assert "no strace" in capsys.readouterr().err
