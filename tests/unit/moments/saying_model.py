"""A model that says what it is told to, and a talk long enough to be asked about in parts."""

from __future__ import annotations

from collections.abc import Sequence

from moments_ray.models.conversation import Answer, Question, Sampling
from moments_ray.moments.finding.by_model import ModelCall
from moments_ray.moments.finding.options import FindOptions
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Transcript, Word

OPTIONS = FindOptions(count=3, min_seconds=5, max_seconds=40)
MODEL_ALONE = OPTIONS.model_copy(update={"fill": False})


class Model:
    """Says what it is told to, answer after answer, the last one for ever."""

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[Question] = []

    async def __call__(self, question: Question) -> Answer:
        self.asked.append(question)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Answer(text=answer)


def asked(model: Model, context: int = 100_000) -> ModelCall:
    return ModelCall(model, Sampling(temperature=0.1), max_context=context, max_tokens=1000)


def long_talk(subjects: Sequence[Sequence[str]], minutes: float) -> Timeline:
    """Say the subjects over and over."""
    words: list[Word] = []
    now, at = 0.5, 0
    sentences = [sentence for subject in subjects for sentence in subject]
    while now < minutes * 60:
        for text in sentences[at % len(sentences)].split():
            words.append(Word(text=text, start=round(now, 3), end=round(now + 0.4, 3)))
            now += 0.4
        now += 0.7
        at += 1
    return Timeline.of(Transcript(engine="test", language=None, words=tuple(words), segments=()), now)
