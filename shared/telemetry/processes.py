"""Memory of this process and of those it has started, looked up whenever the metrics are read."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_NAME = "rag_worker_memory_bytes"
_HELP = "Resident memory: of this process, of its parsers, and of the local language model."
_MODEL = "llama_server.py"  # in the command of its process


class WorkerMemory(Collector):
    """`host` is this process, with the local embedder in it; `parser` the parsers' server and its children;
    `model` a language model that runs here.

    Pages that parsers share are counted with each of them.
    """

    def collect(self) -> Iterable[Metric]:
        # Imported by who asks: a start has no use for it.
        import psutil  # type: ignore[import-untyped]  # noqa: PLC0415

        this = psutil.Process()
        memory = {"host": this.memory_info().rss, "parser": 0, "model": 0}
        for child in this.children(recursive=True):
            try:
                is_model = any(_MODEL in part for part in child.cmdline())
                memory["model" if is_model else "parser"] += child.memory_info().rss
            except psutil.Error:  # it has ended, or is not ours to look at
                continue
        family = GaugeMetricFamily(_NAME, _HELP, labels=["worker"])
        for worker, rss in memory.items():
            family.add_metric([worker], rss)
        yield family
