"""Waits before another try: they grow up to a bound, differ from one caller to the next, and end no process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from moments_ray.errors import DownloadBusy, MediaError, MomentsError, error_of_code
from moments_ray.process.retry import backoff, retry_after


@pytest.mark.parametrize(
    ("failures", "longest"), [(0, 0.25), (1, 0.25), (2, 0.5), (3, 1.0), (8, 30.0), (100_000, 30.0)]
)
def test_waits_double_up_to_a_bound_however_long_an_outage_lasts(failures: int, longest: float) -> None:
    waits = {backoff(failures, 0.25, 30.0) for _ in range(20)}
    assert longest / 2 <= min(waits) <= max(waits) <= longest
    assert len(waits) > 1


@pytest.mark.parametrize(("value", "seconds"), [("7", 7.0), (" 0 ", 0.0), ("9" * 400, 999_999_999.0), ("soon", None)])
def test_seconds_are_read_and_nonsense_is_none(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_a_date_is_read_and_one_that_is_over_asks_for_no_wait() -> None:
    now = datetime.now(UTC)
    ahead = retry_after(format_datetime(now + timedelta(minutes=5)))
    assert ahead is not None
    assert 200 < ahead <= 300
    assert retry_after(format_datetime(now - timedelta(minutes=5))) == 0.0


def test_an_error_is_known_by_its_code_and_another_is_what_the_caller_says() -> None:
    assert error_of_code(DownloadBusy.code, MomentsError) is DownloadBusy
    assert error_of_code("nobody.knows", MediaError) is MediaError
    assert error_of_code(None, MomentsError) is MomentsError
