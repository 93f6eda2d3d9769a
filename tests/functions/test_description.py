"""What the served description says of every operation."""

from typing import Any

import pytest
from fastapi import FastAPI

from functions.examples import ANSWERS, REQUESTS
from functions.shapes import MEDIA_TYPES, SHAPES

# Told as objects: their members differ with who asks and for what.
OBJECTS = {"documents_summary", "gate_index", "jwks", "list_models", "model", "usage"}
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_every_operation_says_how_it_refuses(api: FastAPI) -> None:
    for operation in operations(api):
        statuses = set(operation["responses"])
        assert {"400", "503"} <= statuses, operation["operationId"]
        if "security" in operation:
            assert {"401", "403", "404", "429"} <= statuses, operation["operationId"]
        if "requestBody" in operation:
            assert {"408", "409", "413", "415", "422"} <= statuses, operation["operationId"]
        for status, answer in operation["responses"].items():
            if status >= "400" and (operation["operationId"], status) != ("ready", "503"):
                assert answer["content"] == PROBLEM, (operation["operationId"], status)


def test_every_answer_has_a_shape(api: FastAPI) -> None:
    known = SHAPES.keys() | MEDIA_TYPES.keys() | OBJECTS
    empty = {each["operationId"] for each in operations(api) if "204" in each["responses"]}
    names = {each["operationId"] for each in operations(api)}
    assert names - known - empty == set(), "describe them in functions/shapes.py"
    assert (known | REQUESTS.keys() | ANSWERS.keys()) - names == set(), "there is no such operation"


def test_what_takes_a_body_shows_what_to_send_and_what_comes_back(api: FastAPI) -> None:
    for operation in operations(api):
        if "requestBody" not in operation:
            continue
        [sent] = operation["requestBody"]["content"].values()
        assert sent["example"] == REQUESTS[operation["operationId"]]
        answer = next(told for status, told in operation["responses"].items() if status < "300")
        shown = [each for each in answer.get("content", {}).values() if "example" in each]
        assert len(shown) == ("204" not in operation["responses"]), operation["operationId"]


@pytest.mark.parametrize("name", sorted(ANSWERS.keys() & SHAPES.keys()))
def test_an_example_of_an_answer_has_the_shape_of_one(name: str) -> None:
    SHAPES[name].model_validate(ANSWERS[name])


def operations(api: FastAPI) -> list[dict[str, Any]]:
    return [each for methods in api.openapi()["paths"].values() for each in methods.values()]
