"""What a host spends its time on while many ask it. Run by `python -m bench.profile query`.

Once as in bench/query's rows of the instant model, without embedding and searching, and once with them.
"""

from collections.abc import Iterator
from dataclasses import replace

from bench.profile import Groups, Section, watch
from bench.query import AT_ONCE, QUESTION, asked, started, token_of
from bench.query_host.clients import Load

_STREAMS = 100
_WARM_SECONDS = 2.0

GROUPS: Groups = (
    ("the stand-in model", r"query_host|bench/"),
    ("logging", r"\(logging/|telemetry/logs"),
    ("metrics", r"prometheus_client/|telemetry/(metrics|stages)|query/ledger"),
    ("SQLite: the cache", r"shared/caches/"),
    ("SQLite: users, documents, conversations", r"shared/metadata_stores/"),
    ("embedding the question", r"shared/embedders/|onnxruntime/|tokenizers/"),
    ("searching", r"shared/search_indexes/"),
    ("choosing passages", r"query/(retrieve|rank|duplicates|search_queries|expand|rewrite)|shared/shelf"),
    ("the prompt and its key", r"query/prompt|compose/models|query/answer_cache"),
    ("the model's words, piece by piece", r"query/(flights|degrade|reply)|(checked|grounded|feed|_clean) \("),
    ("events to JSON, snippets", r"functions/(answers|query|event_stream)|query/cite|type_adapter"),
    ("who asks, limits, middleware", r"functions/|shared/auth/|host/web"),
    ("FastAPI and Starlette", r"fastapi/|starlette/|pydantic/"),
    ("HTTP parsing and sending", r"uvicorn/"),
    ("the pipeline's head", r"query/"),
    ("handing work to threads", r"sqlite_file|concurrent/futures|threading\.py"),
    ("the event loop", r"asyncio/"),
)


def sections(seconds: float) -> Iterator[tuple[str, Section]]:
    with started() as host:
        load = Load(
            port=host.port,
            token=token_of(host),
            at_once=_STREAMS,
            seconds=seconds,
            question=f"{QUESTION} instant {AT_ONCE}",
        )
        searched = replace(load, question=f"{QUESTION} {AT_ONCE}")
        for key, each, how in (
            ("answering", load, "neither embedded nor searched for"),
            ("searching", searched, "embedded and searched for"),
        ):
            asked(replace(each, seconds=_WARM_SECONDS))
            done, profile = watch(host, lambda each=each: len(asked(each).taken), GROUPS)
            yield (
                key,
                Section(
                    title=f"## Profile of questions, {how}: `python -m bench.profile query`",
                    told=f"{_STREAMS} streams from an instant model, {how}; {done:,} answers.",
                    unit="answer",
                    done=done,
                    profile=profile,
                ),
            )
