"""MongoDB's wire protocol in front of DocumentDB: as many commands as the tests need, no more.

`python -m tests.servers.mongo_gateway <port> <folder of PostgreSQL's socket>`, started by `mongo`. Each
client connection gets a thread and a connection to PostgreSQL; every command is one SQL statement, so one
transaction. Not here: authentication, sessions, transactions, change streams, expiry by TTL indexes.
"""

import socketserver
import sys
from datetime import UTC, datetime
from typing import Any

import bson
import psycopg

from tests.servers.mongo_gateway_wire import HEADER, Request, parse, refusal, reply

# What a driver adds to every command; the engine does not know all of it.
_OF_THE_DRIVER = frozenset(
    {"$db", "lsid", "$clusterTime", "$readPreference", "readConcern", "writeConcern", "maxTimeMS"}
)
_BSON = "%s::bytea::documentdb_core.bson"
_CURSORS = {
    "find": "find_cursor_first_page",
    "aggregate": "aggregate_cursor_first_page",
    "listCollections": "list_collections_cursor_first_page",
    "listIndexes": "list_indexes_cursor_first_page",
}
_FUNCTIONS = {
    "insert": f"SELECT p_result::bytea FROM documentdb_api.insert(%s, {_BSON})",
    "update": f"SELECT p_result::bytea FROM documentdb_api.update(%s, {_BSON})",
    "delete": f"SELECT p_result::bytea FROM documentdb_api.delete(%s, {_BSON})",
    "findAndModify": f"SELECT p_result::bytea FROM documentdb_api.find_and_modify(%s, {_BSON})",
    "count": f"SELECT document::bytea FROM documentdb_api.count_query(%s, {_BSON})",
    "createIndexes": "SELECT documentdb_api_internal.create_indexes_non_concurrently"
    f"(%s, {_BSON}, true)::bytea",
}
_NOTHING_TO_DO = frozenset({"ping", "endSessions", "killCursors"})
# MongoDB's codes that drivers know, by the engine's own states and PostgreSQL's.
# A duplicate key (of an index of ours the engine makes an exclusion), and no such collection.
_CODES = {"M001C": 11000, "23505": 11000, "23P01": 11000, "M0008": 26}
_UNKNOWN_ERROR, _COMMAND_NOT_FOUND = 8, 59


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: "Gateway"

    def handle(self) -> None:
        with psycopg.connect(
            host=self.server.folder, user="postgres", dbname="postgres", autocommit=True
        ) as postgres:
            postgres.execute("SET search_path TO documentdb_api_catalog, documentdb_core, public")
            while request := self._receive():
                self.wfile.write(reply(request, answer(postgres, request)))

    def _receive(self) -> Request | None:
        try:
            header = self.rfile.read(HEADER.size)
            if len(header) < HEADER.size:
                return None
            return parse(header, self.rfile.read(HEADER.unpack(header)[0] - HEADER.size))
        except ConnectionError:
            return None


class Gateway(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, folder: str) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.folder = folder


def answer(postgres: psycopg.Connection[Any], request: Request) -> dict[str, Any]:
    try:
        return {"ok": 1.0} | _run(postgres, request)
    except psycopg.Error as error:
        code = _CODES.get(error.sqlstate or "", _UNKNOWN_ERROR)
        return refusal(code, f"{error.sqlstate}: {error.diag.message_primary or error}")


def _run(postgres: psycopg.Connection[Any], request: Request) -> dict[str, Any]:
    name, command = request.name, request.command
    if name.lower() in {"hello", "ismaster"}:
        return _hello()
    if name in _NOTHING_TO_DO:
        return {}
    database = command["$db"]
    body = bson.encode({key: value for key, value in command.items() if key not in _OF_THE_DRIVER})
    if name == "dropDatabase":
        postgres.execute("SELECT documentdb_api.drop_database(%s)", (database,))
        return {}
    if name in _CURSORS:
        return _all_pages(postgres, _CURSORS[name], database, body)
    if name in _FUNCTIONS:
        (result,) = _fetch(postgres, _FUNCTIONS[name], database, body)
        return _as_mongo_says_it(bson.decode(result))
    return refusal(_COMMAND_NOT_FOUND, f"no such command: '{name}'")


def _hello() -> dict[str, Any]:
    return {
        "helloOk": True,
        "ismaster": True,
        "isWritablePrimary": True,
        "msg": "isdbgrid",  # as the service's own gateway answers
        "maxBsonObjectSize": 16 * 1024 * 1024,
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": 100_000,
        "localTime": datetime.now(UTC),
        "minWireVersion": 0,
        "maxWireVersion": 21,
        "logicalSessionTimeoutMinutes": 30,
    }


def _all_pages(
    postgres: psycopg.Connection[Any], function: str, database: str, body: bytes
) -> dict[str, Any]:
    """The whole result as its first page: a cursor would be bound to this connection."""
    page, continuation = _fetch(
        postgres,
        f"SELECT cursorpage::bytea, continuation::bytea FROM documentdb_api.{function}(%s, {_BSON})",
        database,
        body,
    )
    result = bson.decode(page)
    cursor = result["cursor"]
    more = bson.encode({"getMore": cursor["id"], "collection": cursor["ns"].partition(".")[2]})
    while continuation is not None:
        page, continuation = _fetch(
            postgres,
            "SELECT cursorpage::bytea, continuation::bytea "
            f"FROM documentdb_api.cursor_get_more(%s, {_BSON}, {_BSON})",
            database,
            more,
            continuation,
        )
        cursor["firstBatch"] += bson.decode(page)["cursor"]["nextBatch"]
    cursor["id"] = bson.Int64(0)
    return result


def _as_mongo_says_it(result: dict[str, Any]) -> dict[str, Any]:
    """The engine packs PostgreSQL's state into `code`, six bits a character; indexes report by shard."""
    for error in result.get("writeErrors", ()):
        state = "".join(chr((int(error["code"]) >> 6 * place & 0x3F) + ord("0")) for place in range(5))
        error["code"] = _CODES.get(state, _UNKNOWN_ERROR)
    for of_shard in result.pop("raw", {}).values():
        result |= of_shard
    return result


def _fetch(postgres: psycopg.Connection[Any], statement: str, *given: object) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = postgres.execute(statement, given, binary=True).fetchone()
    assert row is not None
    return row


if __name__ == "__main__":
    with Gateway(int(sys.argv[1]), sys.argv[2]) as gateway:
        gateway.serve_forever()
