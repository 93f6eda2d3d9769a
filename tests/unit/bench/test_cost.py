"""What a month costs: the bill follows the load, the page follows the script, the prices can be renewed."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.cost.__main__ import LOADS, PAGE, TIERS, page
from bench.cost.bill import CHAT, READY, REPLICAS, Assumptions, Load, Tier, bill, index_gb, search_size
from bench.cost.levers import best_lever
from bench.cost.prices import TABLE, read_prices, refresh

ROOT = Path(__file__).parents[3]
GIVEN = Assumptions()
PRICES = read_prices()


def total(load: Load, tier: str = "functions", given: Assumptions = GIVEN) -> float:
    return sum(line.usd for line in bill(load, tier, PRICES, given))  # type: ignore[arg-type]


def test_the_page_is_what_the_script_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(PRICES, GIVEN), "run python -m bench.cost"


@pytest.mark.parametrize("tier", TIERS)
def test_more_questions_and_documents_never_cost_less(tier: str) -> None:
    costs = [total(load, tier) for load in LOADS]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1] / 10


def test_the_models_part_is_tokens_times_price() -> None:
    lines = bill(Load(name="", questions=1e6, documents=0), "dev", PRICES, GIVEN)
    answers = next(line for line in lines if line.what == "answers")
    prompt, answer = PRICES["gpt_4_1_mini_prompt"].usd, PRICES["gpt_4_1_mini_answer"].usd
    assert answers.usd == pytest.approx(GIVEN.prompt_tokens * prompt + GIVEN.answer_tokens * answer)


def test_cached_answers_cost_no_tokens() -> None:
    load = Load(name="", questions=1e6, documents=0)
    saved = total(load) - total(load, given=replace(GIVEN, cached_share=1.0))
    assert saved == pytest.approx(GIVEN.prompt_tokens * 2 + GIVEN.answer_tokens * 8)


def test_the_search_service_holds_the_index_or_there_is_none() -> None:
    holds = {"search_basic": 15, "search_s1": 160, "search_s2": 512, "search_s3": 1024}
    for documents in (1e3, 1e4, 1e5, 1e6, 1e7):
        size = search_size(documents, PRICES, GIVEN, replicas=2)
        assert size is not None
        assert size.partitions * holds[size.sku] >= index_gb(documents, GIVEN)[0]
    assert search_size(1e8, PRICES, GIVEN, replicas=2) is None


def test_the_lever_named_is_one_that_saves() -> None:
    _, saved = best_lever(LOADS[-1], "functions", PRICES, GIVEN)
    assert 0 < saved < total(LOADS[-1])


def test_every_price_says_its_date_and_where_it_stands() -> None:
    for price in PRICES.values():
        assert price.as_of[:2] == "20"
        assert price.source.startswith("https://azure.microsoft.com/pricing/details/")
        assert price.usd > 0


@pytest.mark.parametrize(("tier", "file"), [("dev", "dev"), ("functions", "prod"), ("aks", "prod")])
def test_the_tiers_are_what_bicep_deploys(tier: Tier, file: str) -> None:
    text = (ROOT / f"infra/bicep/{file}.bicepparam").read_text()
    model = CHAT[tier].replace("_", "-").replace("4-1", "4.1")
    assert f"param chatModel = {{ name: '{model}'" in text
    assert "param embeddingModel = { name: 'text-embedding-3-small'" in text
    assert f"param searchReplicas = {REPLICAS[tier]}\n" in text
    small = {line.what.split()[0] for line in bill(LOADS[0], tier, PRICES, GIVEN)}
    assert re.findall(r"param mongoTier = '(\w+)'", text)[0] in small
    assert re.findall(r"param redisSize = 'Balanced_(\w+)'", text)[0] in small
    if READY[tier]:
        assert f"param alwaysReadyInstances = {READY[tier]}\n" in text


class RetailList(BaseHTTPRequestHandler):
    """Knows two meters, one of them with a free first tier."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)["$filter"][0]
        assert "armRegionName eq 'eastus'" in asked
        rows: list[dict[str, object]] = []
        if "Basic Unit" in asked and "Search" in asked:
            rows = [{"retailPrice": 0.2, "unitOfMeasure": "1 Hour"}]
        if "gpt 4.1 mini Inp" in asked:
            rows = [
                {"retailPrice": 0.0, "unitOfMeasure": "1K"},
                {"retailPrice": 0.0005, "unitOfMeasure": "1K"},
            ]
        body = json.dumps({"Items": rows}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def retail() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), RetailList) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/prices"
        server.shutdown()
        thread.join()


def test_prices_are_renewed_from_the_retail_list(retail: str, tmp_path: Path) -> None:
    table = tmp_path / "prices.json"
    table.write_text(TABLE.read_text())
    unknown = refresh(table, retail=retail)
    renewed = read_prices(table)
    assert set(unknown) == set(PRICES) - {"search_basic", "gpt_4_1_mini_prompt"}
    assert renewed["search_basic"].usd == 0.2
    assert renewed["gpt_4_1_mini_prompt"].usd == pytest.approx(0.5)  # of a million
    assert renewed["search_basic"].as_of > PRICES["search_basic"].as_of
    assert renewed["search_s1"] == PRICES["search_s1"]
