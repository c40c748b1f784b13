"""How a model's answers are read: nothing in them is trusted, and what is no answer is told from what is a poor one."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from moments_ray.moments.finding.moment import Proposal, TimedProposal

SUBSCORES = ("opening", "alone", "substance", "payoff_strength", "interest")
BEST_SUBSCORE = 4
EXAMPLE_NUMBERS = (12, 19)  # of the form shown in the prompt; nobody is likely to choose the very same

_LONGEST_TEXT = 500
_MIDDLING_SCORE = 50.0
_FEWEST_ECHOED_WORDS = 3
_PLACEHOLDER = re.compile(
    r"(?:moment|video|clip|the|a|your|example|sample|short|some|insert|string|text|title|reason|untitled|unknown|none|null"
    r"|n/?a|tbd|todo|here|payoff|of|\W|\d)*",
    re.IGNORECASE,
)


class _Numbered(BaseModel):
    model_config = ConfigDict(extra="ignore")

    first: int = Field(validation_alias=AliasChoices("first", "first_sentence", "start_sentence"))
    last: int = Field(validation_alias=AliasChoices("last", "last_sentence", "end_sentence"))


class ProposedMoments(BaseModel):
    """A model's proposals, none of which is trusted yet; validated with the words of its prompt as context.

    A bare list counts, and one list under any name. ``unreadable`` counts those that could not be read; that every
    single one is unreadable is an error, and so is the prompt's own example.
    """

    moments: list[Any]
    unreadable: int = 0
    _proposals: list[Proposal | TimedProposal] = PrivateAttr(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _list_inside(cls, value: Any) -> Any:
        if isinstance(value, list):
            return {"moments": value}
        if isinstance(value, dict) and "moments" not in value:
            lists = [each for each in value.values() if isinstance(each, list)]
            if len(lists) == 1:
                return {"moments": lists[0]}
            if _proposal(value, "") is not None:
                return {"moments": [value]}
        return {"moments": value.get("moments")} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _some_readable(self, info: ValidationInfo) -> Self:
        prompt = _plain(info.context) if isinstance(info.context, str) else ""
        read = [_proposal(item, prompt) for item in self.moments]
        self._proposals = [proposal for proposal in read if proposal is not None]
        self.unreadable = len(read) - len(self._proposals)
        if read and not self._proposals:
            raise ValueError('no item has whole numbers of sentences as "first" and "last"')
        if self._proposals and all(_is_example(proposal) for proposal in self._proposals):
            raise ValueError("that is the example of the form; choose sentences of the transcript")
        return self

    @property
    def proposals(self) -> list[Proposal | TimedProposal]:
        """What was proposed, with sentences counted from 0."""
        return self._proposals


class RankedMoments(BaseModel):
    """A model's scores of finalists on one scale; validated with the number of finalists as context."""

    scores: list[Any]
    _by_number: dict[int, float] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _list_inside(cls, value: Any) -> Any:
        if isinstance(value, list):
            return {"scores": value}
        lists = [each for each in value.values() if isinstance(each, list)] if isinstance(value, dict) else []
        return {"scores": lists[0]} if len(lists) == 1 else value

    @model_validator(mode="after")
    def _every_finalist(self, info: ValidationInfo) -> Self:
        finalists = int(info.context) if isinstance(info.context, int) else 0
        for item in self.scores:
            number = item.get("number") if isinstance(item, dict) else None
            if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= finalists:
                self._by_number.setdefault(number, _score(item))
        if len(self._by_number) < finalists:
            raise ValueError(f"every moment from 1 to {finalists} needs a score")
        return self

    def score_of(self, number: int) -> float:
        """Return the score of a finalist; the first has number 1."""
        return self._by_number[number]


def worded(text: object, prompt: str) -> str:
    """Return a model's text, empty where it is a placeholder or a piece of its prompt.

    Args:
        text: anything.
        prompt: what the model was told beside the transcript.
    """
    if not isinstance(text, str) or _PLACEHOLDER.fullmatch(text):
        return ""
    plain = _plain(text)
    echoed = len(plain.split()) >= _FEWEST_ECHOED_WORDS and plain in _plain(prompt)
    return "" if echoed else text[:_LONGEST_TEXT]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _is_example(proposal: Proposal | TimedProposal) -> bool:
    return (
        isinstance(proposal, Proposal)
        and (proposal.first + 1, proposal.last + 1) == EXAMPLE_NUMBERS
        and not proposal.title
    )


def _proposal(item: Any, prompt: str) -> Proposal | TimedProposal | None:
    if not isinstance(item, dict):
        return None
    said: dict[str, Any] = {
        "title": worded(item.get("title"), prompt),
        "reason": worded(item.get("reason"), prompt),
        "score": _score(item),
    }
    try:
        numbers = _Numbered.model_validate(item)
        return Proposal(first=numbers.first - 1, last=numbers.last - 1, **said)
    except ValidationError:
        times = {
            "start_time": item.get("start_time", item.get("start")),
            "end_time": item.get("end_time", item.get("end")),
        }
    try:
        return TimedProposal.model_validate({**times, **said})
    except ValidationError:
        return None


def _score(item: Mapping[str, Any]) -> float:
    """Sum the sub-scores to 0 to 100, whatever scale the model gives the sum; one number alone counts as it is."""
    given = [float(item[name]) for name in SUBSCORES if _is_number(item.get(name))]
    if given:
        kept = [min(max(value, 0.0), float(BEST_SUBSCORE)) for value in given]
        return 100.0 * sum(kept) / (BEST_SUBSCORE * len(kept))
    score = item.get("score")
    return float(min(max(score, 0), 100)) if score is not None and _is_number(score) else _MIDDLING_SCORE


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
