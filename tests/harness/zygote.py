"""graft's processes, forked from one that has loaded all of its modules.

Most of what a test waits for would be Python starting and graft's modules loading, once for each
command. A process of a zygote's is a process like any other: it has an environment, a folder and
streams of its own, ends with an exit code or a signal, and may be replaced by another program. What
it does not show is which modules a command loads by itself, so one test in sixteen, chosen by its
name, has the first of its commands of each name started in the ordinary way, as are those that say
something to Python.
"""

from __future__ import annotations

import array
import atexit
import gc
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

_LANG = "C.UTF-8"
_HEADER = 8
_ONE_IN = 16
_MODULES = (
    "json",
    "msgspec",
    "pwd",
    "pycurl",
    "shutil",
    "tempfile",
    "tomllib",
    "traceback",
    "yaml",
)
# They would double the memory, and a fork takes time for all that there is.
_OF_SERVERS = ("graft.fleet.server.", "graft.fleet.state.postgres")
_ENCODINGS = ("idna", "latin-1", "unicode_escape", "utf-8-sig")
# Tests, and the commands that they have started in the ordinary way.
_started: set[tuple[str, str]] = set()


class User(NamedTuple):
    """Who runs graft; the group of that number is the user's own."""

    uid: int
    groups: list[int]
    umask: int


