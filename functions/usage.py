"""What was asked and spent: `GET /api/usage`."""

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from functions.dependencies import Caller, RuntimeOf, ServicesOf
from functions.limits import Quota, RequestLimits, tokens_of_today
from shared.domain import Spent
from shared.errors import AccessDenied
from shared.metadata_stores.base import MetadataStore
from shared.query.ledger import day_of

router = APIRouter(tags=["usage"])


@router.get("/api/usage")
async def usage(
    request: Request,
    caller: Caller,
    runtime: RuntimeOf,
    services: ServicesOf,
    *,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    user: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    everybody: Annotated[bool, Query(alias="all")] = False,
) -> dict[str, Any]:
    """The caller's own by day and model, and what is left of the limits; an administrator's: anybody's."""
    if (everybody or user not in (None, caller.user_id)) and not caller.is_administrator:
        raise AccessDenied("what others spend is for administrators")
    await runtime.ledger.write()  # what this process knows and the store does not yet
    first_day, last_day = day_of(days - 1), day_of(0)
    period = {"first_day": first_day, "last_day": last_day}
    if everybody:
        return period | await _of_everybody(services.metadata, first_day, last_day)
    of_whom = user or caller.user_id
    limits: RequestLimits = request.app.state.request_limits
    quotas = await tokens_of_today(of_whom, runtime)
    if of_whom == caller.user_id:
        quotas = await limits.look(of_whom, request, services.cache) + quotas
    found = await services.metadata.usage(of_whom, first_day=first_day, last_day=last_day)
    return {
        "user_id": of_whom,
        **period,
        "total": _spent_json(_sum(each.spent for each in found)),
        "usage": [{"day": each.day, "model": each.model, **_spent_json(each.spent)} for each in found],
        "limits": [_quota_json(quota) for quota in quotas],
    }


async def _of_everybody(store: MetadataStore, first_day: str, last_day: str) -> dict[str, Any]:
    spent = await store.usage_by_user(first_day=first_day, last_day=last_day)
    by_day = await store.usage_by_day(first_day=first_day, last_day=last_day)
    emails = {user.id: user.email for user in await store.list_users()}
    users = sorted(spent, key=lambda user_id: (-spent[user_id].cost, -spent[user_id].tokens, user_id))
    return {
        "total": _spent_json(_sum(spent.values())),
        "usage": [{"day": day, "model": model, **_spent_json(each)} for (day, model), each in by_day.items()],
        "users": [
            {"user_id": user_id, "email": emails.get(user_id), **_spent_json(spent[user_id])}
            for user_id in users
        ],
    }


def _sum(spent: Iterable[Spent]) -> Spent:
    return sum(spent, start=Spent())


def _spent_json(spent: Spent) -> dict[str, Any]:
    return {
        "questions": spent.questions,
        "prompt_tokens": spent.prompt_tokens,
        "completion_tokens": spent.completion_tokens,
        "saved_tokens": spent.saved_tokens,
        "cost_usd": spent.cost / 1e6,
    }


def _quota_json(quota: Quota) -> dict[str, Any]:
    return {
        "name": quota.name,
        "limit": quota.most,
        "left": quota.left,
        "window_seconds": quota.window,
        "resets_in_seconds": quota.resets_in,
    }
