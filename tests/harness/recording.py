"""A loopback port that hands everything on to another one, and keeps what was said to it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from harness.closing import Closing

_PIECE = 1 << 16


class Recorder(Closing):
    """In front of ``http://127.0.0.1:port``. ``heard`` is all that clients have sent, and ``cut``
    ends their connections."""

    def __init__(self, behind: str) -> None:
        self._behind = ("127.0.0.1", int(behind.rpartition(":")[2]))
        self._pieces: list[bytes] = []
        self._clients: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def heard(self) -> str:
        return b"".join(self._pieces).decode("latin-1")

    def forget(self) -> None:
        self._pieces.clear()

    def cut(self) -> None:
        for each in self._clients:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._clients.clear()

    def close(self) -> None:
        # Closing alone does not wake who waits for connections.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._clients.append(client)
                server = socket.create_connection(self._behind)
                for each in ((client, server, self._pieces), (server, client, None)):
                    threading.Thread(target=_hand_on, args=each, daemon=True).start()


def _hand_on(source: socket.socket, target: socket.socket, kept: list[bytes] | None) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            if kept is not None:
                kept.append(piece)
            target.sendall(piece)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
