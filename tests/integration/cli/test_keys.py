"""``moments keys``: made, listed, revoked, without a server; shown once, kept as a hash."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import asyncpg
import pytest

from moments_ray.access.key import Key
from tests.integration.cli.conftest import Moments


@pytest.fixture
def database(moments: Moments, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database at this version's schema, which the commands use."""
    monkeypatch.setenv("DATABASE_URL", empty_database)
    assert moments("migrate").status == 0
    return empty_database


def rows(url: str) -> list[dict[str, Any]]:
    async def fetch() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        found = await connection.fetch("SELECT * FROM api_keys ORDER BY id")
        await connection.close()
        return [dict(row) for row in found]

    return asyncio.run(fetch())


def test_a_key_is_shown_once_and_kept_as_its_hash(moments: Moments, database: str) -> None:
    made = moments("keys", "create", "--name", "dashboard", "--scope", "read")
    assert made.status == 0
    key = Key.read(made.stdout.strip())
    assert key is not None
    (row,) = rows(database)
    assert (row["identifier"], row["name"], row["key_hash"]) == (key.identifier, "dashboard", key.digest)
    secret = key.text.rsplit("_", 1)[1]
    assert secret not in str(row)
    for outcome in (moments("keys", "list"), moments("keys", "list", "--json"), moments("keys", "revoke", "nobody")):
        assert secret not in outcome.stdout + outcome.stderr


def test_keys_are_listed_with_their_scope_and_their_end(moments: Moments, database: str) -> None:
    assert "no API keys" in moments("keys", "list").stdout
    made = [
        moments("keys", "create", "--name", f"for {scope}", "--scope", scope, "--json").document
        for scope in ("read", "write", "admin")
    ]
    assert [key["scope"] for key in made] == ["read", "write", "admin"]
    assert all(Key.read(key["key"]) for key in made)
    first = made[0]["identifier"]
    assert moments("keys", "revoke", first).status == 0
    listed = moments("keys", "list", "--json").document["keys"]
    assert [key["revoked_at"] is not None for key in listed] == [True, False, False]
    assert moments("keys", "revoke", first).status == 0
    assert moments("keys", "list", "--json").document["keys"] == listed
    table = moments("keys", "list").stdout
    assert all(key["identifier"] in table and key["name"] in table for key in listed)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("create", "--scope", "read"), "--name"),
        (("create", "--name", "x"), "--scope"),
        (("create", "--name", "x", "--scope", "root"), "--scope"),
        (("create", "--name", " ", "--scope", "read"), "name"),
        (("create", "--name", "a\nb", "--scope", "read"), "name"),
        (("revoke", "nobody"), "no API key 'nobody'"),
        ((), "command"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    moments: Moments, database: str, arguments: tuple[str, ...], word: str
) -> None:
    outcome = moments("keys", *arguments)
    assert outcome.status == 2
    assert re.fullmatch(r"error: [^\n]+\n", outcome.stderr)
    assert word in outcome.stderr
    assert rows(database) == []


def test_a_database_that_was_never_migrated_is_told_of(
    moments: Moments, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database)
    outcome = moments("keys", "list")
    assert (outcome.status, "moments migrate" in outcome.stderr) == (1, True)


def test_the_embedded_database_is_started_for_it(moments: Moments) -> None:
    made = moments("keys", "create", "--name", "mine", "--scope", "admin", "--json").document
    assert [key["identifier"] for key in moments("keys", "list", "--json").document["keys"]] == [made["identifier"]]
