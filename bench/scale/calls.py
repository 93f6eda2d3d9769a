"""How often a question and a document call each service, as `tests/story/test_requests_counted.py` counts.

The simulation of `bench.simulate_scale` reckons with these.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Calls:
    """To each service, for one question or for one document of ten pages whose event has arrived."""

    mongo: int
    redis: int
    blobs: int
    queue: int
    search: int
    openai: int


QUESTION = Calls(mongo=5, redis=15, blobs=0, queue=0, search=1, openai=2)
DOCUMENT = Calls(mongo=13, redis=35, blobs=4, queue=0, search=7, openai=1)
