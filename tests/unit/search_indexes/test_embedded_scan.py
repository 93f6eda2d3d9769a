"""The scan of int8 codes: what it finds does not depend on blocks, masks or whether a helper gets a core."""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from shared.search_indexes.embedded_scan import Mask, Scan, quantise, unit_vectors

SIZE, COUNT = 45_000, 100  # more rows than a thread scans without help
_NUMBERS = np.random.default_rng(5)
VECTORS = unit_vectors(_NUMBERS.standard_normal((SIZE, 16)).tolist())
CODES, SCALES = quantise(VECTORS)
QUESTION = VECTORS[4_321].tolist()


class BusyExecutor(Executor):
    """Takes work and never gets to it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return Future()


MASKS = {
    "all": np.ones(SIZE, np.bool_),
    "half": np.arange(SIZE) % 2 == 0,
    "a few everywhere": np.arange(SIZE) % 100 == 0,
    "one stretch": (np.arange(SIZE) >= 20_000) & (np.arange(SIZE) < 20_300),
    "fewer than asked for": np.arange(SIZE) % 1_000 == 0,
    "one": np.arange(SIZE) == 44_999,
    "none": np.zeros(SIZE, np.bool_),
}


def expected(mask: Mask) -> list[int]:
    code, _ = quantise(unit_vectors([QUESTION]))
    products = CODES.astype(np.int64) @ code[0].astype(np.int64)
    scores = products.astype(np.float32) * SCALES
    allowed = np.flatnonzero(mask)
    best: list[int] = allowed[np.lexsort((allowed, -scores[allowed]))][:COUNT].tolist()
    return best


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("helpers", [ThreadPoolExecutor, BusyExecutor])
def test_the_best_allowed_rows_are_found_in_order(mask: Mask, helpers: Callable[[], Executor]) -> None:
    with helpers() as executor:
        scan = Scan(QUESTION, CODES, SCALES, mask, COUNT)
        scan.begin(executor)
        slots, scores = scan.best()
    assert slots.tolist() == expected(mask)
    cosines = VECTORS[slots] @ VECTORS[4_321]
    np.testing.assert_allclose(scores, cosines, atol=0.02)
    np.testing.assert_allclose(scan.similarities(slots), scores, rtol=1e-6)
    if len(slots):
        mean = VECTORS[slots[:3]].mean(axis=0)
        np.testing.assert_allclose(scan.likeness(slots[:3], slots), VECTORS[slots] @ mean, atol=0.02)
    usual = float((VECTORS[mask] @ VECTORS[4_321]).mean()) if mask.any() else 0.0
    assert scan.mean() == pytest.approx(usual, abs=0.002)


def test_equal_scores_go_to_the_first_rows() -> None:
    same = np.tile(CODES[:1], (300, 1))
    scan = Scan(QUESTION, same, np.tile(SCALES[:1], 300), np.ones(300, np.bool_), 300)
    assert scan.best()[0].tolist() == list(range(300))


def test_an_empty_table_has_no_best_rows() -> None:
    nothing = np.zeros((0, 16), np.int8)
    scan = Scan(QUESTION, nothing, np.zeros(0, np.float32), np.zeros(0, np.bool_), COUNT)
    assert scan.best()[0].tolist() == []
