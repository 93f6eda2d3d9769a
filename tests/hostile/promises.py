"""What holds for every answer, whatever was asked. Used by the tests of this folder."""

import json
from collections.abc import Iterable

ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_MEMBERS = {"type", "title", "status", "detail", "request_id"}
_TELLING = ("set-cookie", "server", "x-powered-by")


def broken_promises(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> list[str]:
    """One line for each promise that the answer breaks. A preflight has no request id."""
    told: dict[str, str] = {}
    broken = []
    for name, value in ((name.lower(), value) for name, value in headers):
        if name in told:
            broken.append(f"{name} is told twice")
        told[name] = value
    broken += [f"{name}: {told.get(name)}" for name, value in ALWAYS.items() if told.get(name) != value]
    broken += [f"{name} is sent" for name in _TELLING if name in told]
    policy = told.get("content-security-policy", "")
    if "default-src 'none'" not in policy or "frame-ancestors" not in policy:
        broken.append(f"content-security-policy: {policy}")
    if "cache-control" not in told or not {"no-store", "no-cache"} & set(told["cache-control"].split(", ")):
        broken.append(f"cache-control: {told.get('cache-control')}")
    return broken + (_broken_problem(status, told, body) if status >= 400 else [])


def _broken_problem(status: int, told: dict[str, str], body: bytes) -> list[str]:
    if told.get("content-type") != "application/problem+json":
        return [f"an error as {told.get('content-type')}"]
    problem = json.loads(body)
    if set(problem) - {"error"} != _MEMBERS or problem["status"] != status:
        return [f"no problem: {problem}"]
    return [] if problem["request_id"] == told.get("x-request-id") else ["another request id"]
