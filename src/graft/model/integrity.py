"""Subresource integrity: the identity of bytes."""

from __future__ import annotations

import binascii
import hashlib

from graft.base.records import Record

# Strongest first. sha1 is all that archives from npm's first years have; who admits one says so.
_DIGEST_SIZES = {"sha512": 64, "sha384": 48, "sha256": 32, "sha1": 20}


class Integrity(Record, kw_only=False):
    """One digest of a known algorithm, as in ``sha512-<base64>``."""

    algorithm: str
    digest: bytes

    @property
    def weak(self) -> bool:
        return self.algorithm == "sha1"

    @property
    def file_name(self) -> str:
        """``sha512-<hex>``: base64 has ``/``, ``+`` and two cases, which file systems may merge."""
        return f"{self.algorithm}-{self.digest.hex()}"

    def matches(self, data: bytes) -> bool:
        return hashlib.new(self.algorithm, data).digest() == self.digest

    def __str__(self) -> str:
        return f"{self.algorithm}-{binascii.b2a_base64(self.digest, newline=False).decode()}"


def integrity_of_file(name: str) -> Integrity | None:
    """What ``Integrity.file_name`` was made of; None for any other name."""
    algorithm, _, digits = name.partition("-")
    try:
        digest = binascii.a2b_hex(digits)
    except (binascii.Error, ValueError):
        return None
    found = Integrity(algorithm, digest)
    is_one = len(digest) == _DIGEST_SIZES.get(algorithm) and found.file_name == name
    return found if is_one else None


def parse_integrity(text: str) -> Integrity:
    """Read an SRI string and keep its strongest digest; ValueError if it holds none.

    Options behind ``?`` are ignored, as the specification asks.
    """
    found: dict[str, Integrity] = {}
    for entry in text.split():
        algorithm, _, encoded = entry.partition("?")[0].partition("-")
        size = _DIGEST_SIZES.get(algorithm)
        try:
            digest = binascii.a2b_base64(encoded, strict_mode=True)
        except (binascii.Error, ValueError):
            continue
        if len(digest) == size:
            found.setdefault(algorithm, Integrity(algorithm, digest))
    for algorithm in _DIGEST_SIZES:
        if algorithm in found:
            return found[algorithm]
    raise ValueError(f"no usable digest in '{text}'")
