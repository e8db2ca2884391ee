"""From a document to the reply that a request's headers ask for."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from harness.exchange import Reply, Request

JSON = "application/json"
BYTES = "application/octet-stream"


@dataclass(slots=True, kw_only=True)
class Representation:
    """What a registry may leave out: not every one sends ETags or compresses."""

    etags: bool
    compression: bool
    max_age: int | None

    def reply(self, request: Request, document: Any, content_type: str) -> Reply:
        """``document`` is the body's bytes, or what to write as JSON."""
        body = document if isinstance(document, bytes) else as_json(document)
        reply = Reply(body=body, headers={"Content-Type": content_type})
        if self.max_age is not None:
            reply.headers["Cache-Control"] = f"public, max-age={self.max_age}"
        if self.etags:
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            reply.headers |= {"ETag": etag, "Vary": "Accept, Accept-Encoding"}
            known = request.headers.get("if-none-match", "").replace("W/", "")
            if etag in [value.strip() for value in known.split(",")]:
                return Reply(status=304, headers=reply.headers)
        accepts_gzip = "gzip" in request.headers.get("accept-encoding", "")
        if self.compression and accepts_gzip and content_type != BYTES:
            reply.headers["Content-Encoding"] = "gzip"
            reply.body = gzip.compress(body, compresslevel=1, mtime=0)
        return reply


def failure(status: int, message: str) -> Reply:
    return Reply(status=status, headers={"Content-Type": JSON}, body=as_json({"error": message}))


def as_json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
