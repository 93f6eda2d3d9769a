"""What the served description says of every operation."""

from typing import Any

from fastapi import FastAPI

from functions.shapes import EXAMPLES, MEDIA_TYPES, SHAPES

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
    assert (known | EXAMPLES.keys()) - names == set(), "there is no such operation"


def operations(api: FastAPI) -> list[dict[str, Any]]:
    return [each for methods in api.openapi()["paths"].values() for each in methods.values()]
