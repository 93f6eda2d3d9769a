"""The local model's own process: a GGUF file that answers chats. Started by llama_process, as a script.

A line of JSON in: `{"messages": [...], "max_tokens": n}`. Lines out: `{"text": "…"}` for each piece, then
`{"usage": [prompt, completion]}`, or `{"error": "…", "too_long": share}`: what part of the prompt would fit.
It imports nothing of ours, so that any interpreter with xllamacpp can run it, and ends when its input does:
however the host ends, nothing is left behind.
"""

import json
import os
import queue
import secrets
import sys
import threading
from typing import Any, TextIO

_BATCH = 128  # tokens of a prompt that are read at once


def main() -> None:
    """Arguments: the model's file, the tokens of its window, its threads."""
    model, window, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.nice(5)  # the host comes first
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is no answer
    asked: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(asked,), daemon=True).start()
    server = _open(model, window, threads)
    while True:
        _answer(server, json.loads(asked.get()), out)


def _read(asked: "queue.SimpleQueue[str]") -> None:
    for line in sys.stdin:
        asked.put(line)
    os._exit(0)  # in the middle of an answer too


def _open(model: str, window: int, threads: int) -> Any:
    import xllamacpp  # noqa: PLC0415  after the reading began

    params = xllamacpp.CommonParams()
    params.model.path = model
    params.n_ctx = window
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = _BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.warmup = False
    params.cache_ram_mib = 0
    params.verbosity = -1
    # It opens a port on this machine whether one wants it or not: nobody is told anything there.
    params.api_keys = [secrets.token_hex()]
    params.endpoint_slots = params.ui = False
    return xllamacpp.Server(params)


def _answer(server: Any, request: dict[str, Any], out: TextIO) -> None:
    def say(**event: object) -> None:
        out.write(json.dumps(event) + "\n")
        out.flush()

    def piece(chunk: dict[str, Any]) -> None:
        if error := chunk.get("error"):
            asked, window = error.get("n_prompt_tokens"), error.get("n_ctx")
            say(error=str(error.get("message")), too_long=window / asked if asked and window else None)
        elif chunk.get("usage"):
            say(usage=[chunk["usage"]["prompt_tokens"], chunk["usage"]["completion_tokens"]])
        elif chunk.get("choices") and (text := chunk["choices"][0]["delta"].get("content")):
            say(text=text)

    asked = {"stream": True, "stream_options": {"include_usage": True}, "temperature": 0.0, **request}
    try:
        server.handle_chat_completions(asked, piece)
    except (RuntimeError, ValueError) as error:
        say(error=str(error))


if __name__ == "__main__":
    main()