def may_fork(arguments: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether nothing in ``env`` speaks to Python, and the test is not one of those that are to do
    without, here for the first time with a command of that name."""
    return (
        hasattr(os, "pidfd_open")
        and env.get("LANG") == _LANG
        and not any(key.startswith(("PYTHON", "LC_")) for key in env)
        and not _is_to_do_without(" ".join(arguments[:1]))
    )


def _is_to_do_without(command: str) -> bool:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    if not test or zlib.crc32(test.encode()) % _ONE_IN or (test, command) in _started:
        return False
    _started.add((test, command))
    return True


def run_forked(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdin: str,
    timeout: float,
    watched: Mapping[str, Any] | None = None,
    user: User | None = None,
) -> tuple[int, str, str]:
    """Run graft to its end: exit code (negative for a signal), stdout and stderr.

    ``watched`` is what ``harness.effects.count`` takes, where effects are to be counted. Another
    ``user`` needs no right to read Python's files and graft's: all is loaded.
    Raises ``subprocess.TimeoutExpired`` as ``subprocess.run`` does.
    """
    streams = [os.pipe() for _ in range(3)]
    (child_in, own_in), (own_out, child_out), (own_err, child_err) = streams
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(_zygote())
            _send(
                connection,
                {
                    "arguments": list(arguments),
                    "cwd": str(cwd),
                    "env": dict(env),
                    "watched": watched,
                    "user": user,
                },
                (child_in, child_out, child_err),
            )
        finally:
            for descriptor in (child_in, child_out, child_err):
                os.close(descriptor)
        pid = _receive(connection)["pid"]
        deadline = time.monotonic() + timeout
        output = _communicate(own_in, stdin.encode(), (own_out, own_err), deadline)
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            if output is None:
                raise TimeoutError
            code: int = _receive(connection)["code"]
        except TimeoutError:
            os.kill(pid, 9)
            raise subprocess.TimeoutExpired(list(arguments), timeout) from None
    stdout, stderr = (text.decode("utf-8", "replace").replace("\r\n", "\n") for text in output)
    return code, stdout, stderr


def _communicate(
    stdin: int, data: bytes, streams: tuple[int, int], deadline: float
) -> list[bytes] | None:
    """What both streams said; None where it is too late."""
    said: dict[int, bytearray] = {stream: bytearray() for stream in streams}
    writer = threading.Thread(target=_feed, args=(stdin, data), daemon=True)
    if data:
        writer.start()
    else:
        os.close(stdin)
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        try:
            while selector.get_map():
                ready = selector.select(deadline - time.monotonic())
                if not ready and time.monotonic() >= deadline:
                    return None
                for key, _ in ready:
                    part = os.read(key.fd, 1 << 16)
                    said[key.fd] += part
                    if not part:
                        selector.unregister(key.fd)
        finally:
            for stream in streams:
                os.close(stream)
    return [bytes(said[stream]) for stream in streams]


def _feed(stdin: int, data: bytes) -> None:
    try:
        with open(stdin, "wb") as file:
            file.write(data)
    except BrokenPipeError:
        pass


def _send(connection: socket.socket, said: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    data = json.dumps(said).encode("utf-8", "surrogatepass")
    rights = array.array("i", descriptors)
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if descriptors else []
    connection.sendmsg([len(data).to_bytes(_HEADER, "big")], ancillary)
    connection.sendall(data)


def _receive(connection: socket.socket) -> dict[str, Any]:
    said, _ = _receive_all(connection)
    return said


def _receive_all(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    rights = array.array("i", [0, 0, 0])
    head, ancillary, _, _ = connection.recvmsg(_HEADER, socket.CMSG_SPACE(3 * rights.itemsize))
    descriptors = array.array("i")
    for _, _, data in ancillary:
        descriptors.frombytes(data)
    wanted = int.from_bytes(head, "big")
    body = bytearray()
    while len(body) < wanted and (part := connection.recv(wanted - len(body))):
        body += part
    if not head or len(body) < wanted:
        raise ConnectionError("the zygote is gone")
    return json.loads(body.decode("utf-8", "surrogatepass")), list(descriptors)


_address = ""
_lock = threading.Lock()


def _zygote() -> str:
    """Where the zygote of this process listens; it is started when it is first asked for, and ends
    with whoever asked."""
    global _address
    with _lock:
        if not _address:
            alive, held = os.pipe()  # closed when this process ends, however it ends
            address = f"\0graft-tests-{os.getpid()}-{os.urandom(4).hex()}"
            process = subprocess.Popen(
                [sys.executable, "-P", __file__, address[1:], str(alive)],
                pass_fds=(alive,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                env={"LANG": _LANG, "PATH": os.environ["PATH"]},
            )
            os.close(alive)
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            atexit.register(_end, process, held)
            _address = address
    return _address


def _end(process: subprocess.Popen[bytes], held: int) -> None:
    os.close(held)
    process.wait()


# What follows is the zygote.


class _Zygote:
    def __init__(self, address: str, alive: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"\0{address}")
        self._listener.listen(64)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(alive, selectors.EVENT_READ, lambda: os._exit(0))

    def serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                handle: Callable[[], None] = key.data
                handle()

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        try:
            said, descriptors = _receive_all(connection)
        except ConnectionError:
            connection.close()
            return
        pid = os.fork()
        if pid == 0:
            _become(said, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _send(connection, {"pid": pid}, ())
        ended = os.pidfd_open(pid)

        def reap() -> None:
            self._selector.unregister(ended)
            os.close(ended)
            _, status = os.waitpid(pid, 0)
            try:
                _send(connection, {"code": os.waitstatus_to_exitcode(status)}, ())
            except OSError:
                pass  # it has been given up
            connection.close()

        self._selector.register(ended, selectors.EVENT_READ, reap)


def _become(said: Mapping[str, Any], descriptors: Sequence[int]) -> NoReturn:
    """In the child: be a process that has just started."""
    code = 70
    try:
        for at, descriptor in enumerate(descriptors):
            os.dup2(descriptor, at)
        os.closerange(3, 256)
        os.chdir(said["cwd"])
        os.environ.clear()
        os.environ.update(said["env"])
        if said["user"]:
            become_user(User(*said["user"]))
        sys.argv = ["graft", *said["arguments"]]
        sys.stdin = _stream(0, "r", "surrogateescape")
        sys.stdout = _stream(1, "w", "surrogateescape")
        sys.stderr = _stream(2, "w", "backslashreplace")
        from graft.__main__ import main

        if said["watched"]:
            from harness.effects import count

            count(**said["watched"])
        try:
            code = main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 1
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def become_user(user: User) -> None:
    os.setgroups(user.groups)
    os.setresgid(user.uid, user.uid, user.uid)
    os.setresuid(user.uid, user.uid, user.uid)
    os.umask(user.umask)


def _stream(descriptor: int, mode: str, errors: str) -> io.TextIOWrapper:
    """As Python makes its own at the start."""
    file = io.FileIO(descriptor, mode, closefd=False)
    buffer = io.BufferedReader(file) if mode == "r" else io.BufferedWriter(file)
    is_error = descriptor == 2
    return io.TextIOWrapper(buffer, encoding="utf-8", errors=errors, line_buffering=is_error)


def load() -> None:
    """All that graft has, but for what runs a fleet's server, and what it may load."""
    import codecs
    import importlib
    import pkgutil

    import graft

    sys.path.append(str(Path(__file__).parents[1]))
    importlib.import_module("harness.effects")
    for module in pkgutil.walk_packages(graft.__path__, "graft."):
        if not module.name.startswith(_OF_SERVERS):
            importlib.import_module(module.name)
    for name in _MODULES:
        importlib.import_module(name)
    for encoding in _ENCODINGS:
        codecs.lookup(encoding)


if __name__ == "__main__":
    load()
    gc.freeze()
    # Whoever runs the tests may ignore them, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    zygote = _Zygote(sys.argv[1], int(sys.argv[2]))
    print("ready", flush=True)
    zygote.serve()
