"""A crowd that guesses at passwords: `python -m tests.stand_ins.sign_in_flood <url> <how many at once>`.

Each guesses at another account, without a pause but where it is told to come again. A line tells of the
first who was, which is when the crowd is complete; when its standard input is closed another one tells,
as JSON, how often each status was answered.
"""

import asyncio
import json
import sys
from collections import Counter
from uuid import uuid4

import httpx

_PAUSE = 0.5  # seconds, after a 503
_UNAVAILABLE = 503


async def guess(http: httpx.AsyncClient, statuses: Counter[int]) -> None:
    while True:
        form = {"grant_type": "password", "username": f"{uuid4().hex}@example.com", "password": "wrong horse"}
        response = await http.post("/api/auth/token", data=form)
        statuses[response.status_code] += 1
        if response.status_code == _UNAVAILABLE:
            if statuses[_UNAVAILABLE] == 1:
                print("complete", flush=True)
            await asyncio.sleep(_PAUSE)


async def flood(url: str, crowd: int) -> Counter[int]:
    statuses: Counter[int] = Counter()
    limits = httpx.Limits(max_connections=crowd, max_keepalive_connections=crowd)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=120.0, trust_env=False) as http:
        guessers = [asyncio.ensure_future(guess(http, statuses)) for _ in range(crowd)]
        end = asyncio.ensure_future(asyncio.to_thread(sys.stdin.read))
        await asyncio.wait([end, *guessers], return_when=asyncio.FIRST_COMPLETED)
        failed = [each.exception() for each in guessers if each.done()]
        for each in guessers:
            each.cancel()
        await asyncio.gather(*guessers, return_exceptions=True)
    if failed:
        raise RuntimeError(f"a guesser ended: {failed[0]!r}")
    return statuses


if __name__ == "__main__":
    print(json.dumps(asyncio.run(flood(sys.argv[1], int(sys.argv[2])))))
