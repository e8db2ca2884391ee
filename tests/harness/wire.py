"""A server that writes just the bytes that a test says: what no honest HTTP server would send."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

from harness.closing import Closing

Say = Callable[[socket.socket, bytes], None]


class Wire(Closing):
    """``say`` gets each connection with the head of its first request, and what it leaves open is
    closed after it. ``heads`` are the requests so far."""

    def __init__(self, say: Say | bytes) -> None:
        self._say: Say = say if callable(say) else lambda peer, _: peer.sendall(say)
        self.heads: list[bytes] = []
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http://{self.host}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                piece = peer.recv(65536)
                if not piece:
                    return
                head += piece
            self.heads.append(head)
            self._say(peer, head)


def ok(body: bytes, *lines: bytes, length: object = None) -> bytes:
    """An answer with these header lines; ``length`` is what it claims of the body's."""
    said = len(body) if length is None else length
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %s" % str(said).encode(), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def reset(peer: socket.socket) -> None:
    """End the connection rudely once it is closed."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
