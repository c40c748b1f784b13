"""The revisions of the schema: one line, whichever branches they came from, and what stands above them is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import Script, ScriptDirectory

from moments_ray.database import schema


@pytest.fixture
def revisions() -> list[Script]:
    """All of them, newest first; two of one number are a warning, which is an error."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    return list(ScriptDirectory.from_config(config).walk_revisions())


def test_every_revision_follows_the_one_before_it(revisions: list[Script]) -> None:
    assert [each.down_revision for each in revisions] == [*(each.revision for each in revisions[1:]), None]


def test_every_revision_says_its_number_and_whom_it_follows(revisions: list[Script]) -> None:
    for each in revisions:
        said = [line.strip() for line in (each.module.__doc__ or "").splitlines()]
        assert f"Revision: {each.revision}" in said
        assert f"Follows: {each.down_revision or ''}".strip() in said
