"""The price table of `prices.json`, renewed from Azure's retail price list. Used by `bench.cost`.

Each price says what it is per, of which month or day it is, and whether it is an estimate. The list prices of
one region, without discounts, reservations or taxes.
"""

import datetime
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx

TABLE = Path(__file__).with_name("prices.json")
RETAIL = "https://prices.azure.com/api/retail/prices"  # open to all, without an account
_SIZES = {"": 1.0, "K": 1e3, "M": 1e6}
_UNITS = {"million": 1e6, "million tokens": 1e6}


@dataclass(frozen=True, kw_only=True)
class Price:
    """`usd` for one `unit`. `meter` names it in the retail price list."""

    name: str
    usd: float
    unit: str
    as_of: str
    is_estimate: bool
    meter: Mapping[str, str]
    source: str


def read_prices(table: Path = TABLE) -> dict[str, Price]:
    return {row["name"]: Price(**row) for row in json.loads(table.read_text())["prices"]}


def refresh(table: Path = TABLE, *, retail: str = RETAIL) -> list[str]:
    """Ask the retail price list for every price, write what it says, and return what it did not know.

    Errors: `httpx.HTTPError`; the table is then as it was.
    """
    stored = json.loads(table.read_text())
    unknown: list[str] = []
    renewed: list[Price] = []
    with httpx.Client(timeout=30) as client:
        for price in read_prices(table).values():
            usd = _ask(client, retail, price, stored["region"])
            if usd is None:
                unknown.append(price.name)
                renewed.append(price)
            else:
                today = datetime.datetime.now(datetime.UTC).date().isoformat()
                renewed.append(replace(price, usd=usd, as_of=today, is_estimate=False))
    rows = ",\n".join(f"  {json.dumps(asdict(each))}" for each in renewed)
    head = json.dumps({name: value for name, value in stored.items() if name != "prices"})[:-1]
    table.write_text(f'{head}, "prices": [\n{rows}\n]}}\n')
    return unknown


def _ask(client: httpx.Client, retail: str, price: Price, region: str) -> float | None:
    wanted = {**price.meter, "armRegionName": region, "priceType": "Consumption"}
    query = " and ".join(f"{name} eq '{value}'" for name, value in wanted.items())
    answer = client.get(retail, params={"$filter": query})
    answer.raise_for_status()
    # The first tier of a meter may be a free grant.
    found = [row for row in answer.json()["Items"] if row["retailPrice"] > 0]
    return min(_per_unit(row, price.unit) for row in found) if found else None


def _per_unit(row: Mapping[str, object], unit: str) -> float:
    """`unitOfMeasure` is such as `1 Hour`, `1K`, `10K`, `1M`, `1 GB/Month`."""
    size = str(row["unitOfMeasure"]).split()[0].split("/")[0]
    number = float("".join(each for each in size if each.isdigit() or each == ".") or 1)
    counted = number * _SIZES[size.lstrip("0123456789.")]
    return float(str(row["retailPrice"])) / counted * _UNITS.get(unit, 1.0)
