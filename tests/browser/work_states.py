"""The pages of runs, jobs, backfills and ads in every state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

from moments_ray.database.tables import Video
from moments_ray.states import BackfillItemStatus, BackfillStatus
from tests.browser.ad_shelf import AdShelf
from tests.browser.backfill_shelf import BackfillShelf
from tests.browser.job_shelf import JobShelf
from tests.browser.shelf import Shelf
from tests.browser.site import Site
from tests.browser.state import EVERY_SIZE, State, without_data


def of_runs(**runs: str) -> Sequence[State]:
    """The list of runs, and runs by what they stand for."""
    return (
        State("runs", "/runs", sizes=EVERY_SIZE),
        State("runs-selection", "/runs", lambda page: page.get_by_label("Select this run").first.check(force=True)),
        *without_data("runs", "/runs", "**/api/runs?limit=50*"),
        *(State(f"run-{name}", f"/runs/{run}") for name, run in runs.items()),
        *without_data("run", f"/runs/{runs['done']}", f"**/api/runs/{runs['done']}"),
        State("run-nowhere", "/runs/no-such-run"),
    )


def of_jobs(served: Site, shelf: Shelf, talk: Video) -> Sequence[State]:
    """The list of jobs, and jobs that wait, work, failed, were cancelled and are done."""
    url = f"{served.url}/talk.mp4"
    jobs = JobShelf(shelf, served.url)
    asked = {"job_type": "full_processing", "youtube_url": url}
    of = {name: jobs.ask(**asked) for name in ("waiting", "working", "failed", "cancelled")}
    of["done"] = jobs.ask(job_type="full_processing", video_id=talk.identifier)
    served.do(jobs.work, of["working"], 3)
    served.do(jobs.fail, of["failed"])
    httpx.post(f"{served.url}/api/v1/jobs/{of['cancelled']}/cancel").raise_for_status()
    served.do(jobs.finish, of["done"], talk)
    return (
        State("jobs", "/jobs"),
        State("new-job", "/jobs", lambda page: page.get_by_role("button", name="New job").click()),
        *without_data("jobs", "/jobs", "**/api/v1/jobs/?*"),
        *(State(f"job-{name}", f"/jobs/{job}") for name, job in of.items()),
        *without_data("job", f"/jobs/{of['done']}", f"**/api/v1/jobs/{of['done']}"),
        State("job-nowhere", "/jobs/no-such-job"),
    )


def of_backfills(served: Site, shelf: Shelf) -> Sequence[State]:
    """The list of backfills, and backfills that go on, are paused, were cancelled and are done."""
    backfills = BackfillShelf(shelf, served.url)
    of = {name: backfills.ask(name) for name in ("read", "running", "paused", "cancelled", "done")}
    at = BackfillItemStatus
    some = {at.FAILED: 2, at.RUNNING: 4, at.COMPLETED: 23, at.PENDING: 19}
    for name in ("running", "paused", "cancelled"):
        served.do(backfills.bring_on, of[name], BackfillStatus.RUNNING, some)
    all_of_them = {at.FAILED: 1, at.COMPLETED: 47}
    served.do(backfills.bring_on, of["done"], BackfillStatus.COMPLETED_WITH_ERRORS, all_of_them)
    backfills.tell(of["paused"], "pause")
    backfills.tell(of["cancelled"], "cancel")
    return (
        State("backfills", "/backfills"),
        State("new-backfill", "/backfills", lambda page: page.get_by_role("button", name="New backfill").click()),
        *without_data("backfills", "/backfills", "**/api/backfills?*"),
        *(State(f"backfill-{name}", f"/backfills/{one}") for name, one in of.items()),
        State("backfill-nowhere", "/backfills/no-such-backfill"),
    )


def of_ads(served: Site) -> Sequence[State]:
    """The list of ads, and ads that wait, work, have a script, failed, were cancelled and are made."""
    ads = AdShelf(served.container)

    def ask(**options: Any) -> str:
        words = {"product_name": "Olea", "style": "luxury", "cta_text": "Taste it"}
        return served.do(lambda: ads.ask(**words, **options))

    of = {name: ask() for name in ("waiting", "working", "failed", "cancelled")}
    of |= {"written": ask(stop_after="script_gen"), "made": ask(variants=2)}
    served.do(ads.work, of["working"])
    served.do(ads.fail, of["failed"])
    httpx.post(f"{served.url}/api/ads/jobs/{of['cancelled']}/cancel").raise_for_status()
    served.do(ads.write, of["written"])
    served.do(ads.make, of["made"])
    return (
        State("ads", "/ads"),
        State("new-ad", "/ads/new"),
        *without_data("ads", "/ads", "**/api/ads/jobs?*"),
        *(State(f"ad-{name}", f"/ads/{one}") for name, one in of.items()),
        *without_data("ad", f"/ads/{of['made']}", f"**/api/ads/jobs/{of['made']}"),
        State("ad-nowhere", "/ads/no-such-ad"),
    )
