"""`rag usage`: what was asked and spent, a line per day and model, or per user. Called by cli.main."""

import httpx
import typer

from cli.client import check
from cli.tables import Column, Row, print_json, show

_SPENT = (
    Column(title="questions", value=lambda row: int(row["questions"])),
    Column(title="prompt", value=lambda row: int(row["prompt_tokens"])),
    Column(title="completion", value=lambda row: int(row["completion_tokens"])),
    Column(title="saved", value=lambda row: int(row["saved_tokens"])),
    Column(title="cost $", value=lambda row: round(row["cost_usd"], 4)),
)


def show_usage(
    client: httpx.Client, *, days: int, user: str | None, everybody: bool, as_json: bool = False
) -> None:
    """Tokens of prompts and completions, and those that the cache has saved; the last line is the total."""
    asked = {"days": days, "all": everybody} | ({"user": user} if user else {})
    told = check(client.get("/api/usage", params=asked)).json()
    if as_json:
        print_json(told)
        return
    total = {"day": f"{told['first_day']} to {told['last_day']}", **told["total"]}
    if everybody:
        rows = [{"day": each["email"] or each["user_id"], **each} for each in told["users"]]
    else:
        rows = told["usage"]
    first = Column(title="user" if everybody else "day", value=lambda row: str(row["day"]))
    model = () if everybody else (Column(title="model", value=_model),)
    show([*rows, total], first, *model, *_SPENT)
    for limit in told.get("limits", []):
        typer.echo(f"{limit['name']}: {limit['left']:,} of {limit['limit']:,} left")


def _model(row: Row) -> str:
    return str(row.get("model", ""))
