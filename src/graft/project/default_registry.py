"""The registry that packages come from when no setting says so.

graft has no registry of its own: it asks the npm that is installed, once, and remembers the answer
in the user's configuration.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, write_atomic
from graft.base.processes import Finished, run
from graft.base.records import Record
from graft.project.credentials import parse_address

_TIMEOUT = 30.0
_REMEMBERED = (b'registry = "', b'"\n')


class DefaultRegistry(Record):
    """``user_config`` is the path of the user's config.toml."""

    user_config: str
    home: str
    environ: Mapping[str, str]
    run: Callable[..., Finished] = run

    def find(self) -> str:
        """The remembered registry, else npm's; ``registry-unknown`` if there is neither."""
        if remembered := self._remembered():
            return remembered
        # In the home folder, so that no project's .npmrc has a say in what is remembered.
        answer = self.run(
            ["npm", "config", "get", "registry"],
            cwd=self.home,
            environ=self.environ,
            timeout=_TIMEOUT,
        )
        lines = answer.stdout.split() if answer.status == 0 else []
        address = parse_address(lines[-1]) if lines else None
        if address is None:
            raise GraftError(
                "registry-unknown",
                "no registry is configured, and no npm is installed that could name one",
                where="~/.npmrc",
                fix="add this line to ~/.npmrc: registry=https://registry.example.com/",
            )
        self._remember(address.url)
        return address.url

    def _remembered(self) -> str:
        data = read_file(self.user_config)
        if not data:
            return ""
        if data.startswith(_REMEMBERED[0]) and data.endswith(_REMEMBERED[1]):
            # Just what is written below. To read more takes 6 ms.
            url = data[len(_REMEMBERED[0]) : -len(_REMEMBERED[1])].decode("ascii", "replace")
            address = parse_address(url)
            if address is not None and address.url == url and not set(url) & {'"', "\\"}:
                return url
        from graft.project.user_config import parse_user_config, unreadable_config

        settings = parse_user_config(data, self.user_config)
        registry = settings.get("registry", "")
        if not registry:
            return ""
        if not isinstance(registry, str) or parse_address(registry) is None:
            reason = "'registry' is not an http or https URL"
            raise unreadable_config(self.user_config, reason)
        return registry

    def _remember(self, url: str) -> None:
        """Put the line first, before any table; the rest of the file stays as it is."""
        try:
            os.makedirs(os.path.dirname(self.user_config), exist_ok=True)
            before = read_file(self.user_config) or b""
            write_atomic(self.user_config, url.encode().join(_REMEMBERED) + before)
        except OSError:
            # A home that cannot be written costs the next run the same question, no more.
            return


def forgotten(config: bytes) -> bytes | None:
    """The user's configuration without the line that remembers npm's answer; None where it has no
    such line in front."""
    start, end = _REMEMBERED
    if not config.startswith(start):
        return None
    line, newline, rest = config.partition(b"\n")
    return rest if newline and line.endswith(end.rstrip()) else None
