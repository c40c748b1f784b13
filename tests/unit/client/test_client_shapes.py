"""The client's words are the API's."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest
from pydantic import BaseModel

from moments_ray.client import ExportFormat, RunOptions, shapes
from moments_ray.http.schemas import runs
from moments_ray.library.api import schemas as library
from moments_ray.moments import options
from moments_ray.moments.api import schemas as moments
from moments_ray.moments.export import FORMATS


@pytest.mark.parametrize(
    ("ours", "servers"),
    [
        (shapes.Video, library.VideoView),
        (shapes.Run, runs.RunDetail),
        (shapes.Stage, runs.StageView),
        (shapes.RunFailure, runs.RunError),
        (shapes.Event, runs.EventView),
        (shapes.Moment, moments.MomentView),
        (shapes.Clip, moments.ClipView),
        (shapes.ProvenanceStep, moments.ProvenanceStep),
        (shapes.Transcript, library.TranscriptView),
        (shapes.Hit, library.HitView),
    ],
)
def test_a_shape_reads_only_what_the_server_says(ours: type[BaseModel], servers: type[BaseModel]) -> None:
    assert set(ours.model_fields) <= set(servers.model_fields)


def test_every_option_of_a_run_can_be_asked_for() -> None:
    assert set(RunOptions.__annotations__) >= set(options.RunOptions.model_fields)


def test_every_export_can_be_asked_for() -> None:
    assert set(get_args(ExportFormat)) == set(FORMATS)


def test_the_client_needs_neither_ray_nor_the_server_nor_the_database() -> None:
    heavy = ("ray", "serve_app", "sqlalchemy", "redis", "fastapi", "av", "numpy")
    script = f"import sys, moments_ray.client; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
