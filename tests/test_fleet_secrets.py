"""Registries' tokens in a fleet's state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from graft.base.diagnostics import GraftError
from graft.fleet.records import SetSettings
from graft.fleet.state import secrets, sets
from graft.fleet.state.database import Database
from graft.fleet.state.opening import open_database

KEY = "GkTHS8ybZ4Uyh2ZzTZ8rUB5wIBKzOeHVb6dQzQbVdSA="
HOST = "registry.example.com"
TOKEN = "npm_abcdefghijklmnop"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(str(tmp_path / "fleet.db"))
    with database.transaction() as t:
        sets.create_set(t, "tools", SetSettings(), 1)
        secrets.put_token(t, "tools", HOST, secrets.seal(KEY, "tools", HOST, TOKEN))
    yield database
    database.close()


def test_a_token_comes_back_to_who_has_the_key(database: Database) -> None:
    with database.reading() as t:
        assert secrets.registry_tokens(t, "tools", KEY) == {HOST: TOKEN}
        assert secrets.token_hosts(t, "tools") == [HOST]
    with database.transaction() as t:
        assert secrets.remove_token(t, "tools", HOST) and not secrets.remove_token(t, "tools", HOST)
        assert secrets.registry_tokens(t, "tools", "") == {}


@pytest.mark.usefixtures("database")
def test_nothing_on_disk_holds_a_token_or_its_key(tmp_path: Path) -> None:
    for path in tmp_path.rglob("*"):
        data = path.read_bytes()
        assert TOKEN.encode() not in data and KEY.encode() not in data


def test_who_can_write_rows_cannot_send_a_token_elsewhere(database: Database) -> None:
    with database.transaction() as t:
        t.run("UPDATE registry_tokens SET host = 'registry.evil.example'")
        with pytest.raises(GraftError) as raised:
            secrets.registry_tokens(t, "tools", KEY)
    told = raised.value.diagnostic
    assert told.code == "fleet-invalid" and TOKEN not in repr(told)


def test_another_key_reads_no_token_and_says_so(database: Database) -> None:
    with database.reading() as t, pytest.raises(GraftError) as raised:
        secrets.registry_tokens(t, "tools", Fernet.generate_key().decode())
    told = raised.value.diagnostic
    assert told.code == "fleet-invalid" and "GRAFT_FLEET_KEY" in told.fix
    assert TOKEN not in repr(told) and raised.value.__cause__ is None


@pytest.mark.parametrize("key", ["", "short", KEY[:-4], "é" * 44, "!" * 44], ids=len)
def test_without_a_key_a_token_is_refused_with_the_command_that_makes_one(key: str) -> None:
    with pytest.raises(GraftError) as raised:
        secrets.seal(key, "tools", HOST, TOKEN)
    told = raised.value.diagnostic
    assert told.code == "fleet-invalid" and "head -c 32 /dev/urandom" in told.fix
    assert TOKEN not in repr(told)
    assert not key or key not in repr(told)
