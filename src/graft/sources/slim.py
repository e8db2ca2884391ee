"""A full packument cut down to what an install needs.

Some registries send every packument in full: four fifths of it are readmes, people and scripts.
Cutting them off costs half as much again as reading the document; it saves more when the document
is written to the cache, four fifths of the memory, and most of the time of every later run.
"""

from __future__ import annotations

import msgspec

_ABSENT = msgspec.Raw(b"")


class _Version(msgspec.Struct, omit_defaults=True, rename="camel"):
    """The fields of VersionDocument, copied as they are written."""

    dependencies: msgspec.Raw = _ABSENT
    optional_dependencies: msgspec.Raw = _ABSENT
    peer_dependencies: msgspec.Raw = _ABSENT
    peer_dependencies_meta: msgspec.Raw = _ABSENT
    bundle_dependencies: msgspec.Raw = _ABSENT
    bundled_dependencies: msgspec.Raw = _ABSENT
    bin: msgspec.Raw = _ABSENT
    os: msgspec.Raw = _ABSENT
    cpu: msgspec.Raw = _ABSENT
    libc: msgspec.Raw = _ABSENT
    engines: msgspec.Raw = _ABSENT
    dist: msgspec.Raw = _ABSENT
    deprecated: msgspec.Raw = _ABSENT
    has_install_script: msgspec.Raw = _ABSENT
    scripts: msgspec.Raw = _ABSENT


class _Document(msgspec.Struct, omit_defaults=True):
    versions: dict[str, _Version]
    name: msgspec.Raw = _ABSENT
    tags: msgspec.Raw = msgspec.field(name="dist-tags", default=_ABSENT)


_decode = msgspec.json.Decoder(_Document).decode
_encode = msgspec.json.Encoder().encode


def slim(body: bytes) -> bytes:
    """The shorter document; ``body`` itself where that is not a packument in its usual form."""
    try:
        return _encode(_decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
