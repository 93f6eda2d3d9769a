"""Signing in, and problems in one line."""

import httpx
import pytest

from cli.client import check, signed_in
from cli.errors import CommandError
from shared.settings import Settings
from tests.real_host import free_port

REQUEST = httpx.Request("GET", "http://host/")


def test_a_problem_is_told_by_its_detail() -> None:
    problem = httpx.Response(404, json={"title": "Not Found", "detail": "no such document"}, request=REQUEST)
    with pytest.raises(CommandError, match=r"^404: no such document$"):
        check(problem)


def test_an_answer_that_is_no_problem_is_told_by_its_status() -> None:
    with pytest.raises(CommandError, match=r"^502: Bad Gateway$"):
        check(httpx.Response(502, text="<html>", request=REQUEST))


def test_a_host_that_is_not_there_is_named_with_the_way_out() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with (
        pytest.raises(CommandError, match=f"no host answers at {address}.*rag serve"),
        signed_in(Settings(token="t"), url=address, email=None, password=None) as client,  # type: ignore[arg-type]
    ):
        client.get("/api/documents")


def test_without_token_or_address_it_says_what_to_give() -> None:
    with (
        pytest.raises(CommandError, match="--email, or set RAG_TOKEN"),
        signed_in(Settings(token=None), url=None, email=None, password=None),
    ):
        pass
