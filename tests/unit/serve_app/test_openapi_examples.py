"""The examples of the OpenAPI document: there is one wherever JSON goes, and it is what its schema and route take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from serve_app.factory import create_app
from tests.unit.serve_app.conftest import container

JSON = "application/json"
READ_BY_HAND = {"create_ad"}  # its body is JSON or a form


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    home: Path = tmp_path_factory.mktemp("home")
    return create_app(container(home, lambda: [{"CPU": 8.0}]))


def described(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            if JSON in (sent := operation.get("requestBody", {}).get("content", {})):
                yield f"{name} is sent", sent[JSON]
            for status, answer in operation["responses"].items():
                if status.startswith("2") and JSON in answer.get("content", {}):
                    yield f"{name} answers {status}", answer["content"][JSON]


def test_every_body_and_answer_has_an_example_that_is_valid(app: FastAPI) -> None:
    document = app.openapi()
    wrong = []
    for where, content in described(document):
        schema = {**content["schema"], "components": document["components"]}
        shown = content["example"] if "example" in content else next(iter(content["examples"].values()))["value"]
        wrong += [
            f"{where}: {error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(shown)
        ]
    assert wrong == []


def test_every_example_of_a_request_is_taken_by_its_route(app: FastAPI) -> None:
    sent = {
        operation["operationId"]: operation["requestBody"]["content"][JSON]["example"]
        for operations in app.openapi()["paths"].values()
        for operation in operations.values()
        if "example" in operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    }
    wrong = {}
    for router in app.routes:
        for route in getattr(router, "effective_route_contexts", tuple)():
            if route.unique_id in sent and route.body_field is not None:
                _, errors = route.body_field.validate(sent.pop(route.unique_id), {}, loc=("body",))
                if errors:
                    wrong[route.unique_id] = errors
    assert wrong == {}
    assert sent.keys() <= READ_BY_HAND
