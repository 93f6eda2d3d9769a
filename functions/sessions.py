"""One's own sessions and password over HTTP: list, end, sign out everywhere, change the password."""

import time
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import Caller, ServicesOf
from shared.auth import sessions
from shared.domain import Session

router = APIRouter(tags=["accounts"])

_MOST_TOLD = 100  # sessions: a script that signs in for each call makes thousands


class PasswordChange(BaseModel):
    model_config = ConfigDict(extra="forbid")

    current_password: str = Field(max_length=1000)
    new_password: str = Field(max_length=1000)


@router.get("/api/auth/sessions")
async def list_sessions(caller: Caller, services: ServicesOf) -> dict[str, Any]:
    """Where the caller is signed in: the hundred used last, the latest first."""
    live = await services.metadata.sessions(caller.user_id, now=time.time())
    told = live[:_MOST_TOLD]
    return {"sessions": [_json(session, is_current=session.id == caller.family_id) for session in told]}


@router.delete("/api/auth/sessions", status_code=204)
async def end_sessions(caller: Caller, services: ServicesOf, others: bool = False) -> None:
    """Sign out everywhere; with `others=true` everywhere else."""
    spare = caller.family_id if others else None
    await sessions.end_sessions(caller.user_id, store=services.metadata, spare=spare)


@router.delete("/api/auth/sessions/{session_id}", status_code=204)
async def end_session(session_id: str, caller: Caller, services: ServicesOf) -> None:
    """Sign out there."""
    await sessions.end_session(session_id, user_id=caller.user_id, store=services.metadata)


@router.put("/api/auth/password", status_code=204)
async def change_password(body: PasswordChange, caller: Caller, services: ServicesOf) -> None:
    """Set another password. Signs out everywhere else."""
    await sessions.change_password(
        caller,
        body.current_password,
        body.new_password,
        store=services.metadata,
        passwords=services.passwords,
        cache=services.cache,
    )


def _json(session: Session, *, is_current: bool) -> dict[str, Any]:
    return {
        "id": session.id,
        "began_at": _time(session.began_at),
        "used_at": _time(session.used_at),
        "ends_at": _time(session.expires_at),  # unless it is used before
        "client": session.client,
        "is_current": is_current,
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
