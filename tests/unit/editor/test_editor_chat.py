"""The built-in backend answers by rules: the same words get the same words, and the video's own are quoted."""

from __future__ import annotations

import pytest

from moments_ray.editor.chat import LONGEST_ANSWER, Conversation, Turn, answer
from moments_ray.editor.suggestions import suggest
from moments_ray.errors import ModelNotConfigured


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
async def test_a_question_about_editing_gets_its_answer(question: str, says: str) -> None:
    one, other = [await answer("stub", about(question)) for _ in range(2)]
    assert says in one
    assert one == other


async def test_the_first_words_of_the_video_are_quoted() -> None:
    said = " ".join(f"word{number}" for number in range(20))
    reply = await answer("stub", about("A hook?", said))
    assert "“word0 word1" in reply
    assert "word12" not in reply


async def test_an_answer_has_an_end_and_braces_are_letters() -> None:
    reply = await answer("stub", about("A hook about {said.__class__} please", "x" * 100_000))
    assert len(reply) <= LONGEST_ANSWER


@pytest.mark.parametrize("backend", ["hf", "openai", "anthropic"])
async def test_what_is_not_configured_says_what_is(backend: str) -> None:
    with pytest.raises(ModelNotConfigured, match="use stub"):
        await answer(backend, about("Hello"))  # type: ignore[arg-type]


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
