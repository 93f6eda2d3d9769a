"""What the OpenAI stand-in refuses as Azure does: addresses, callers, parameters, prompts.

The texts are those seen from the service; that a missing role is answered 401, not 403, is from reports.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.stand_ins.openai_behaviour import Behaviour

_ROUTE = re.compile(r"/openai/deployments/([^/]+)/(chat/completions|embeddings)")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_ACTION = "Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action"


class Refused(Exception):
    def __init__(self, status: int, message: str, *, code: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "code": code, "type": "invalid_request_error", **more}}


def azure_operation(path: str, behaviour: Behaviour) -> str:
    """`chat` or `embeddings`. Errors: `Refused`."""
    address = urlsplit(path)
    route = _ROUTE.fullmatch(address.path)
    (version,) = parse_qs(address.query).get("api-version", [""])
    if not route or not _VERSION.fullmatch(version):
        raise Refused(404, "Resource not found", code="404")
    kind = behaviour.deployments.get(route[1])
    if kind is None:
        raise Refused(404, "The API deployment for this resource does not exist.", code="DeploymentNotFound")
    if not route[2].startswith(kind):
        raise Refused(
            400, f"The {route[2]} operation does not work with this model.", code="OperationNotSupported"
        )
    return kind


def check_azure_caller(headers: Mapping[str, str], behaviour: Behaviour) -> None:
    key, token = headers.get("api-key"), headers.get("Authorization", "").removeprefix("Bearer ")
    if not (_fits(key, behaviour.api_key) or _fits(token, behaviour.bearer_token)):
        raise Refused(401, "Access denied due to invalid subscription key or wrong API endpoint.", code="401")
    if token and not behaviour.has_role:
        message = f"The principal `p` lacks the required data action `{_ACTION}` to perform this operation."
        raise Refused(401, message, code="PermissionDenied")


def check_parameters(body: Mapping[str, Any], behaviour: Behaviour) -> None:
    for name in sorted(behaviour.refuses & body.keys()):
        match name:
            case "max_completion_tokens":  # before September 2024 nobody knew it
                raise Refused(400, f"Unrecognized request argument supplied: {name}", param=None)
            case "dimensions":
                raise Refused(400, "This model does not support specifying dimensions.", param=None)
            case "temperature":
                message = "Unsupported value: 'temperature' does not support 0 with this model."
                raise Refused(400, message, code="unsupported_value", param=name)
            case _:
                message = f"Unsupported parameter: '{name}' is not supported with this model."
                raise Refused(400, message, code="unsupported_parameter", param=name)
    if behaviour.filters_prompt:
        message = "The response was filtered due to the prompt triggering Azure OpenAI's content management."
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {}}
        raise Refused(400, message, code="content_filter", param="prompt", innererror=inner)


def _fits(sent: str | None, wanted: str | None) -> bool:
    return bool(sent) and wanted in (None, sent)
