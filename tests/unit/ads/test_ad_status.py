"""How ads stand, in the words of the document."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from moments_ray.ads.errors import PriceUnknown
from moments_ray.ads.money import Receipt, charged, cost
from moments_ray.ads.pipelines import ADS, scene_result, script_result
from moments_ray.ads.stages.script import by_grammar
from moments_ray.ads.status import PARTS, STAGES, job_progress, job_status, stage_of, stage_states
from moments_ray.ads.values import AdRequest, Brief, SceneFilm, SceneFilms, Scripts, Spoken, Voices
from moments_ray.database.tables import RunStage
from moments_ray.settings import AdSettings, Price
from moments_ray.states import RunStatus

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def stage(status: str, progress: float = 0.0) -> RunStage:
    return RunStage(
        status=status, progress=progress, started_at=NOW, completed_at=NOW if status == "completed" else None
    )


@pytest.mark.parametrize("run", RunStatus)
def test_every_status_of_a_run_has_a_word_of_the_document(run: RunStatus) -> None:
    assert job_status(run) in {"pending", "processing", "completed", "failed", "cancelled"}
    assert (job_status(run) == "pending") is (run is RunStatus.QUEUED)


def test_an_ad_without_a_run_is_pending() -> None:
    assert job_status(None) == "pending"


def test_every_stage_of_the_engine_is_a_part_of_one_of_the_document() -> None:
    assert [name for parts in PARTS.values() for name, _ in parts] == list(ADS.stage_names)
    assert {stage_of(name) for name in ADS.stage_names} == set(STAGES)
    assert all(sum(share for _, share in parts) == pytest.approx(1) for parts in PARTS.values())


def test_the_script_is_under_way_while_the_picture_is_prepared() -> None:
    states = stage_states({"PRODUCT": stage("completed"), "SCRIPT_GEN": stage("processing")}, {}, finished=False)
    assert [(state.status, state.progress) for state in states[:2]] == [("processing", 10), ("pending", 0)]
    assert job_progress(states) == 1


def test_a_finished_ad_is_whole() -> None:
    states = stage_states({name: stage("completed", 1) for name in ADS.stage_names}, {}, finished=True)
    assert {(state.status, state.progress) for state in states} == {("completed", 100)}
    assert job_progress(states) == 100


def test_a_stage_that_failed_says_so() -> None:
    done = {name: stage("completed", 1) for name in ("PRODUCT", "SCRIPT_GEN", "VOICE_GEN")}
    states = stage_states({**done, "VIDEO_GEN": stage("failed", 0.5)}, {}, finished=True)
    assert [state.status for state in states] == ["completed", "completed", "failed", "pending"]
    assert states[2].progress == 50


def test_live_progress_counts_where_the_journal_lags() -> None:
    states = stage_states({"VIDEO_GEN": stage("processing", 0.25)}, {"VIDEO_GEN": 0.6}, finished=False)
    assert states[2].progress == 60


def receipt(state: str, usd: float) -> Receipt:
    return Receipt.model_validate(
        {
            "token": "t",
            "state": state,
            "stage": "VIDEO_GEN",
            "item": "",
            "model": "m",
            "unit": "video",
            "amount": 1,
            "usd": usd,
        }
    )


def test_what_was_asked_and_never_answered_counts_as_charged() -> None:
    receipts = [receipt("done", 0.5), receipt("asked", 0.25), receipt("failed", 9.0)]
    assert str(charged(receipts)) == "0.7500"


def test_a_price_that_nobody_entered_is_asked_for() -> None:
    prices = AdSettings().prices
    assert cost("replicate_video", "video", 3, prices) == 3 * type(cost("replicate_video", "video", 1, prices))("0.5")
    with pytest.raises(PriceUnknown, match="MOMENTS_ADS__PRICES"):
        cost("mine", "video", 1, prices)
    with pytest.raises(PriceUnknown):
        cost("mine", "video", 1, {"mine": Price(usd=1, per="second", entered="today")})


def test_an_ad_that_stops_early_says_what_was_wrong_on_the_way_once() -> None:
    brief = Brief(product_name="Lamp", style="bold", cta_text="Shop Now")
    script = by_grammar(brief, 0, "embedded").model_copy(update={"warnings": ("no key",)})
    request, scripts = AdRequest(ad="ad", brief=brief), Scripts(items=(script, script))
    spoken = Spoken(key="v1-s1", name=None, seconds=0.0, words=(), backend="embedded", warning="no key")
    film = SceneFilm(key="v1-s1", name="film", still=False, backend="embedded", warning="no film")
    assert script_result(request, scripts).warnings == ("no key",)
    made = scene_result(request, scripts, Voices(items=(spoken,)), SceneFilms(items=(film, film)))
    assert made.warnings == ("no key", "no film")
    assert made.backends == {"script_gen": "grammar", "voice_gen": "embedded", "video_gen": "embedded"}
