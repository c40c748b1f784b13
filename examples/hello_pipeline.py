"""A whole product in one file: two stages, a pipeline, and the product that lists it.

Run it from the root of this repository. ``PYTHONPATH`` is needed because this module is not part of the package: the
server imports it by name, and so do the Ray workers, which inherit the variable from the server. It is an absolute path
because a worker may have another working directory. ::

    export PYTHONPATH="$PWD"
    export MOMENTS_PIPELINES='["examples.hello_pipeline"]'
    moments up

In a second terminal::

    echo '{"name": "Ada"}' > hello.json
    moments start hello --json hello.json --watch

or, without the command line::

    curl -s --json '{"pipeline": "hello", "request": {"name": "Ada"}}' localhost:7005/api/runs
    curl -s localhost:7005/api/runs/RUN

``result`` of the run is ``{"text": "Hello, Ada!", "object": "greetings/…/card.txt"}``. Each request begins a run of its
own, because the pipeline names no ``subject``; with one, the same request again is answered with the run that did it.
On a cluster that others started, every node needs this module on its path.
"""

from __future__ import annotations

from pydantic import Field

from moments_ray.engine import Context, Pipeline, Resources, Value, stage
from moments_ray.engine.product import Owned, Product


class HelloRequest(Value):
    """Whom to greet; this is what ``POST /api/runs`` takes as ``request``."""

    name: str = Field(min_length=1, max_length=100)


class Greeting(Value):
    """What the first stage gives."""

    text: str


class HelloResult(Value):
    """What the pipeline gives: the greeting, and the name of the object that holds it."""

    text: str
    object: str


@stage("HELLO_GREETING", resources=Resources(cpus=0.5), timeout=60)
async def greet(ctx: Context, request: HelloRequest) -> Greeting:
    """Make the greeting."""
    await ctx.progress(0.5)
    return Greeting(text=f"Hello, {request.name}!")


@stage("HELLO_CARD", resources=Resources(cpus=0.5), timeout=60)
async def write_card(ctx: Context, greeting: Greeting) -> HelloResult:
    """Write the greeting to the store; a second try writes the same object again."""
    name = f"{ctx.folder}/card.txt"
    stored = await ctx.store.put_bytes(name, greeting.text.encode(), content_type="text/plain")
    return HelloResult(text=greeting.text, object=stored.name)


HELLO = Pipeline("hello", greet, write_card, takes=HelloRequest, gives=HelloResult, folder="greetings/{subject}")

PRODUCT = Product("hello", pipelines=(HELLO,), owned=(Owned("greetings/"),))
