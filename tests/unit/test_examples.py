"""The example product works as its page says, and registers beside the products of the package."""

from __future__ import annotations

from pathlib import Path

from examples.hello_pipeline import HELLO, Greeting, HelloRequest, HelloResult, greet, write_card
from moments_ray.engine.registry import Registry
from moments_ray.products import PRODUCTS
from moments_ray.testing.stages import stage_context


async def test_the_first_stage_greets_by_name(tmp_path: Path) -> None:
    context = stage_context(tmp_path)
    assert await greet.run(context, request=HelloRequest(name="Ada")) == Greeting(text="Hello, Ada!")


async def test_the_second_stage_stores_the_greeting_in_the_folder_of_its_subject(tmp_path: Path) -> None:
    context = stage_context(tmp_path)
    result = await write_card.run(context, greeting=Greeting(text="Hello, Ada!"))
    assert result == HelloResult(text="Hello, Ada!", object=f"{context.folder}/card.txt")
    assert await context.store.read_range(result.object, 0, 100) == b"Hello, Ada!"


def test_a_module_that_settings_name_registers_its_product() -> None:
    registry = Registry.load(["examples.hello_pipeline"], PRODUCTS)
    assert registry.get("hello") is HELLO
    assert [product.name for product in registry.products][-1] == "hello"
    assert "greetings/" in {owned.prefix for owned in registry.owned}
