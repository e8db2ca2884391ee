"""Certificates made for a test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Pair(NamedTuple):
    certificate: Path
    key: Path


def self_signed(folder: Path, name: str) -> Pair:
    """A certificate for the host or person ``name``, its own authority. Skips without openssl."""
    if not shutil.which("openssl"):
        pytest.skip("needs openssl to make a certificate")
    pair = Pair(folder / f"{name}.pem", folder / f"{name}-key.pem")
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name}"
    command += f" -addext subjectAltName=DNS:{name} -keyout {pair.key.name} -out {pair[0].name}"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return pair
