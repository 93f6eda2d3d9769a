import pytest

from shared.search_indexes.embedded_fusion import coverage, fuse


def test_both_scores_count_half_from_what_is_usual_to_the_best() -> None:
    fused = fuse({3: 0.9, 5: 0.5, 7: 0.7}, {5: 10.0, 3: 5.0}, usual=0.5, covered=1.0, last_row=9)
    assert [row for row, _ in fused] == [3, 5, 7]
    assert [score for _, score in fused] == pytest.approx([(1 + 0.5) / 2, (0 + 1) / 2, (0.5 + 0) / 2])


def test_what_words_alone_find_is_no_worse_for_being_less_alike_than_usual() -> None:
    fused = fuse({3: 0.9, 5: -0.9}, {5: 10.0}, usual=0.5, covered=1.0, last_row=9)
    assert fused == [(3, pytest.approx(0.5)), (5, pytest.approx(0.5))]


def test_ties_go_to_the_older_row() -> None:
    assert [row for row, _ in fuse({7: 0.9, 3: 0.9}, {}, usual=0.1, covered=1.0, last_row=9)] == [3, 7]


def test_words_that_are_met_by_chance_count_less() -> None:
    cosines = {1: 0.9, 2: 0.7}  # the first means it, the second shares a word of many with the question
    own_language, other_language = (
        fuse(cosines, bm25, usual=0.5, covered=coverage(bm25, 20.0), last_row=9)
        for bm25 in ({2: 10.0}, {2: 1.0})
    )
    assert dict(own_language)[2] == pytest.approx((0.5 + 1) / 2)
    assert dict(other_language)[2] == pytest.approx((0.5 + 0.2) / 2)
    assert (own_language[0][0], other_language[0][0]) == (2, 1)


@pytest.mark.parametrize(
    ("best", "most", "covered"), [(5.0, 20.0, 1.0), (20.0, 20.0, 1.0), (1.0, 20.0, 0.2), (0.0, 20.0, 0.0)]
)
def test_words_count_fully_from_a_quarter_of_what_could_be_found(
    best: float, most: float, covered: float
) -> None:
    assert coverage({1: best, 2: best / 2}, most) == pytest.approx(covered)
    assert coverage({}, most) == coverage({}, 0.0) == 0.0


def test_what_the_text_index_has_yet_to_read_counts_by_its_vector_there_too() -> None:
    fused = fuse({10: 0.9, 3: 0.8, 7: 0.5}, {7: 9.0, 3: 3.0}, usual=0.4, covered=1.0, last_row=9)
    assert fused[0] == (10, pytest.approx(1.0))
    assert {row for row, _ in fused} == {3, 7, 10}


def test_without_candidates_there_is_nothing_and_one_alone_is_no_error() -> None:
    assert fuse({}, {}, usual=0.0, covered=1.0, last_row=0) == []
    assert fuse({4: 0.8}, {}, usual=0.8, covered=1.0, last_row=9) == [(4, 0.0)]
