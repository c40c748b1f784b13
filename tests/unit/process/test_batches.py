"""What many ask for at the same time goes out together, and each gets the answer to its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from moments_ray.process.batches import Batches


class Post:
    """Sends numbers, after a turn of the loop, and answers with their doubles; it refuses negative ones."""

    def __init__(self) -> None:
        self.sent: list[list[int]] = []

    async def send(self, items: Sequence[int]) -> list[int | BaseException]:
        self.sent.append(list(items))
        await asyncio.sleep(0)
        if 0 in items:
            raise ConnectionError("the line is down")
        return [ValueError(str(item)) if item < 0 else 2 * item for item in items]


async def test_what_is_asked_for_while_a_batch_is_on_its_way_is_the_next_one() -> None:
    post = Post()
    batches = Batches(post.send, most=3)
    assert await asyncio.gather(*map(batches.add, (1, 2, 3, 4))) == [2, 4, 6, 8]
    assert post.sent == [[1, 2, 3], [4]]
    assert await batches.add(5) == 10
    assert post.sent[2:] == [[5]]


async def test_an_error_is_that_of_whom_it_is_about_and_one_of_the_line_is_everybodys() -> None:
    batches = Batches(Post().send)
    answers = await asyncio.gather(*map(batches.add, (1, -2, 3)), return_exceptions=True)
    assert [answers[0], str(answers[1]), answers[2]] == [2, "-2", 6]
    with pytest.raises(ConnectionError):
        await asyncio.gather(*map(batches.add, (0, 1)))
    assert await batches.add(4) == 8


async def test_one_who_does_not_wait_any_more_is_in_nobodys_way() -> None:
    batches = Batches(Post().send)
    impatient, patient = (asyncio.create_task(batches.add(item)) for item in (1, 2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == 4
