"""The built-in backend answers by rules: the same words get the same words, and the video's own are quoted."""

from __future__ import annotations

from typing import Any

import pytest

from moments_ray.editor.chat import LONGEST_ANSWER, Conversation, Said, Turn, by_rules
from moments_ray.editor.proposals import Remove, propose
from moments_ray.editor.suggestions import suggest
from moments_ray.editor.timeline import Timeline, TimelineChange


def about(question: str, transcript: str = "") -> Conversation:
    return Conversation(turns=[Turn("user", question)], transcript=transcript)


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("Suggest a hook for my video about cooking", "Nobody tells you this about cooking"),
        ("Give me a title about bread", "bread in one minute"),
        ("Make it shorter", "`clean`"),
        ("How should captions look?", "`pop`"),
        ("Which effects fit?", "`punch_in`"),
        ("Cut it to the music", "`beat_cut`"),
        ("Hello", "ask for a hook, a title"),
    ],
)
def test_a_question_about_editing_gets_its_answer(question: str, says: str) -> None:
    one, other = [by_rules(about(question)) for _ in range(2)]
    assert says in one.reply
    assert one == other


def test_the_first_words_of_the_video_are_quoted() -> None:
    said = " ".join(f"word{number}" for number in range(20))
    reply = by_rules(about("A hook?", said)).reply
    assert "“word0 word1" in reply
    assert "word12" not in reply


def test_an_answer_has_an_end_and_braces_are_letters() -> None:
    reply = by_rules(about("A hook about {said.__class__} please", "x" * 100_000)).reply
    assert len(reply) <= LONGEST_ANSWER


CUTS = Timeline.model_validate(
    {"segments": [{"name": "intro", "start": 0, "end": 9}, {"name": "outro", "start": 20, "end": 22}]}
)


@pytest.mark.parametrize(
    ("words", "edits"),
    [
        ("Add a zoom to the outro", [{"edit": "add_effect", "segment": 1, "effect": "zoom"}]),
        ("Make it shorter", [{"edit": "trim", "segment": 0, "start": None, "end": 4.0}]),
        ("Use captions in the style karaoke", [{"edit": "style_captions", "style": "karaoke"}]),
        (
            "A whoosh at the intro, and black and white",
            [
                {"edit": "add_effect", "segment": 0, "effect": "bw"},
                {"edit": "add_sound", "segment": 0, "sound": "whoosh"},
            ],
        ),
        ("Hello", []),
    ],
)
def test_edits_that_are_named_are_proposed(words: str, edits: list[dict[str, Any]]) -> None:
    reply = by_rules(Conversation(turns=[Turn("user", words)], timeline=CUTS))
    assert [edit.model_dump() for edit in reply.edits] == edits


def test_what_is_proposed_can_be_made_and_the_rest_is_left_out() -> None:
    said = Said.model_validate(
        {
            "reply": "Done",
            "edits": [
                {"edit": "add_effect", "segment": 0, "effect": "slowmo"},
                {"edit": "add_effect", "segment": 0, "effect": "speedup"},
                {"edit": "trim", "segment": 0, "end": 500},
                {"edit": "remove", "segment": 1},
                {"edit": "add_sound", "segment": 1, "sound": "pop"},
                {"edit": "remove", "segment": 9},
                {"edit": "style_captions", "style": "box"},
            ],
        }
    )
    proposal = propose(said.edits, CUTS, 7, 60.0)
    assert proposal is not None
    assert [edit.edit for edit in proposal.actions] == ["add_effect", "remove", "style_captions"]
    change = TimelineChange.model_validate(proposal.timeline)
    assert (change.version, change.caption_style) == (7, "box")
    assert [(each.name, [effect.name for effect in each.effects]) for each in change.segments] == [
        ("intro", ["slowmo"])
    ]


def test_too_long_an_answer_is_cut_and_an_edit_that_is_none_takes_no_other_with_it() -> None:
    remove = {"edit": "remove", "segment": 0}
    said = Said.model_validate({"reply": "x" * 1_000_000, "edits": [{"edit": "explode"}, "zoom", *[remove] * 30]})
    assert (said.reply, len(said.edits)) == ("x" * LONGEST_ANSWER, 20)
    assert Said.model_validate({"reply": "Well", "edits": "none"}).edits == ()


def test_not_all_segments_are_taken_away_and_nothing_is_no_proposal() -> None:
    removals = [Remove(segment=0), Remove(segment=1)]
    proposal = propose(removals, CUTS, 1, 60.0)
    assert proposal is not None
    assert proposal.actions == (removals[0],)
    assert propose([], CUTS, 1, 60.0) is None
    assert propose(removals, Timeline(), 1, 60.0) is None


def test_effects_are_suggested_with_their_reasons_in_order_of_time() -> None:
    found = suggest("Why does bread rise? It has 3 parts. Wait… now it rests.", [0.5, 1.0, 1.5])
    assert [each.start for each in found] == sorted(each.start for each in found)
    reasons = {each.reason: each.effects for each in found}
    assert reasons == {
        "a question": ("punch_in",),
        "a number": ("zoom",),
        "a pause": ("slowmo",),
        "a strong beat": ("flash",),
    }
    assert suggest("", []) == []
