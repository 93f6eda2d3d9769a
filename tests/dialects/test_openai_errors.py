"""Every problem of the API is an error of the `openai` package, with our words and our name for it."""

import httpx2
import openai
import pytest

from functions.problems import problem_response
from shared import errors


@pytest.mark.parametrize(
    ("error", "raised", "code"),
    [
        (errors.InvalidRequest("said"), openai.BadRequestError, "invalid-request"),
        (errors.NotAuthenticated("said"), openai.AuthenticationError, "not-authenticated"),
        (errors.AccessDenied("said"), openai.PermissionDeniedError, "access-denied"),
        (errors.NotFound("said"), openai.NotFoundError, "not-found"),
        (errors.Conflict("said"), openai.ConflictError, "conflict"),
        (errors.TooLarge("said"), openai.APIStatusError, "too-large"),
        (errors.RateLimited("said", retry_after=7), openai.RateLimitError, "rate-limited"),
        (errors.BackendUnavailable("said", retry_after=7), openai.InternalServerError, "backend-unavailable"),
        (errors.BackendTimeout("said", retry_after=7), openai.InternalServerError, "backend-timeout"),
    ],
)
def test_a_problem_is_the_clients_error(error: Exception, raised: type[Exception], code: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        response = problem_response(error, "r", request.url.path)
        return httpx2.Response(response.status_code, headers=response.headers, content=bytes(response.body))

    with (
        httpx2.Client(transport=httpx2.MockTransport(answer)) as http,
        openai.OpenAI(base_url="http://test/api/v1", api_key="t", max_retries=0, http_client=http) as client,
        pytest.raises(raised) as caught,
    ):
        client.chat.completions.create(model="rag", messages=[{"role": "user", "content": "?"}])
    told = caught.value
    assert isinstance(told, openai.APIStatusError)
    assert told.message == f"Error code: {told.status_code} - said"
    assert (told.code, told.type) == (code, f"urn:rag:problem:{code}")
    waits = "retry_after" in vars(error)
    assert told.response.headers.get("retry-after") == ("7" if waits else None)
