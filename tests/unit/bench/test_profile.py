"""What profiles say of samples: whose time it was, and what was largest."""

import threading
import time

from bench.profile import Profile, Section, sorted_out, table
from bench.profile_query import GROUPS
from bench.query_host.sampling import Sampler


def test_time_belongs_to_the_innermost_frame_that_belongs_anywhere() -> None:
    groups = (("ours", r"functions/"), ("framework", r"fastapi/"))
    stacks = {
        "run (asyncio/runners.py);app (fastapi/routing.py);query (functions/query.py);dumps (json.py)": 3,
        "run (asyncio/runners.py);query (functions/query.py);app (fastapi/routing.py)": 2,
        "run (asyncio/runners.py)": 1,
    }
    assert sorted_out(stacks, groups) == {"ours": 3, "framework": 2, "the rest": 1}


def test_a_table_names_the_three_largest_before_and_now() -> None:
    section = Section(
        title="## Title",
        told="Told.",
        unit="answer",
        done=10,
        profile=Profile(
            threads={"MainThread": 0.05}, groups={"the rest": 0.5, "b": 0.2, "a": 0.15, "c": 0.1, "d": 0.05}
        ),
    )
    before = {"threads": {"MainThread": 8.0}, "groups": {"d": 0.6, "a": 0.4}}
    text = table(section, before)
    assert "The three largest before: d (60%), a (40%)." in text
    assert "The three largest now: b (20%), a (15%), c (10%)." in text
    assert "| MainThread | 8.00 | 5.00 |" in text
    assert "| b | – | 20.0% |" in text


def test_what_the_main_thread_works_on_is_sampled() -> None:
    sampler = Sampler()
    sampler.start()
    until = time.thread_time() + 0.1
    while time.thread_time() < until:
        sum(range(1000))
    seen = sampler.stop()
    here = test_what_the_main_thread_works_on_is_sampled.__qualname__
    mine = sum(spent for stack, spent in seen["stacks"].items() if here in stack)
    assert mine > 50_000
    assert threading.main_thread().name in seen["threads"]


def test_every_group_of_questions_has_a_name_of_its_own() -> None:
    assert len({name for name, _ in GROUPS}) == len(GROUPS)
