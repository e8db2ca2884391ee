"""How a script ends, and what signals do: graft ends just so."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.project import Project

# Says when it is there, and what it is told; ends when it is told for the second time.
_LISTENER = """\
const heard = [];
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(name, () => {
    heard.push(name);
    console.log(name);
    setTimeout(() => process.exit(heard.length), 300);
  });
setInterval(() => {}, 1000);
console.log("ready");
"""


def listen(project: Project, **more: str) -> None:
    project.write("listen.js", _LISTENER)
    project.manifest(scripts={"listen": "exec node listen.js", **more})


@pytest.mark.parametrize("hooks", [{}, {"postend": "true"}, {"preend": "true"}])
@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_the_scripts(project: Project, hooks: dict[str, str], code: int) -> None:
    project.manifest(scripts={"end": f"exit {code}", **hooks})
    assert project.graft("run", "end", check=False).code == code


@pytest.mark.parametrize("hooks", [{}, {"postend": "echo no"}])
@pytest.mark.parametrize("name", ["INT", "TERM", "KILL", "HUP", "PIPE"])
def test_a_signal_that_ends_the_script_ends_graft(
    project: Project, hooks: dict[str, str], name: str
) -> None:
    project.manifest(scripts={"end": f"kill -{name} $$", **hooks})
    done = project.graft("run", "end", check=False)
    number = signal.Signals[f"SIG{name}"]
    assert (done.code, done.stdout) == (-number, "")
    assert "Traceback" not in done.stderr
    shown = f'"{sys.executable}" -P -m graft run -s end; echo $?'
    told = project.machine.run(["sh", "-c", shown], cwd=project.dir)
    assert told.stdout == f"{128 + number}\n"


@pytest.mark.parametrize("more", [{}, {"postlisten": "true"}, {"prelisten": "true"}])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_to_graft_reaches_the_script_which_decides(
    project: Project, more: dict[str, str], name: str
) -> None:
    listen(project, **more)
    with project.spawn("run", "listen") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == f"{name}\n"
        assert process.wait(timeout=30) == 1


def test_a_script_that_a_signal_ends_lets_no_other_follow(project: Project) -> None:
    project.manifest(scripts={"wait": "echo ready; exec sleep 30", "postwait": "echo no"})
    with project.spawn("run", "wait") as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == -signal.SIGTERM
        assert process.stdout.read() == ""
        assert "'wait' ended with signal 15: not run: 'postwait'" in process.stderr.read()


def in_terminal(project: Project, *arguments: str) -> tuple[int, int]:
    """graft with a terminal of its own, as its leader: process id and the terminal's other end."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(project.dir)
        command = [sys.executable, "-P", "-m", "graft", *arguments]
        os.execve(command[0], command, project.machine.environment())
    return pid, terminal


def read_until(terminal: int, wanted: str, seconds: float = 30) -> str:
    said, end = "", time.monotonic() + seconds
    while wanted not in said and time.monotonic() < end:
        try:
            said += os.read(terminal, 1000).decode()
        except OSError:
            break
    return said


@pytest.mark.parametrize("more", [{}, {"postlisten": "true"}])
def test_ctrl_c_reaches_the_script_once(project: Project, more: dict[str, str]) -> None:
    listen(project, **more)
    pid, terminal = in_terminal(project, "run", "listen")
    try:
        assert "ready" in read_until(terminal, "ready")
        os.write(terminal, b"\x03")
        said = read_until(terminal, "no such text")  # until the terminal closes
        _, status = os.waitpid(pid, 0)
    finally:
        os.close(terminal)
    assert said.count("SIGINT") == 1 and os.waitstatus_to_exitcode(status) == 1


@pytest.mark.skipif(not hasattr(signal, "sigwaitinfo"), reason="cannot be told apart here")
def test_what_the_terminal_sends_is_not_sent_once_more(project: Project) -> None:
    """Here the terminal does not reach the script, so that all it hears comes from graft."""
    project.write("listen.js", _LISTENER)
    apart = "import os; os.setsid(); os.execlp('node', 'node', 'listen.js')"
    script = f'exec "{sys.executable}" -c "{apart}"'
    project.manifest(scripts={"listen": script, "postlisten": "true"})
    pid, terminal = in_terminal(project, "run", "listen")
    try:
        assert "ready" in read_until(terminal, "ready")
        os.write(terminal, b"\x03")
        time.sleep(0.3)
        os.kill(pid, signal.SIGTERM)
        said = read_until(terminal, "no such text")
        os.waitpid(pid, 0)
    finally:
        os.close(terminal)
    assert "SIGTERM" in said and "SIGINT" not in said


@pytest.mark.parametrize("more", [{}, {"postask": "true"}])
def test_a_terminal_stays_one(project: Project, more: dict[str, str]) -> None:
    project.manifest(scripts={"ask": "test -t 0 && test -t 1 && test -t 2 && echo all", **more})
    pid, terminal = in_terminal(project, "run", "-s", "ask")
    try:
        assert "all" in read_until(terminal, "all")
        os.waitpid(pid, 0)
    finally:
        os.close(terminal)


@pytest.mark.parametrize("hooks", [{}, {"postendless": "true"}])
def test_a_script_ends_when_its_reader_is_gone(project: Project, hooks: dict[str, str]) -> None:
    """Python ignores SIGPIPE, and what it starts must not."""
    project.manifest(scripts={"endless": "while :; do echo y || exit 9; done", **hooks})
    command = [sys.executable, "-P", "-m", "graft", "run", "endless"]
    with subprocess.Popen(
        command,
        cwd=project.dir,
        env=project.machine.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"y\n"
        process.stdout.close()
        assert process.wait(timeout=30) == -signal.SIGPIPE


def test_files_that_graft_had_open_are_not_the_scripts(project: Project) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc")
    project.manifest(scripts={"files": "ls /proc/$$/fd"})
    assert project.graft("run", "files").stdout.split() == ["0", "1", "2"]
