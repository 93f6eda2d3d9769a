"""What the evaluation of retrieval says is what was found."""

from pathlib import Path

import pytest

from evals.filled_index import filled
from evals.libraries import Asked, Library
from evals.measures import bootstrap, measured
from evals.retrieval import DEFAULT, Variant, asked, table
from shared.domain import ParsedDocument, ParsedPage
from tests.stand_ins.hashing_embedder import HashingEmbedder

A, B, C = ("a", 1), ("b", 1), ("c", 2)
TERMS = "The warranty of the pump lasts for seven years from the day of delivery to the customer."


@pytest.mark.parametrize(
    ("ranking", "wanted", "ndcg", "recall", "hit"),
    [
        ([A, B, C], {A}, 1.0, 1.0, 1.0),
        ([B, B, B, B, B, A], {A}, 1 / 1.584962500721156, 1.0, 0.0),  # sources count once, passages do not
        ([B], {A}, 0.0, 0.0, 0.0),
        ([A, B], {A, C}, 1 / (1 + 1 / 1.584962500721156), 0.5, 1.0),
        ([], {A}, 0.0, 0.0, 0.0),
    ],
)
def test_measures_of_a_ranking(ranking: list, wanted: set, ndcg: float, recall: float, hit: float) -> None:
    found = measured(ranking, ranking[:1], frozenset(wanted))
    assert found["ndcg@10"] == pytest.approx(ndcg)
    assert (found["recall@10"], found["hit@5"]) == (recall, hit)
    assert found["in prompt"] == len(wanted.intersection(ranking[:1])) / len(wanted)


def test_a_difference_is_chance_if_it_hangs_on_few_questions() -> None:
    assert bootstrap([1.0] + [0.0] * 20).is_chance
    assert not bootstrap([0.1] * 20 + [0.0] * 5).is_chance


async def test_a_variant_differs_from_the_default_in_what_it_says(tmp_path: Path) -> None:
    texts = {"a": TERMS, "b": TERMS, **{str(n): f"A pump and a warranty, case {n}." for n in range(9)}}
    library = Library(
        name="small",
        documents={
            name: ParsedDocument(title="", pages=(ParsedPage(number=1, text=text),))
            for name, text in texts.items()
        },
        questions=(Asked(text=TERMS, sources=frozenset({("a", 1), ("b", 1)})),),
    )
    async with filled(library, HashingEmbedder(), tmp_path) as there:
        found = {
            variant.name: await asked(variant, library, there)
            for variant in (DEFAULT, Variant(name="kept", same=2.0))
        }
    assert found["default"]["in prompt"] == [0.5]
    assert found["kept"]["in prompt"] == [1.0]
    rows = table(library, there.chunks, found).splitlines()
    assert rows[0] == "**small**: 11 passages, 1 questions"
    assert rows[-1].endswith("**1.000 (+0.500 … +0.500)** |")
