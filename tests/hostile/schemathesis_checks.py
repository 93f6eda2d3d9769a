"""What schemathesis is given of our own: who asks, one more check, and a count of what was tried.

Loaded by its process; what it needs to know stands in the environment.
"""

import atexit
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import schemathesis

from tests.hostile.promises import broken_promises

_cases: Counter[str] = Counter()


@schemathesis.auth(refresh_interval=600)
class SignedIn:
    """Signs in anew when it is answered 401: some operations end the session that asks."""

    def get(self, case: Any, context: Any) -> str:
        form = json.loads(os.environ["RAG_HOSTILE_SIGN_IN"])
        answer = httpx.post(f"{os.environ['RAG_HOSTILE_HOST']}/api/auth/token", data=form, timeout=30)
        return str(answer.raise_for_status().json()["access_token"])

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.check
def every_answer_keeps_the_promises(ctx: Any, response: Any, case: Any) -> None:
    headers = [(name, value) for name, values in response.headers.items() for value in values]
    broken = broken_promises(response.status_code, headers, response.content or b"")
    assert not broken, broken


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    _cases[f"{response.status_code // 100}xx {case.operation.label}"] += 1


def _write() -> None:
    Path(os.environ["RAG_HOSTILE_COUNTS"]).write_text(json.dumps(_cases))


atexit.register(_write)
