"""What a month costs: a load and a tier in, a bill of lines out. For `bench.cost`, `bench.simulate_scale`.

A load is `questions` asked in the month and `documents` kept, each ingested once. Where a figure was
measured, `bench/RESULTS.md` has it; the others are `Assumptions` that anybody can set otherwise.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bench.cost.prices import Price

HOURS = 730.0  # of a month
DAYS = 365 / 12
PARTITIONS = (1, 2, 3, 4, 6, 12)  # that a search service can be divided into
Tier = Literal["dev", "functions", "aks"]
# As the parameter files of infra/bicep have them: `dev`, and `prod` for the other two.
CHAT: Mapping[Tier, str] = {"dev": "gpt_4_1_mini", "functions": "gpt_4_1", "aks": "gpt_4_1"}
REPLICAS: Mapping[Tier, int] = {"dev": 1, "functions": 3, "aks": 3}  # of the search service
READY: Mapping[Tier, int] = {"dev": 1, "functions": 2, "aks": 0}  # instances of the Function App


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    pages: float = 10  # of a document
    page_chars: float = 2_500
    file_mb: float = 0.5
    chunk_chars: float = 900  # RAG_CHUNK_CHARS
    chunk_overlap: float = 120  # RAG_CHUNK_OVERLAP
    dimension: float = 1_536  # AZURE_OPENAI_EMBEDDING_DIMENSION
    token_chars: float = 4
    prompt_tokens: float = 3_300  # RAG_CONTEXT_TOKENS, instructions and question
    answer_tokens: float = 200
    cached_share: float = 0.0  # of questions that the answer cache has: nobody may count on any
    answer_seconds: float = 4.0  # that an answer holds its request open
    instance_gb: float = 2.0  # of Flex Consumption
    shared_by: float = 4.0  # requests that an instance works on at once, on average
    peak: float = 5.0  # times the average
    answers_per_core: float = 80.0  # a second: bench/RESULTS.md has about 170 a second of two cores
    ingest_seconds: float = 3.0
    log_kb: float = 1.5  # of a question or a document: its line and its sampled trace
    series: float = 1_500  # of metrics that one replica tells, once a minute


@dataclass(frozen=True, kw_only=True)
class Load:
    name: str
    questions: float
    documents: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """`is_idle`: costs the same without a single question."""

    service: str
    what: str
    usd: float
    is_idle: bool


@dataclass(frozen=True, kw_only=True)
class SearchSize:
    sku: str
    partitions: int
    replicas: int
    usd: float  # a month


# Of services made since April 2024: disk and vector quota of a partition in GB, most partitions and replicas.
_SEARCH = {
    "search_basic": (15, 5, 3, 3),
    "search_s1": (160, 35, 12, 12),
    "search_s2": (512, 150, 12, 12),
    "search_s3": (1024, 300, 12, 12),
}
_MOST_UNITS = 36


def chunks_of(documents: float, given: Assumptions) -> float:
    return documents * math.ceil(given.pages * given.page_chars / (given.chunk_chars - given.chunk_overlap))


def index_gb(documents: float, given: Assumptions) -> tuple[float, float]:
    """(disk, vector quota). Vectors are kept whole for re-scoring, as a stored field, and as int8 codes."""
    chunks = chunks_of(documents, given)
    codes = given.dimension * 1.1  # the graph of HNSW beside them
    text = given.chunk_chars * 3  # stored, its inverted lists, the other fields
    return chunks * (2 * 4 * given.dimension + codes + text) / 1e9, chunks * codes / 1e9


def search_size(
    documents: float, prices: Mapping[str, Price], given: Assumptions, *, replicas: int
) -> SearchSize | None:
    """The cheapest that holds them; None if no single service does."""
    disk, vectors = index_gb(documents, given)
    found = []
    for sku, (gb, quota, most, most_replicas) in _SEARCH.items():
        fitting = [n for n in PARTITIONS if n <= most and n * gb >= disk and n * quota >= vectors]
        if fitting and replicas <= most_replicas and fitting[0] * replicas <= _MOST_UNITS:
            usd = fitting[0] * replicas * prices[sku].usd * HOURS
            found.append(SearchSize(sku=sku, partitions=fitting[0], replicas=replicas, usd=usd))
    return min(found, key=lambda size: size.usd, default=None)


def bill(
    load: Load, tier: Tier, prices: Mapping[str, Price], given: Assumptions, *, chat: str = ""
) -> list[Line]:
    """`chat`: another model than the tier's."""
    lines = [*_models(load, chat or CHAT[tier], prices, given), *_stores(load, tier, prices, given)]
    if tier == "aks":
        lines += _cluster(load, prices, given)
    else:
        lines += _functions(load, tier, prices, given)
    return [*lines, *_watching(load, tier, prices, given)]


def _models(load: Load, chat: str, prices: Mapping[str, Price], given: Assumptions) -> Iterator[Line]:
    asked = load.questions * (1 - given.cached_share) / 1e6
    usd = asked * given.prompt_tokens * prices[f"{chat}_prompt"].usd
    usd += asked * given.answer_tokens * prices[f"{chat}_answer"].usd
    yield Line(service="Azure OpenAI", what="answers", usd=usd, is_idle=False)
    tokens = chunks_of(load.documents, given) * given.chunk_chars / given.token_chars + load.questions * 20
    usd = tokens / 1e6 * prices["embedding_tokens"].usd
    yield Line(service="Azure OpenAI", what="embeddings", usd=usd, is_idle=False)


