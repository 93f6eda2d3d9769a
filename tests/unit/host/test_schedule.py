"""NCRONTAB: which moments a schedule names."""

from datetime import UTC, datetime

import pytest

from host.schedule import parse

SUNDAY_EVENING = datetime(2026, 11, 22, 23, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * * *", "2026-11-22 23:59:31"),
        ("0 */5 * * * *", "2026-11-23 00:00:00"),
        ("30 59 23 * * *", "2026-11-23 23:59:30"),
        ("0 0 12 * * 0", "2026-11-29 12:00:00"),
        ("0 30 6-8 * * 1-5", "2026-11-23 06:30:00"),
        ("5,45 59 * * * *", "2026-11-22 23:59:45"),
        ("0 0 0 1 */2 *", "2027-01-01 00:00:00"),
        ("0 0 0 29 2 *", "2028-02-29 00:00:00"),
        ("0 10/20 * * * *", "2026-11-23 00:10:00"),
        ("0 0 0 13 * 5", "2027-08-13 00:00:00"),
    ],
)
def test_the_next_moment_is_the_first_match_after_now(expression: str, expected: str) -> None:
    moment = parse(expression).next_after(SUNDAY_EVENING)
    assert moment == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_moment_that_matches_is_not_its_own_next() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert parse("0 0 12 * * *").next_after(noon) == noon.replace(day=23)


def test_parts_of_a_second_do_not_fire_twice() -> None:
    late = datetime(2026, 11, 22, 12, 0, 0, 900_000, tzinfo=UTC)
    assert parse("0 0 12 * * *").next_after(late).day == 23


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("*/5 * * * *", "six fields"),
        ("60 * * * * *", "second"),
        ("0 x * * * *", "minute"),
        ("0 0 5-3 * * *", "hour"),
        ("0 0 0 0 * *", "day"),
        ("0 0 0 * 13 *", "month"),
        ("0 0 0 * * */0", "weekday"),
    ],
)
def test_a_bad_field_is_named(expression: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(expression)


def test_a_day_that_never_comes_is_refused() -> None:
    with pytest.raises(ValueError, match="never"):
        parse("0 0 0 31 2 *").next_after(SUNDAY_EVENING)
