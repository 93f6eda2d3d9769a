"""What Hypothesis chooses from. Used by the machine."""

import hypothesis.strategies as st

from shared.domain import EVERYONE
from tests.isolation.asks import DIALECTS
from tests.isolation.deeds import SLOTS
from tests.isolation.truth import Place

people = st.integers(0, 7)
some = st.integers(0, 15)  # of those that there are
slots = st.integers(0, SLOTS - 1)
dialects = st.sampled_from(DIALECTS)
places: st.SearchStrategy[Place] = st.sampled_from(("own", "shared", "organisation"))
audiences = st.sets(
    st.sampled_from((EVERYONE, "ada", "ben", "cat", "dan", "eva", "fay", "gus")) | st.integers(0, 4),
    min_size=1,
    max_size=3,
)
top_ks = st.sampled_from((8, 2, 1))
narrowings = st.fixed_dictionaries(
    {"top_k": top_ks, "mode": st.sampled_from(("hybrid", "text"))},
    optional={
        "filters": st.sampled_from(
            ({"folder": "shared"}, {"types": ["txt"]}, {"tags": ["pumps"]}, {"since": "2020-01-01"})
        )
    },
)
