"""A stand-in for Azure AI Search: a real HTTP server on loopback that keeps its state in memory.

It enforces what the service's REST reference (2024-07-01) and its documentation say of keys, batches,
filters, vectors, ETags, aliases and limits, computes real hybrid results, and can be told to fail. Where a
fact of the real service is unsure, the module that needs it says so. In tests: `with SearchService() as s:`.
By hand: `python -m tests.stand_ins.search_service --port 8090 [--tls]`.
"""

from tests.stand_ins.search_service.query import SemanticRanker
from tests.stand_ins.search_service.server import KEY, SearchService

__all__ = ["KEY", "SearchService", "SemanticRanker"]
