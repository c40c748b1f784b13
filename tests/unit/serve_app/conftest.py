"""Imports Serve once, whose own use of pydantic warns."""

from __future__ import annotations

import warnings

from pydantic.warnings import PydanticDeprecatedSince20

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PydanticDeprecatedSince20)
    import ray.serve  # noqa: F401 - for the tests beside this file
