"""Paid calls of one try: noted before they are made and after, so that a worker that dies pays for nothing twice."""

from __future__ import annotations

from decimal import Decimal

from pydantic import JsonValue

from moments_ray.ads.errors import CostCapReached
from moments_ray.ads.money import RECEIPT, Receipt, Unit, charged
from moments_ray.ads.queries.costs import AdCosts
from moments_ray.engine import Context
from moments_ray.engine.usage import Usage
from moments_ray.ids import derived_identifier
from moments_ray.process import failpoint


class Payments:
    """What a try of a stage, or of one of its items, pays for; the receipts of earlier tries are there."""

    def __init__(self, ctx: Context, item: str = "") -> None:
        self._ctx = ctx
        self._item = item

    def standing(self) -> Receipt | None:
        """Return what an earlier try paid for, or asked for under a number that its provider gave."""
        found = self._receipts()
        return next((one for one in reversed(found) if one.state == "done" or (one.state == "asked" and one.job)), None)

    def unanswered(self) -> Receipt | None:
        """Return what an earlier try was about to ask for, of which nobody knows whether it was."""
        return next((one for one in reversed(self._receipts()) if one.state == "asked" and one.job is None), None)

    def answer_to(self, question: str) -> Receipt | None:
        """Return the receipt of a question's digest that an earlier try had answered."""
        return next((one for one in self._receipts() if one.question == question and one.answer is not None), None)

    def _receipts(self) -> list[Receipt]:
        return [Receipt.model_validate(value) for key, value in self._ctx.notes.items() if key.startswith(RECEIPT)]

    async def asking(self, model: str, unit: Unit, amount: float, usd: Decimal, question: str | None = None) -> Receipt:
        """Note a call before it is made.

        Raises:
            CostCapReached: it would cost more than the ad may.
        """
        await require_budget(self._ctx, usd)
        number = sum(key.startswith(RECEIPT) for key in self._ctx.notes) + 1
        token = derived_identifier("paid", self._ctx.run, self._ctx.stage, self._item, number)
        receipt = Receipt(
            token=token,
            state="asked",
            stage=self._ctx.stage,
            item=self._item,
            model=model,
            unit=unit,
            amount=amount,
            usd=float(usd),
            question=question,
        )
        await self._write(receipt)
        self._pass("payment.asked")
        return receipt

    async def begun(self, receipt: Receipt, job: str) -> Receipt:
        """Note the number that the provider gave."""
        self._pass("payment.answered")
        begun = await self._write(receipt.model_copy(update={"job": job}))
        self._pass("payment.begun")
        return begun

    async def done(
        self, receipt: Receipt, usd: Decimal | None = None, answer: dict[str, JsonValue] | None = None
    ) -> Receipt:
        """Note that it is done; ``usd`` is what it really cost, where that is known, ``answer`` what was said."""
        cost = Decimal(str(receipt.usd)) if usd is None else usd
        self._ctx.spent(Usage(usd=cost))
        self._pass("payment.made")
        done = await self._write(receipt.model_copy(update={"state": "done", "usd": float(cost), "answer": answer}))
        self._pass("payment.done")
        return done

    async def failed(self, receipt: Receipt, usd: Decimal = Decimal()) -> Receipt:
        """Note that it came to nothing; ``usd`` is what was charged all the same."""
        state = "done" if usd else "failed"
        return await self._write(receipt.model_copy(update={"state": state, "usd": float(usd)}))

    def _pass(self, point: str) -> None:
        failpoint.hit(self._ctx.settings, point)

    async def _write(self, receipt: Receipt) -> Receipt:
        await self._ctx.note(f"{RECEIPT}:{receipt.token}", receipt.model_dump(mode="json"))
        return receipt


async def require_budget(ctx: Context, usd: Decimal) -> None:
    """Refuse what would cost more than an ad may.

    Raises:
        CostCapReached: it would.
    """
    if not usd:
        return
    ad = ctx.ref.subject
    async with ctx.read() as session:
        costs = AdCosts(session)
        budget, spent = await costs.budget(ad), charged((await costs.receipts([ad]))[ad])
    if spent + usd > budget:
        raise CostCapReached(
            f"This would cost about ${usd:.4f}, and of ${budget:.4f} there were ${spent:.4f} spent: "
            "raise max_cost_usd, and retry.",
            {"budget_usd": float(budget), "spent_usd": float(spent), "estimate_usd": float(usd)},
        )
