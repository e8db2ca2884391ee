"""``fleet dev``: a server and a few hosts on this machine, for a first try.

Each is the real command in a process of its own. What they need of each other, an address and
tokens, is handed on in their environments; the tokens are revoked when all of it ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread

from graft.base.crowd import Crowd
from graft.base.diagnostics import GraftError
from graft.base.records import Record
from graft.fleet.records import HOST, MANAGE, SetSettings
from graft.fleet.state import sets, tokens
from graft.fleet.state.database import Transaction
from graft.workflows.fleet_serve import milliseconds, open_state

_LABEL = "fleet dev"
_LISTENING = "listening at "
_COMMAND = (sys.executable, "-P", "-m", "graft", "fleet")


class DevWishes(Record):
    """``folder`` holds all of it; ``period`` is the agents', in seconds."""

    folder: str
    set: str
    hosts: int
    listen: str
    period: int
    environ: Mapping[str, str]


class DevHost(Record):
    name: str
    root: str


class Dev(Record, unshown=("token",)):
    """A fleet that runs. ``token`` is of the role ``manage``."""

    url: str
    set: str
    token: str
    hosts: tuple[DevHost, ...]


def run_fleet(
    wishes: DevWishes, ready: Callable[[Dev], None], line: Callable[[str, str], None]
) -> int:
    """Until the process is told to stop, or a part of it ends by itself; the number of the signal,
    or 0. ``ready`` is called once the server answers, ``line`` with the name of a part and each
    line of its output. Call it in the main thread."""
    hosts = tuple(
        DevHost(name=f"host-{number}", root=os.path.join(wishes.folder, f"host-{number}"))
        for number in range(1, wishes.hosts + 1)
    )
    data = os.path.join(wishes.folder, "server")
    os.makedirs(data, exist_ok=True)
    with _tokens(data, wishes.set, hosts) as secrets, Crowd() as crowd:
        parts = _Parts(crowd, wishes, secrets, line)
        try:
            parts.start("server", "serve", "--data", data, "--listen", wishes.listen)
            if url := parts.listening():
                asked = ("--server", url, "--set", wishes.set, "--period", f"{wishes.period}s")
                for each in hosts:
                    mine = ("--host", each.name, "--root", each.root)
                    parts.start(each.name, "agent", *asked, *mine)
                ready(Dev(url=url, set=wishes.set, token=secrets[MANAGE], hosts=hosts))
            parts.wait()
        finally:
            parts.stop()
        received = crowd.received
    if parts.failed and not received:
        raise GraftError(
            "fleet-unreachable",
            "a part of the fleet has ended, and with it all of it",
            where=wishes.folder,
            why=parts.failed,
            fix="what it said stands above",
        )
    return received


class _Parts:
    """The processes, each attended by a thread. ``failed`` says which ended by themselves."""

    def __init__(
        self,
        crowd: Crowd,
        wishes: DevWishes,
        secrets: Mapping[str, str],
        line: Callable[[str, str], None],
    ) -> None:
        self._crowd = crowd
        self._wishes = wishes
        self._secrets = secrets
        self._line = line
        self._threads: list[Thread] = []
        self._ended = Event()
        self._answers = Event()
        self._url = ""
        self.failed: list[str] = []

    def start(self, name: str, *arguments: str) -> None:
        environ = {**self._wishes.environ, "GRAFT_FLEET_TOKEN": self._secrets.get(name, "")}
        if name in self._secrets:
            # Each host has a store of its own, as hosts do.
            environ.pop("GRAFT_HOME", None)
        thread = Thread(target=self._attend, args=(name, arguments, environ))
        self._threads.append(thread)
        thread.start()

    def listening(self) -> str:
        """Where the server listens, once it does; empty if it ended before."""
        while not (self._answers.wait(0.05) or self._ended.is_set()):
            pass
        return self._url

    def wait(self) -> None:
        """Until one of them ends."""
        self._ended.wait()

    def stop(self) -> None:
        self._crowd.stop()
        for thread in self._threads:
            thread.join()

    def _attend(self, name: str, arguments: tuple[str, ...], environ: Mapping[str, str]) -> None:
        def heard(text: str, _: bool) -> None:
            if text.startswith(_LISTENING) and not self._url:
                self._url = text.removeprefix(_LISTENING)
                self._answers.set()
            self._line(name, text)

        program, *words = (*_COMMAND, *arguments)
        folder = self._wishes.folder
        try:
            code = self._crowd.attend(program, words, environ, folder=folder, line=heard)
            if not self._crowd.closed:
                self.failed.append(f"{name} ended with exit code {code}")
        finally:
            self._ended.set()


@contextmanager
def _tokens(data: str, set: str, hosts: tuple[DevHost, ...]) -> Iterator[dict[str, str]]:
    """The secrets by ``manage`` and by the names of hosts. Those of one that was killed are
    revoked by the next. A set that is not there is made."""
    database = open_state(data, "")
    try:
        with database.transaction() as t:
            _revoke(t)
            if sets.read_set(t, set) is None:
                sets.create_set(t, set, SetSettings(), milliseconds())
            made = {MANAGE: tokens.make_token(t, MANAGE, _LABEL, "", milliseconds())[1]}
            for host in hosts:
                name = host.name
                made[name] = tokens.make_token(t, HOST, _LABEL, name, milliseconds())[1]
        try:
            yield made
        finally:
            with database.transaction() as t:
                _revoke(t)
    finally:
        database.close()


def _revoke(t: Transaction) -> None:
    for token in tokens.list_tokens(t):
        if token.label == _LABEL and not token.revoked_at:
            tokens.revoke(t, token.id, milliseconds())
