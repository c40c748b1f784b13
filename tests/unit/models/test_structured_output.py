"""Whatever a model says, it is a checked value, a second question, or an error that tells why."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, FiniteFloat, model_validator

from moments_ray.errors import ModelOutputInvalid
from moments_ray.models.conversation import Answer, Question, Turn
from moments_ray.models.structured import ask, read


class Item(BaseModel):
    first: int
    title: str
    weight: FiniteFloat = 0.0


class Items(BaseModel):
    items: list[Item]

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        return {"items": value} if isinstance(value, list) else value


ONE = '{"items": [{"first": 1, "title": "a"}]}'
QUESTION = Question(turns=(Turn.of("user", "?"),))


def firsts(text: str) -> list[int]:
    return [item.first for item in read(text, Items).items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ONE, [1]),
        ('[{"first": 1, "title": "a"}]', [1]),
        (f"```json\n{ONE}\n```", [1]),
        (f"```\n{ONE}\n```\nI hope this helps!", [1]),
        (f"Sure! Here are [3] of them:\n{ONE}\nAnything else []?", [1]),
        (f"<think>[1, 2] or {{}}?</think>{ONE}", [1]),
        (f"<think>a<think>b</think>c</think>\n{ONE}", [1]),
        (f'first [{{"first": 9, "title": "draft"}}] hm</think>{ONE}', [1]),
        ('[{"first": 1, "title": "<think>"}]', [1]),
        ("[]", []),
        ("Nothing is worth it: []", []),
        ('[{"first": 1, "title": "a"}]\n[{"first": 2, "title": "b"}]', [2]),
        ("{'items': [{'first': 1, 'title': 'a'},]}", [1]),
        ('{"items": [{"first": 1, "title": "say \\"no\\" ]}"}]}', [1]),
        ('{items: [{first: 1, title: "a"}]} // done', [1]),
        ('[{"first": 1, "title": "a"}, {"first": 12, "title": "cut o', [1]),
        ('{"items": [{"first": 1, "title": "a"}, {"first": 12', [1]),
        ('{"items": [{"first": 1, "title": "a"}, {"first": 12, "title": "b"}', [1]),
        ('{"items": [{"first": "7", "title": "a"}]}', [7]),
    ],
)
def test_what_can_be_read_is_read(text: str, expected: list[int]) -> None:
    assert firsts(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot watch videos.",
        "<think>" + ONE,
        "null",
        "3",
        "No, I am [sure",
        '{"items": [{"first": 1, "ti',
        "{}",
        "[1, 2]",
        '{"items": [{"first": 1}]}',
        '{"items": [{"first": 1, "title": "a", "weight": NaN}]}',
        '{"items": [{"first": 1, "title": "a", "weight": 1e999}]}',
        '{"items": [{"first": ' + "9" * 5000 + ', "title": "a"}]}',
        "[" * 5000,
        "[" * 5000 + "]" * 5000,
        '{"a":' * 5000,
        "[" + ONE * 3,
        "x" * 1_000_001,
    ],
    ids=lambda text: text[:30],
)
def test_what_cannot_be_used_says_why_and_keeps_the_beginning(text: str) -> None:
    with pytest.raises(ModelOutputInvalid) as caught:
        read(text, Items)
    assert len(str(caught.value.detail["answer"])) <= 2000


def test_what_is_kept_of_an_answer_can_be_stored() -> None:
    with pytest.raises(ModelOutputInvalid) as caught:
        read("no \x00 \ud800 \x1b[31m", Items)
    assert caught.value.detail["answer"] == "no" + " " * 6 + "[31m"


@given(st.text(alphabet='{}[]",:\\ <think>/`123aN\n') | st.text())
@example("{" * 41 + "}" * 41)
def test_any_words_at_all_give_a_value_or_the_error(text: str) -> None:
    with contextlib.suppress(ModelOutputInvalid):
        read(text, Items)


@pytest.mark.parametrize(
    "text",
    [
        "<think>" * 140_000,
        "[" * 39 + '{"a":"' * 30_000,
        '[{"first": 1, "title": "' * 8_000,
        '"' * 900_000,
        "[}" * 99_000,
    ],
    ids=lambda text: text[:10],
)
@pytest.mark.timeout(60)  # what takes time by the square takes an hour
def test_hostile_words_are_turned_away(text: str) -> None:
    with pytest.raises(ModelOutputInvalid):
        read(text, Items)


async def test_a_wrong_answer_is_objected_to_once_with_the_validators_words() -> None:
    asked: list[Question] = []

    async def send(question: Question) -> Answer:
        asked.append(question)
        return Answer(text='{"items": [{"first": "x", "title": "a"}]}' if len(asked) == 1 else ONE)

    assert (await ask(QUESTION, Items, send)).items[0].first == 1
    assert [turn.role for turn in asked[1].turns] == ["user", "assistant", "user"]
    assert "items.0.first" in asked[1].turns[2].text
    assert "no code fence" in asked[1].turns[2].text


async def test_a_second_wrong_answer_is_the_error() -> None:
    asked = 0

    async def send(question: Question) -> Answer:
        nonlocal asked
        asked += 1
        return Answer(text="no")

    with pytest.raises(ModelOutputInvalid):
        await ask(QUESTION, Items, send)
    assert asked == 2
