"""The examples of the description are what the API takes and gives."""

from __future__ import annotations

import json

from moments_ray.video_jobs.api.schemas import JobView
from moments_ray.video_jobs.options import CreateJob, JobArguments, JobOptions, JobType


def test_the_example_of_a_job_is_one() -> None:
    (example,) = JobView.model_json_schema()["examples"]
    assert json.loads(JobView.model_validate(example).model_dump_json()) == example


def test_the_example_of_a_request_is_taken() -> None:
    (example,) = CreateJob.model_json_schema()["examples"]
    assert CreateJob.model_validate(example).model_dump(exclude_unset=True) == example


def test_the_command_line_takes_every_option_of_a_job() -> None:
    assert JobArguments.model_fields.keys() >= JobOptions.model_fields.keys()
    asked = JobArguments(max_clips=3, priority=7, max_retries=0).job(JobType.ANALYSIS)
    assert (asked.options.max_clips, asked.priority, asked.max_retries) == (3, 7, 0)
    assert asked.model_fields_set == {"job_type", "options", "priority", "max_retries"}
    assert asked.options.model_fields_set == {"max_clips"}
