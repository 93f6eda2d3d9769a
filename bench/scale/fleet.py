"""Workers behind a queue, second by second: KEDA asks for replicas, they start, services hold them back.

A fluid model: documents are counted, not followed. Used by `bench.simulate_scale`.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.scale.calls import DOCUMENT


@dataclass(frozen=True, kw_only=True)
class Worker:
    """A replica of `rag-ingest`, and how it comes to be."""

    at_once: int = 4  # host.json: extensions.queues.batchSize
    seconds: float = 3.0  # of a document while nothing holds it back
    tokens: float = 7_400  # embedded, of a document of ten pages
    start_seconds: int = 25  # of a pod on a node that is there
    node_seconds: int = 120  # until a new node takes pods
    pods_per_node: int = 3
    renew_every: float = 3.0  # seconds: a message's hold
    polls: float = 3.0  # a second: the queues that are empty, and the one that is not
    longest: float = 1_800.0  # seconds: host.json's functionTimeout


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The ScaledObject of `rag-ingest`, and Kubernetes' own rules for growing."""

    most: int = 1_000
    per_replica: int = 8  # messages: the trigger's queueLength
    look_every: int = 15  # seconds: pollingInterval
    growth: float = 2.0  # of replicas at the most, each …
    growth_every: int = 15  # … so many seconds
    nodes_at_start: int = 3
    nodes_per_minute: int = 30  # that the cluster autoscaler is given
    most_nodes: int = 1_000


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """A second, of what the services allow."""

    queue: float = 2_000  # messages of one queue: documented
    account: float = 20_000  # requests of one storage account: documented
    embedding_tokens: float = 1_000_000 / 60  # of the deployment's tokens per minute
    embedding_requests: float = 6_000 / 60
    search: float = 150  # batches that the service indexes: assumed, for one S1 unit
    mongo: float = 4_000  # commands: assumed, a thousand for each vCore
    redis: float = 50_000  # commands: assumed
    queues: int = 1  # that uploads are divided into
    accounts: int = 1  # storage accounts that hold the queues


@dataclass(kw_only=True)
class Run:
    """What happened. `timeline`: (second, backlog, replicas asked for, replicas ready)."""

    seconds: int = 0
    worked: float = 0.0
    slowest: float = 0.0  # seconds that a document took at the worst
    idle: float = 0.0  # replica-seconds of waiting
    ready: float = 0.0  # replica-seconds
    bound_by: Counter[str] = field(default_factory=Counter)  # seconds, by what held the fleet back
    timeline: list[tuple[int, float, int, int]] = field(default_factory=list)

    @property
    def binding(self) -> str:
        return self.bound_by.most_common(1)[0][0]


def ceilings(replicas: int, worker: Worker, quotas: Quotas) -> Mapping[str, float]:
    """Documents a second that each part lets through while `replicas` are ready."""
    held = replicas * worker.at_once
    renewals, polls = held / worker.renew_every, replicas * worker.polls
    messages = quotas.queue * quotas.queues - renewals  # what is left for sending, taking, deleting
    requests = quotas.account * quotas.accounts - renewals - polls
    return {
        "replicas": held / worker.seconds,
        "queue": max(messages, 1.0) / 3,
        "storage account": max(requests, 1.0) / (3 + DOCUMENT.blobs),
        "embedding tokens": quotas.embedding_tokens / worker.tokens,
        "embedding requests": quotas.embedding_requests / max(DOCUMENT.openai, 1),
        "search index": quotas.search / DOCUMENT.search,
        "metadata store": quotas.mongo / DOCUMENT.mongo,
        "cache": quotas.redis / DOCUMENT.redis,
    }


def simulate(
    documents: float, worker: Worker, scaling: Scaling, quotas: Quotas, *, limit: int = 90_000
) -> Run:
    """Until a burst of documents is worked off, or `limit` seconds are over."""
    run, backlog, asked, ready = Run(), documents, 0, 0
    nodes = float(scaling.nodes_at_start)
    starting: deque[tuple[int, int]] = deque()  # (second of readiness, replicas)
    for second in range(limit):
        if backlog <= 0:
            break
        wanted = min(scaling.most, math.ceil(backlog / scaling.per_replica))
        if second % scaling.look_every == 0 and asked == 0:
            asked = min(wanted, 1)  # KEDA activates the first one
        elif asked and second % scaling.growth_every == 0:
            asked = min(wanted, max(math.floor(asked * scaling.growth), asked + 4))
        pending = asked - ready - sum(count for _, count in starting)
        if pending > 0:
            nodes = _grow(nodes, asked, worker, scaling)
            starting.extend(_start(second, pending, asked - pending, int(nodes), worker, scaling=scaling))
        while starting and starting[0][0] <= second:
            ready += starting.popleft()[1]
        ready = min(ready, max(asked, 0))
        backlog -= _work(run, backlog, ready, worker, quotas)
        run.seconds = second + 1
        if second % 10 == 0:
            run.timeline.append((second, max(backlog, 0.0), asked, ready))
    return run


def _grow(nodes: float, asked: int, worker: Worker, scaling: Scaling) -> float:
    needed = math.ceil(asked / worker.pods_per_node)
    return min(max(nodes, min(needed, nodes + scaling.nodes_per_minute / 60)), scaling.most_nodes)


def _start(
    second: int, pending: int, placed: int, nodes: int, worker: Worker, *, scaling: Scaling
) -> list[tuple[int, int]]:
    """Pods for which there is room; the others ask again in the next second."""
    room = max(nodes * worker.pods_per_node - placed, 0)
    count = min(pending, room)
    is_on_new_node = placed + count > scaling.nodes_at_start * worker.pods_per_node
    delay = worker.start_seconds + (worker.node_seconds if is_on_new_node else 0)
    return [(second + delay, count)] if count else []


def _work(run: Run, backlog: float, ready: int, worker: Worker, quotas: Quotas) -> float:
    """Documents of this second."""
    if not ready:
        run.bound_by["start of replicas"] += 1
        return 0.0
    found = ceilings(ready, worker, quotas)
    binding = min(found, key=lambda name: found[name])
    done = min(found[binding], backlog)
    run.bound_by[binding] += 1
    run.worked += done
    run.ready += ready
    run.idle += ready * (1 - found[binding] / found["replicas"])
    run.slowest = max(run.slowest, ready * worker.at_once / found[binding])
    return done
