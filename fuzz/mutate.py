"""Changes of inputs that their readers understand, beside those that libFuzzer makes of bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

_HOSTILE: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 10**400, "", " ", ".", "..", "../../x", "/etc/x", "a/../b"),
    *(
        "C:\\x",
        "\0",
        "\ud800",
        "\u2028",
        "é",
        "__proto__",
        "constructor",
        "node_modules",
        "@a",
        "@a/b",
    ),
    *("^1.0.0", "1.0.0 ", "v1.0.0", "1.0.0-" + "9" * 300, "a@1.0.0", "a@npm:b@^1", "npm:a@1", "*"),
    *(
        "catalog:",
        "workspace:^",
        "file:../x",
        "link:a",
        "git+ssh://h/x#semver:^1",
        "http://h/a.tgz",
    ),
    *("sha512-" + "A" * 86 + "==", "sha1-x", "$a", "a>b", "a/**/b", "<<<<<<< x", "x" * 5000),
    *([], {}, [[]], [""], {"": ""}, {".": "1"}, [[[[[[[[]]]]]]]], {"a": {"a": {"a": {"a": {}}}}}),
]
_NAMES = [
    *(b"package/a", b"package/a/b", b"package/A", b"../x", b"/x", b"package/../../x", b"a//b/"),
    *(b"package/package.json", "package/é".encode(), "package/e\u0301".encode(), b"package/\xff"),
    *(b"package/./c", b"package/" + b"d/" * 45, b"package\\..\\x", b"c:/x", b"package/a/", b""),
]
_NUMBERS = [
    b"00000000000\0",
    b"00000001000 ",
    b"        700\0",
    b"\x80" + bytes(9) + b"\2\0",
    b"\xff" * 12,
]
_KINDS = b"0\x0012345670xgLKSV"

Bytes = Callable[[bytes, int], bytes]
"""libFuzzer's own: an input and how long the result may be."""


def mutate_json(
    data: bytes, most: int, chance: random.Random, otherwise: Bytes, skip: int
) -> bytes:
    """``skip`` bytes in front are no part of the document."""
    head, body = data[:skip], data[skip:]
    try:
        document = json.loads(body) if chance.random() < 0.7 else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, (dict, list)):
        return otherwise(data, most)
    for _ in range(chance.randint(1, 3)):
        _change(document, chance)
    try:
        indent = chance.choice([None, 2, "\t"])
        text = json.dumps(document, ensure_ascii=chance.random() < 0.8, indent=indent)
    except (ValueError, RecursionError):
        return otherwise(data, most)
    changed = head + text.encode("utf-8", "surrogatepass")
    return changed if len(changed) <= most else otherwise(data, most)


def _change(document: Any, chance: random.Random) -> None:
    holders = _holders(document)
    holder = chance.choice(holders)
    value = chance.choice([*_HOSTILE, chance.choice(holders)])
    value = json.loads(json.dumps(value))  # a copy: nothing may hold itself
    if isinstance(holder, list):
        at = chance.randint(0, len(holder))
        holder[at : at + chance.randint(0, 1)] = [value] if chance.random() < 0.8 else []
        return
    key = chance.choice([*holder, ""])
    action = chance.random()
    if action < 0.5:
        holder[key] = value
    elif action < 0.6:
        holder.pop(key, None)
    else:
        word = value if isinstance(value, str) else str(chance.choice(_HOSTILE))
        known = [key for other in holders if isinstance(other, dict) for key in other]
        holder[chance.choice([word, *known])] = holder.get(key, value)


def _holders(document: Any) -> list[Any]:
    found, waiting = [], [document]
    while waiting:
        item = waiting.pop()
        if isinstance(item, (dict, list)):
            found.append(item)
            waiting += item.values() if isinstance(item, dict) else item
    return found


def mutate_tar(data: bytes, most: int, chance: random.Random, otherwise: Bytes, skip: int) -> bytes:
    """A field of one block, as though it were a header; or a block more, less, or elsewhere."""
    blocks = len(data) // 512
    if not blocks or chance.random() < 0.4:
        return otherwise(data, most)
    changed = bytearray(data)
    at = skip + 512 * chance.randrange(blocks)
    action = chance.randrange(8)
    if action == 0:
        name = chance.choice(_NAMES)[:100]
        changed[at : at + 100] = name.ljust(100, b"\0")
    elif action == 1:
        changed[at + 124 : at + 136] = chance.choice(_NUMBERS)
    elif action == 2:
        changed[at + 156 : at + 157] = bytes([chance.choice(_KINDS)])
    elif action == 3:
        prefix = chance.choice(_NAMES)[:155]
        changed[at + 257 : at + 265] = chance.choice([b"ustar\x0000", b"ustar  \0", bytes(8)])
        changed[at + 345 : at + 500] = prefix.ljust(155, b"\0")
    elif action == 4:
        other = skip + 512 * chance.randrange(blocks)
        changed[at:at] = changed[other : other + 512]
    elif action == 5:
        del changed[at : at + 512]
    elif action == 6:
        key = chance.choice([b"path", b"size", b"linkpath", b"GNU.sparse.map", b"comment"])
        value = chance.choice([*_NAMES, b"0", b"7", b"700", b"\n9 path=x\n"])
        record = b" %s=%s\n" % (key, value)
        record = b"%d" % (len(record) + (2 if len(record) < 98 else 3)) + record
        changed[at : at + 512] = record.ljust(512, b"\0")
        if at >= skip + 512:
            changed[at - 512 + 124 : at - 512 + 136] = b"%011o\0" % len(record)
            changed[at - 512 + 156 : at - 512 + 157] = b"x"
    else:
        changed[at:at] = bytes(512)
    return bytes(changed[:most])
