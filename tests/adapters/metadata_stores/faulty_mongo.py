"""A proxy in front of the tests' MongoDB server that refuses commands, loses answers or falls silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pymongo.uri_parser import parse_uri

from tests.servers import mongo
from tests.servers.mongo_gateway_wire import HEADER, Request, parse, refusal, reply

WRITES = frozenset({"findAndModify", "insert", "update", "delete"})


class FaultyMongo:
    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self.port = 0
        self.requests: list[Request] = []
        self.refused: dict[str, int] = {}  # code by command
        self.is_silent = False  # takes requests and answers none
        self.loses_writes = False  # each is applied, but every other answer is lost with its connection
        self._is_losing = False
        self._lost: set[int] = set()

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    def count(self, command: str) -> int:
        return sum(request.name == command for request in self.requests)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_connection(*self._server)
        pumps = {
            asyncio.create_task(self._pass_requests(reader, server, writer)),
            asyncio.create_task(self._pass_answers(answers, writer)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            server.close()
            writer.close()

    async def _pass_requests(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        while True:
            header, body = await _message(reader)
            request = parse(header, body)
            self.requests.append(request)
            if request.name in self.refused:
                client.write(reply(request, refusal(self.refused[request.name], "as told")))
            elif not self.is_silent:
                if self.loses_writes and request.name in WRITES:
                    self._is_losing = not self._is_losing
                    if self._is_losing:
                        self._lost.add(request.id)
                server.write(header + body)

    async def _pass_answers(self, answers: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        while True:
            header, body = await _message(answers)
            if HEADER.unpack(header)[2] in self._lost:
                return
            client.write(header + body)


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    header = await reader.readexactly(HEADER.size)
    return header, await reader.readexactly(HEADER.unpack(header)[0] - HEADER.size)


@asynccontextmanager
async def faulty_mongo() -> AsyncIterator[FaultyMongo]:
    proxy = FaultyMongo(*parse_uri(mongo.address())["nodelist"][0])
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()
