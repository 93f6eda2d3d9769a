"""The `UsageStore` part of the `MetadataStore` protocol, of which `base` tells the rest and the errors."""

from collections.abc import Sequence
from typing import Protocol

from shared.domain import DailyUsage, Spent


class UsageStore(Protocol):
    """What each user spent on each day, by language model. Days are as `DailyUsage` writes them."""

    async def add_usage(self, usages: Sequence[DailyUsage]) -> int:
        """Added to what is there, in order, each once. How many were: fewer than all where the store
        failed after the first of them."""

    async def usage(self, user_id: str, *, first_day: str, last_day: str) -> list[DailyUsage]:
        """By day and model."""

    async def usage_by_user(self, *, first_day: str, last_day: str) -> dict[str, Spent]:
        """The sum of each user who asked anything then."""

    async def usage_by_day(self, *, first_day: str, last_day: str) -> dict[tuple[str, str], Spent]:
        """The sum of all users for each day and model, in this order."""

    async def tokens_used(self, day: str) -> int:
        """Of all users together, without those saved."""
