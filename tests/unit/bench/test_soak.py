"""Whether something grows is told rightly, and the steady load does all kinds of things to a real host."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bench.soak.__main__ import report, soak
from bench.soak.load import MixedLoad
from bench.soak.sizes import Sizes, growth, sizes
from tests.real_host import RealHost
from tests.stand_ins.weights import weights

__all__ = ["weights"]


def test_growth_is_that_after_the_warm_up_whatever_single_samples_say() -> None:
    numbers = random.Random(1)
    minutes = [float(minute) for minute in range(61)]
    steady = [100 + numbers.random() for _ in minutes]
    leaking = [value + 3 * minute / 60 for value, minute in zip(steady, minutes, strict=True)]
    for values in (steady, leaking):
        values[:12] = range(12)  # while it warms up
        values[30] += 500
    assert growth(minutes, steady) == pytest.approx(0, abs=0.3)
    assert growth(minutes, leaking) == pytest.approx(3, abs=0.3)


def test_a_process_is_looked_at_with_its_children(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(bytes(2**20))
    alone = sizes(os.getpid(), tmp_path, minutes=1.0)
    code = "held = bytearray(40 * 2**20); input()"
    with subprocess.Popen([sys.executable, "-uc", code], stdin=subprocess.PIPE) as child:
        try:
            grown = alone
            for _ in range(1_000):
                grown = sizes(os.getpid(), tmp_path, minutes=2.0)
                if grown.children_unshared > alone.children_unshared + 40:
                    break
        finally:
            child.kill()
    assert grown.children_unshared > alone.children_unshared + 40
    assert grown.children == alone.children + 1
    assert grown.files > alone.files
    assert grown.data == 1.0
    assert alone.rss > alone.unshared > 1
    assert grown.cpu >= alone.cpu > 0


@pytest.mark.slow
@pytest.mark.embedder
def test_everything_that_people_do_is_answered_as_it_should_be(tmp_path: Path, weights: Path) -> None:
    with RealHost(tmp_path / "data", models=weights) as host:
        load = MixedLoad(host)
        load.prepare()
        for thing in load.things:
            thing()
        samples = soak(host, load, minutes=0.02, rate=2.0, every=0.5)
        load.close()
    assert load.failed == {}
    assert min(sample.rss for sample in samples) > 10
    assert load.done.total() > 0


def test_the_report_tells_growth_by_the_hour_and_by_things_done() -> None:
    samples = [
        Sizes(
            minutes=float(minute),
            rss=100 + minute / 60,
            unshared=50.0,
            children_unshared=0.0,
            children=0,
            files=10,
            threads=5,
            data=1.0,
            cpu=minute * 6.0,
        )
        for minute in range(0, 121, 10)
    ]
    told = report(samples, Counter(ask=4_000), Counter())
    assert "| host, memory (RSS), MiB | 100 | 100 | 102 | 102 | +1.00 | +0.500 |" in told
    assert "took\n10% of a core" in told
