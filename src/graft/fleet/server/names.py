"""Names out of paths, checked before anything is done with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

from graft.base.diagnostics import GraftError
from graft.fleet.records import is_set_name
from graft.fleet.release import is_release_hash
from graft.model.integrity import Integrity, integrity_of_file
from graft.model.names import is_sound

SetName = Annotated[str, Path(description="the name of a package set", max_length=64)]
Hash = Annotated[str, Path(description="the hash of a release", max_length=64)]
Local = Annotated[
    str, Path(description="the name that scripts import a package by", max_length=256)
]


def checked_set(name: str) -> str:
    if not is_set_name(name):
        raise GraftError(
            "fleet-invalid",
            f"'{name}' cannot be the name of a package set",
            fix="use lower-case letters, digits and . _ - (64 at most, a letter or digit first)",
        )
    return name


def checked_hash(text: str) -> str:
    if not is_release_hash(text):
        raise GraftError(
            "fleet-invalid",
            f"'{text}' is not the hash of a release",
            fix="it has 64 digits, 0 to f",
        )
    return text


def checked_package(name: str) -> str:
    if not is_sound(name):
        raise GraftError(
            "fleet-invalid",
            f"'{name}' is not a package name",
            fix="write name or @scope/name: no spaces, no path separators",
        )
    return name


def checked_blob(file: str) -> Integrity:
    integrity = integrity_of_file(file)
    if integrity is None:
        raise GraftError(
            "fleet-invalid",
            f"'{file}' names no archive",
            fix="write sha512- and 128 digits, 0 to f: its integrity in hexadecimal",
        )
    return integrity
