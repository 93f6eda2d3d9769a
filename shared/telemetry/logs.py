"""Logs: one event name with fields per line, JSON for machines and short text on a terminal.

`event` is called everywhere; `configure` once, by whoever owns the process (the standalone host, the
CLI). Under the Functions host the worker owns logging: there function_app calls `complete`.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

from shared.telemetry.origin import origin
from shared.telemetry.traces import current, ids_left_by

# Their least level is that of warnings: they log every round and request, with its whole address.
CHATTY = ("watchfiles", "httpx", "httpx2", "azure", "pymongo")
_FIELDS = "event_fields"
_NOT_IN_A_WORD = re.compile(r'[\s"\\=]')
_OF_EVERY_RECORD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", _FIELDS}


def event(
    logger: logging.Logger,
    name: str,
    /,
    *,
    level: int = logging.INFO,
    error: BaseException | None = None,
    **fields: object,
) -> None:
    """Log that `name` happened, with the traceback of `error` if there is one.

    Never put question, password, token or document text into `fields`.
    """
    logger.log(level, name, exc_info=error, extra={_FIELDS: fields})


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every log record of this process to `stream` (standard error), from `level` on."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(ShortText() if out.isatty() else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    # No line shows these, and each costs every line something.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


def complete() -> None:
    """Let the fields of events be written by whoever has set up logging without a form of their own.

    The worker of the Functions host does so: of each event it would hand on the name, and nothing else.
    """
    for handler in logging.getLogger().handlers:
        if handler.formatter is None:
            handler.setFormatter(JsonLines())


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        for name, value in _place(record).items():
            line.setdefault(name, value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _json(line)


class ShortText(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = "".join(f" {name}={_shown(value)}" for name, value in _fields(record).items())
        line = f"{moment} {record.levelname:<7} {_plain(record.getMessage())}{fields}"
        if not record.exc_info:
            return line
        # Indented, or the message of an error could pass for the next event.
        traceback = self.formatException(record.exc_info).split("\n")
        return "\n".join([line, *(f"  {_plain(each)}" for each in traceback)])


def _place(record: logging.LogRecord) -> dict[str, object]:
    """The request and the span that this belongs to: the one it is written in, or that its error has left."""
    error = record.exc_info[1] if record.exc_info else None
    trace_id, span_id = current.get().ids
    if not trace_id:
        trace_id, span_id = ids_left_by(error)
    request_id = origin.get().request_id
    told = {"trace_id": trace_id, "span_id": span_id, "request_id": request_id}
    return {name: value for name, value in told.items() if value}


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """Those of `event`, and what adapters, which know no telemetry, pass as `extra`."""
    fields = getattr(record, _FIELDS, {})
    extra = {name: value for name, value in vars(record).items() if name not in _OF_EVERY_RECORD}
    return {**extra, **fields} if isinstance(fields, dict) else extra


def _shown(value: object) -> str:
    # A value is never allowed to look like another line or another field.
    text = str(value)
    is_one_word = text.isprintable() and not _NOT_IN_A_WORD.search(text)
    return text if text and is_one_word else _json(text)


def _json(value: object) -> str:
    """In ASCII; of the controls JSON itself lets one stand."""
    return json.dumps(value, default=str).replace("\x7f", "\\u007f")


def _plain(text: str) -> str:
    """Without what a terminal acts on: controls, escape sequences, other line ends, turned directions."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
