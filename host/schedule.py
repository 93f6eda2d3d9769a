"""NCRONTAB: the six fields `second minute hour day month weekday` of a timer trigger. Used by timer_trigger.

A field is `*`, a number, a range `a-b`, any of these with a step `/n`, or a list of such. Sunday is 0.
All six must match, as in NCrontab (plain cron joins day and weekday with "or"). Times are UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_FIELDS = (
    ("second", 0, 59),
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day", 1, 31),
    ("month", 1, 12),
    ("weekday", 0, 6),
)
_HORIZON_DAYS = 366 * 8  # 29 February, across a century that is no leap year


@dataclass(frozen=True, kw_only=True)
class Schedule:
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime) -> datetime:
        """The first match later than `moment`. Errors: `ValueError` for a day that never comes."""
        earliest: tuple[int, int, int] | None = (moment.hour, moment.minute, moment.second)
        for offset in range(_HORIZON_DAYS):
            day = moment.date() + timedelta(days=offset)
            if self._has_day(day):
                for hour, minute, second in self._times():
                    if earliest is None or (hour, minute, second) > earliest:
                        return datetime.combine(day, time(hour, minute, second), UTC)
            earliest = None
        raise ValueError("the schedule never comes round")

    def _has_day(self, day: date) -> bool:
        return day.day in self.days and day.month in self.months and day.isoweekday() % 7 in self.weekdays

    def _times(self) -> list[tuple[int, int, int]]:
        return [(h, m, s) for h in self.hours for m in self.minutes for s in self.seconds]


def parse(expression: str) -> Schedule:
    """Errors: `ValueError` that names the field."""
    fields = expression.split()
    if len(fields) != len(_FIELDS):
        raise ValueError(f"schedule {expression!r} needs six fields: second minute hour day month weekday")
    seconds, minutes, hours, days, months, weekdays = (
        _values(field, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True)
    )
    return Schedule(
        seconds=seconds,
        minutes=minutes,
        hours=hours,
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(weekdays),
    )


def _values(field: str, name: str, low: int, high: int) -> tuple[int, ...]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            start = low if span == "*" else int(first)
            end = high if span == "*" or (step and not last) else int(last or first)
            chosen = range(start, end + 1, int(step or 1))
        except ValueError as error:
            raise ValueError(f"{name} of a schedule cannot be {field!r}") from error
        if not chosen or start < low or end > high:
            raise ValueError(f"{name} of a schedule cannot be {field!r}: {low} to {high}")
        values.update(chosen)
    return tuple(sorted(values))