def _stores(load: Load, tier: Tier, prices: Mapping[str, Price], given: Assumptions) -> Iterator[Line]:
    twice = 1 if tier == "dev" else 2  # production keeps a second of each
    size = search_size(load.documents, prices, given, replicas=REPLICAS[tier])
    if size is None:
        raise ValueError("more documents than one search service holds: divide them (docs/scale.md)")
    what = f"{size.sku.removeprefix('search_').upper()}, {size.partitions} × {size.replicas}"
    yield Line(service="AI Search", what=what, usd=size.usd, is_idle=True)
    mongo, disk = _mongo(load, tier)
    usd = twice * prices[mongo].usd * HOURS + twice * disk * prices["mongo_gib"].usd
    yield Line(service="DocumentDB", what=f"{mongo[6:].upper()} × {twice}, {disk} GiB", usd=usd, is_idle=True)
    smallest = "redis_b0" if tier == "dev" else "redis_b1"
    redis = "redis_b20" if load.questions > 1e6 else "redis_b5" if load.questions > 1e4 else smallest
    usd = twice * prices[redis].usd * HOURS
    yield Line(service="Redis", what=f"{redis[6:].upper()} × {twice}", usd=usd, is_idle=True)
    usd = load.documents * given.file_mb / 1000 * prices["blob_gb"].usd
    yield Line(service="Storage", what="files kept", usd=usd, is_idle=True)
    millions = load.documents / 1e6
    usd = millions * (
        prices["blob_writes"].usd + prices["event_grid"].usd + 8 * prices["queue_operations"].usd
    )
    polls = 60 * 24 * DAYS * 12 * 4 / 1e6  # four queues, looked at every five seconds
    usd += polls * prices["queue_operations"].usd
    yield Line(service="Storage", what="uploads, events, queues", usd=usd, is_idle=False)


def _mongo(load: Load, tier: Tier) -> tuple[str, int]:
    """Size and disk in GiB: 3 KB for a document's record and 4 KB for a turn of a conversation."""
    needed = (load.documents * 3 + load.questions * 4) / 1e6
    disk = 2 ** max(5, math.ceil(math.log2(needed + 1)))
    if tier == "dev" and needed < 16:
        return "mongo_m10", disk
    return "mongo_m60" if load.questions > 1e6 else "mongo_m40" if load.questions > 1e4 else "mongo_m30", disk


def _functions(load: Load, tier: Tier, prices: Mapping[str, Price], given: Assumptions) -> Iterator[Line]:
    busy = load.questions * given.answer_seconds + load.documents * given.ingest_seconds
    seconds = busy / given.shared_by * given.instance_gb
    yield Line(
        service="Functions",
        what="questions and ingestion",
        usd=seconds * prices["flex_gb_second"].usd
        + (load.questions + load.documents) / 1e6 * prices["flex_executions"].usd,
        is_idle=False,
    )
    usd = READY[tier] * given.instance_gb * HOURS * 3600 * prices["flex_ready_gb_second"].usd
    yield Line(service="Functions", what="always ready", usd=usd, is_idle=True)


def _cluster(load: Load, prices: Mapping[str, Price], given: Assumptions) -> Iterator[Line]:
    yield Line(service="AKS", what="control plane", usd=prices["aks_standard"].usd * HOURS, is_idle=True)
    per_second = load.questions / (HOURS * 3600) * given.peak
    cores = per_second / given.answers_per_core + load.documents * given.ingest_seconds / (HOURS * 3600)
    more = math.ceil(cores / 3)  # of a node's four cores three are ours
    usd = prices["node_d4"].usd * HOURS
    yield Line(service="AKS", what="3 nodes, one per zone", usd=3 * usd, is_idle=True)
    if more > 3:
        yield Line(service="AKS", what=f"{more - 3} nodes more", usd=(more - 3) * usd, is_idle=False)
    yield Line(service="AKS", what="load balancer", usd=prices["load_balancer"].usd * HOURS, is_idle=True)


def _watching(load: Load, tier: Tier, prices: Mapping[str, Price], given: Assumptions) -> Iterator[Line]:
    gb = (load.questions + load.documents) * given.log_kb / 1e6
    yield Line(service="Monitor", what="logs and traces", usd=gb * prices["logs_gb"].usd, is_idle=False)
    if tier == "aks":
        samples = 4 * given.series * 60 * HOURS / 1e6
        usd = samples * prices["metric_samples"].usd + prices["grafana"].usd * HOURS
        yield Line(service="Monitor", what="Prometheus and Grafana", usd=usd, is_idle=True)
    registry = "registry_basic" if tier == "dev" else "registry_premium"
    yield Line(service="Registry", what=registry[9:], usd=prices[registry].usd * DAYS, is_idle=True)
    if tier != "dev":
        usd = 8 * prices["private_endpoint"].usd * HOURS
        yield Line(service="Network", what="8 private endpoints", usd=usd, is_idle=True)
