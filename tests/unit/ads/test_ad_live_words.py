"""What clients of the document read of ads: messages, the hash of a job, and what they push to their list."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from moments_ray.ads.legacy_queue import read_entry
from moments_ray.ads.live import AdWords
from moments_ray.ads.options import JobStatus
from moments_ray.ads.pipelines import PIPELINES
from moments_ray.errors import InvalidRequest
from moments_ray.states import RunStatus

WORDS = AdWords()


def test_every_pipeline_of_ads_speaks_the_document_s_words() -> None:
    assert all(isinstance(pipeline.live_words, AdWords) for pipeline in PIPELINES.values())


def test_progress_of_a_stage_rises_from_0_to_100_through_its_parts() -> None:
    told = [
        WORDS.message("ad", {"stage": stage, "progress": share})
        for stage in ("SCENE_RENDERING", "COMPOSITING")
        for share in (0.0, 0.5, 1.0)
    ]
    assert {one["stage"] for one in told} == {"compositing"}
    assert {one["job_id"] for one in told} == {"ad"}
    assert [one["progress"] for one in told] == [0, 40, 80, 80, 90, 100]


@pytest.mark.parametrize(
    ("stage", "status", "shown"),
    [
        ("PRODUCT", "processing", ("script_gen", "processing")),
        ("PRODUCT", "completed", ("script_gen", "processing")),
        ("SCRIPT_GEN", "completed", ("script_gen", "completed")),
        ("VIDEO_GEN", "failed", ("video_gen", "failed")),
        ("VIDEO_GEN", "cancelled", ("video_gen", "cancelled")),
    ],
)
def test_a_stage_is_told_by_the_document_s_name(stage: str, status: str, shown: tuple[str, str]) -> None:
    told = WORDS.message("ad", {"stage": stage, "stage_status": status})
    assert (told["stage"], told["status"]) == shown


def test_an_ad_that_waits_is_pending() -> None:
    assert WORDS.message("ad", {"status": "queued"}) == {"job_id": "ad", "status": "pending"}
    key, fields = WORDS.status("ad", {"status": "queued", "current_stage": "VOICE_GEN"})
    assert key == "job:ad"
    assert (fields["id"], fields["status"], fields["stage"]) == ("ad", "pending", "voice_gen")


@pytest.mark.parametrize("status", list(RunStatus))
def test_only_words_of_the_document_are_told(status: RunStatus) -> None:
    told = WORDS.message("ad", {"status": status.value})["status"]
    assert told in get_args(JobStatus)
    assert WORDS.status("ad", {"status": status.value})[1]["status"] == told


def test_an_entry_of_the_list_is_an_order() -> None:
    entry = {"job_id": "j1", "product_name": "Mug", "style": "bold", "cta_text": "Buy", "anything": 1}
    job, options = read_entry(json.dumps(entry).encode())
    assert (job, options.product_name, options.style) == ("j1", "Mug", "bold")


@pytest.mark.parametrize(
    "entry",
    [b"", b"{", b"[]", b'{"job_id": "x"}', b'{"job_id": "x", "product_name": "a", "style": "modern", "cta_text": "b"}'],
)
def test_an_entry_that_is_no_order_is_refused(entry: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_entry(entry)
