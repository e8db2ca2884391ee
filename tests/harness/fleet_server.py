"""A fleet's server: the real command, in a process of its own, on a free port of loopback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from graft.base.http import HttpSettings, Request, Response
from graft.base.http_client import HttpClient
from graft.base.retry import RetryPolicy
from graft.fleet.client import FleetClient
from harness.closing import Closing
from harness.command import GRAFT, Result
from harness.machine import Machine

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class FleetServer(Closing):
    """Of ``machine``, whose registry is its own. Its state and archives are in ``fleet`` there,
    unless ``flags`` say otherwise; another one with the same flags goes on with them."""

    graft_command = (*GRAFT, "fleet")

    def __init__(self, machine: Machine, *flags: str, env: Mapping[str, str] = {}) -> None:
        self.machine = machine
        self.data = machine.root / "fleet"
        self._flags = flags
        self._state = _state_of(flags)
        self._env = machine.environment({"GRAFT_FLEET_KEY": KEY, **env})
        self._http: list[HttpClient] = []
        self._tokens: dict[tuple[str, str], str] = {}
        self.start()

    def start(self) -> None:
        command = [*GRAFT, "fleet", "serve", "--json", "--listen", "127.0.0.1:0"]
        self.log = open(self.machine.root / "fleet-server.log", "ab")  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command, "--data", str(self.data), *self._flags],
            cwd=self.machine.root,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        said = ""
        while not said.rstrip().endswith("}"):
            line = self.process.stdout.readline()
            if not line:
                self.close()
                raise AssertionError(f"the server did not start: {self.said}")
            said += line
        self.url: str = json.loads(said)["url"]

    @property
    def said(self) -> str:
        """On stderr, since the first start."""
        return (self.machine.root / "fleet-server.log").read_text()

    def kill(self) -> None:
        """As if its machine had lost its power."""
        self.process.kill()
        self._ended()

    def close(self) -> None:
        """Ask it to stop, and see that it does."""
        for client in self._http:
            client.close()
        self._http.clear()
        if self.process.poll() is None:
            self.process.terminate()
        self._ended()

    def _ended(self) -> None:
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.log.close()

    # Asking it

    def token(self, role: str = "manage", host: str = "") -> str:
        """The secret of one of that role, made at first need."""
        if (role, host) not in self._tokens:
            command = [*GRAFT, "fleet", "token", "create", "--json", "--role", role]
            command += ["--data", str(self.data), "--label", f"{role}{host}", *self._state]
            if host:
                command += ["--host", host]
            self._tokens[role, host] = self.machine.run(command).json["secret"]
        return self._tokens[role, host]

    def graft(
        self, *arguments: str, role: str = "manage", check: bool = True, **more: Any
    ) -> Result:
        """``graft fleet install scripts`` is ``graft("install", "scripts")``."""
        env = {"GRAFT_FLEET_SERVER": self.url, "GRAFT_FLEET_TOKEN": self.token(role)}
        return self.machine.run([*GRAFT, "fleet", *arguments], env=env, check=check, **more)

    def client(self, role: str = "manage", host: str = "") -> FleetClient:
        return FleetClient(self.url, self.token(role, host), self._client())

    def request(
        self,
        method: str,
        path: str,
        said: Any = None,
        *,
        token: str = "",
        headers: Mapping[str, str] = {},
    ) -> Response:
        """Whatever is answered."""
        http = self._client()
        body = None if said is None else json.dumps(said).encode()
        sent = {"Content-Type": "application/json"} if body is not None else {}
        return http.wait(
            http.send(
                Request(
                    url=self.url + path,
                    headers=sent | dict(headers),
                    auth=f"Bearer {token}" if token else "",
                    body=body,
                    method="" if method == "GET" else method,
                )
            )
        )

    def _client(self) -> HttpClient:
        client = HttpClient(HttpSettings(retry=RetryPolicy(retries=0), idle_timeout=60))
        self._http.append(client)
        return client


def _state_of(flags: tuple[str, ...]) -> tuple[str, ...]:
    if "--state" not in flags:
        return ()
    at = flags.index("--state")
    return flags[at : at + 2]
