"""A search request on one index: filter, BM25, nearest vectors, their fusion, the semantic ranker.

BM25 with k1 1.2 and b 0.75 per field, summed over the searched fields, with the statistics of the whole
index. A vector scores 1 / (1 + distance), distance 1 - cosine; all vectors are looked at, there is no graph.
Fusion is the sum of 1 / (60 + position). Unsure: the documentation does not say where positions begin; the
scores in its examples (0.0328 = 1/60 + 1/62) speak for 0. The semantic ranker here counts the words that a
passage shares with the question, for its scale of 0 to 4 and its order only.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.stand_ins.search_service.analysis import query_terms
from tests.stand_ins.search_service.errors import Refused
from tests.stand_ins.search_service.filters import parse_filter
from tests.stand_ins.search_service.index import Index, Stored

MAX_TOP, MAX_SKIP, DEFAULT_TOP = 1_000, 100_000, 50
_K1, _B, _RRF_K, _RERANKED = 1.2, 0.75, 60, 50
_TEXT = {
    "search",
    "searchFields",
    "searchMode",
    "queryType",
    "semanticConfiguration",
    "semanticErrorHandling",
}
_VECTORS = {"vectorQueries", "vectorFilterMode"}
_KNOWN = _TEXT | _VECTORS | {"filter", "orderby", "select", "top", "skip", "count"}

Scores = dict[int, float]  # position in the visible documents: score


@dataclass(frozen=True, kw_only=True)
class SemanticRanker:
    """What it does to the next requests. `status` 402: its quota is spent; `is_overloaded`: HTTP 206."""

    status: int = 200
    is_overloaded: bool = False


def search(index: Index, request: Mapping[str, Any], ranker: SemanticRanker) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    if unknown := set(request) - _KNOWN:
        raise Refused(400, f"the stand-in knows no parameter {', '.join(sorted(unknown))}")
    top, skip = _number(request, "top", DEFAULT_TOP, MAX_TOP), _number(request, "skip", 0, MAX_SKIP)
    shown = index.visible()
    passes = parse_filter(request["filter"], index.fields) if request.get("filter") else lambda _: True
    allowed = [at for at, stored in enumerate(shown) if passes(stored.document)]
    scores = _scores(index, request, shown, allowed)
    order = sorted(scores, key=lambda at: (-scores[at], at))
    if request.get("orderby"):
        order = _ordered(index, request["orderby"], shown, order)
    status, reranked = 200, {}
    if request.get("queryType") == "semantic":
        status, reranked = _reranked(index, request, ranker, shown, order)
        order = sorted(reranked or order, key=lambda at: -reranked.get(at, 0.0))
    picked = _selection(index, request.get("select"))
    body: dict[str, Any] = {"@odata.context": "indexes/docs"}
    if request.get("count"):
        body["@odata.count"] = len(order)
    if status == 206:
        body["@search.semanticPartialResponseReason"] = "capacityOverloaded"
        body["@search.semanticPartialResponseType"] = "baseResults"
    body["value"] = [
        {
            "@search.score": scores[at],
            **({"@search.rerankerScore": reranked[at]} if at in reranked else {}),
            **{name: shown[at].document.get(name) for name in picked},
        }
        for at in order[skip : skip + top]
    ]
    return status, body


def _number(request: Mapping[str, Any], name: str, default: int, most: int) -> int:
    value = request.get(name, default)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise Refused(400, f"Value must be between 0 and {most}. Parameter name: ${name}")
    return value


def _scores(index: Index, request: Mapping[str, Any], shown: list[Stored], allowed: list[int]) -> Scores:
    legs = []
    text = request.get("search")
    vectors = request.get("vectorQueries") or []
    if text not in (None, "", "*"):
        legs.append(_bm25(index, request, text, shown, allowed))
    elif not vectors:
        return dict.fromkeys(allowed, 1.0)
    legs.extend(_nearest(index, vector, shown, allowed) for vector in vectors)
    if len(legs) == 1:
        return legs[0]
    fused: Scores = {}
    for leg in legs:
        for position, at in enumerate(sorted(leg, key=lambda one: (-leg[one], one))):
            fused[at] = fused.get(at, 0.0) + 1.0 / (_RRF_K + position)
    return fused


def _bm25(
    index: Index, request: Mapping[str, Any], text: str, shown: list[Stored], allowed: list[int]
) -> Scores:
    searchable = [n for n, field in index.fields.items() if field.get("searchable") and "analyzer" in field]
    names = request["searchFields"].split(",") if request.get("searchFields") else searchable
    if unknown := set(names) - set(searchable):
        raise Refused(400, f"The field '{unknown.pop()}' in the search field list is not searchable.")
    scores: Scores = {}
    for name in names:
        terms = query_terms(text, index.definition, index.fields[name]["analyzer"])
        counts = [Counter(stored.terms[name]) for stored in shown]
        average = sum(count.total() for count in counts) / max(1, len(shown)) or 1.0
        for term in terms:
            frequency = sum(term in count for count in counts)
            weight = math.log(1 + (len(shown) - frequency + 0.5) / (frequency + 0.5))
            for at in allowed:
                if n := counts[at][term]:
                    length = counts[at].total() / average
                    gain = weight * n * (_K1 + 1) / (n + _K1 * (1 - _B + _B * length))
                    scores[at] = scores.get(at, 0.0) + gain
    return scores


def _nearest(index: Index, query: Mapping[str, Any], shown: list[Stored], allowed: list[int]) -> Scores:
    field = index.fields.get(query.get("fields", ""))
    if query.get("kind") != "vector" or field is None or "dimensions" not in field:
        raise Refused(400, "a vector query needs kind 'vector' and a vector field")
    if len(query["vector"]) != field["dimensions"]:
        raise Refused(
            400,
            f"The vector query's field '{field['name']}' expects a length of '{field['dimensions']}'. "
            f"The provided vector has a length of '{len(query['vector'])}'.",
        )
    has = [at for at in allowed if shown[at].document.get(field["name"])]
    if not has:
        return {}
    matrix = np.array([shown[at].document[field["name"]] for at in has], np.float32)
    vector = np.array(query["vector"], np.float32)
    lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    cosines = matrix @ vector / np.where(lengths == 0, 1, lengths)
    best = np.argsort(-cosines, kind="stable")[: query.get("k") or DEFAULT_TOP]
    return {has[n]: 1.0 / (2.0 - float(cosines[n])) for n in best}


def _reranked(
    index: Index, request: Mapping[str, Any], ranker: SemanticRanker, shown: list[Stored], order: list[int]
) -> tuple[int, Scores]:
    configurations = (index.definition.get("semantic") or {}).get("configurations") or []
    if request.get("semanticConfiguration") not in {one["name"] for one in configurations}:
        raise Refused(400, f"Unknown semantic configuration {request.get('semanticConfiguration')!r}")
    if ranker.status != 200:
        raise Refused(ranker.status, "Semantic search is not available: its quota is spent")
    if ranker.is_overloaded:
        if request.get("semanticErrorHandling") != "partial":
            raise Refused(503, "Semantic search is overloaded")
        return 206, {}
    analyzer = index.fields["content"]["analyzer"]
    asked = set(query_terms(request["search"], index.definition, analyzer))
    return 200, {
        at: 4.0 * len(asked & set(shown[at].terms["content"])) / max(1, len(asked))
        for at in order[:_RERANKED]
    }


def _ordered(index: Index, clause: str, shown: list[Stored], order: list[int]) -> list[int]:
    for part in reversed(clause.split(",")):
        name, _, direction = part.strip().partition(" ")
        if not index.fields.get(name, {}).get("sortable") or direction not in ("", "asc", "desc"):
            raise Refused(400, f"'{part}' is no sort clause on a sortable field")
        value: Callable[[int], Any] = lambda at, name=name: shown[at].document[name]  # noqa: E731
        order = sorted(order, key=value, reverse=direction == "desc")
    return order


def _selection(index: Index, select: str | None) -> list[str]:
    readable = [name for name, field in index.fields.items() if field.get("retrievable", True)]
    names = select.split(",") if select else readable
    if unknown := set(names) - set(readable):
        raise Refused(400, f"'{unknown.pop()}' is not a retrievable field")
    return names
