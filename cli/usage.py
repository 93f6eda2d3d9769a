"""`rag usage`: what was asked and spent, a line per day and model, or per user. Called by cli.main."""

from typing import Any

import httpx
import typer

from cli.client import check


def show(client: httpx.Client, *, days: int, user: str | None, everybody: bool) -> None:
    asked = {"days": days, "all": everybody} | ({"user": user} if user else {})
    told = check(client.get("/api/usage", params=asked)).json()
    if everybody:
        rows = [(each["email"] or each["user_id"], each) for each in told["users"]]
    else:
        rows = [(f"{each['day']}  {each['model']}", each) for each in told["usage"]]
    rows.append((f"{told['first_day']} to {told['last_day']}", told["total"]))
    width = max(len(name) for name, _ in rows)
    for name, spent in rows:
        typer.echo(f"{name:<{width}}  {_spent(spent)}")
    for limit in told.get("limits", []):
        typer.echo(f"{limit['name']}: {limit['left']:,} of {limit['limit']:,} left")


def _spent(spent: dict[str, Any]) -> str:
    tokens = f"{spent['prompt_tokens']:,} + {spent['completion_tokens']:,} tokens"
    return (
        f"{spent['questions']:,} questions, {tokens}, "
        f"{spent['saved_tokens']:,} saved, ${spent['cost_usd']:.4f}"
    )
