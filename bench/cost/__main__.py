"""What a month costs, written to `docs/cost.md`: `python -m bench.cost`, with `--refresh` at today's prices.

Assumptions are options: `python -m bench.cost --cached-share 0.3 --pages 4` prints the page with others and
writes nothing.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from bench.cost.bill import Assumptions, Line, Load, Tier, bill
from bench.cost.levers import best_lever
from bench.cost.prices import Price, read_prices, refresh

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
LOADS = (
    Load(name="1k", questions=1e3, documents=1e3),
    Load(name="100k", questions=1e5, documents=1e5),
    Load(name="10M", questions=1e7, documents=1e7),
)
TIERS: Mapping[Tier, str] = {
    "dev": "Functions, one of each service, open endpoints, gpt-4.1-mini",
    "functions": "Functions, several of each service, private endpoints, gpt-4.1",
    "aks": "AKS in three zones, several of each service, private endpoints, gpt-4.1",
}
_HEAD = """# What a month costs

Written by `python -m bench.cost`; `--refresh` asks Azure's retail price list first and needs the internet.
Each load is questions asked in the month and documents kept, all of them ingested in that month. Every line
follows from the table of prices and the assumptions below: change them on the command line. List prices,
without discounts, reservations, support, taxes and traffic out of Azure.
"""


def page(prices: Mapping[str, Price], given: Assumptions) -> str:
    bills = {(load.name, tier): bill(load, tier, prices, given) for load in LOADS for tier in TIERS}
    parts = [_HEAD, _totals(bills), _idle(prices, given), _lever_table(prices, given)]
    parts += [_lines(load, bills) for load in LOADS]
    return "\n".join([*parts, _assumed(given), _price_table(prices)])


def _totals(bills: Mapping[tuple[str, Tier], list[Line]]) -> str:
    rows = ["## In all", "", "| tier | " + " | ".join(load.name for load in LOADS) + " |"]
    rows.append("|---|" + "--:|" * len(LOADS))
    for tier, what in TIERS.items():
        sums = [_usd(sum(line.usd for line in bills[load.name, tier])) for load in LOADS]
        rows.append(f"| `{tier}`: {what} | " + " | ".join(sums) + " |")
    each = [
        f"${sum(line.usd for line in bills[load.name, 'functions']) / load.questions:,.4f}" for load in LOADS
    ]
    rows.append("| a question and its document, tier `functions` | " + " | ".join(each) + " |")
    return "\n".join(rows) + "\n"


def _idle(prices: Mapping[str, Price], given: Assumptions) -> str:
    rows = ["## Idle", "", "What is paid while nobody asks and nothing is uploaded.", ""]
    rows += ["| profile | a month | most of it |", "|---|--:|---|"]
    rows.append("| local, on a machine of your own | $0 | the machine |")
    nothing = Load(name="idle", questions=0, documents=0)
    for tier in TIERS:
        lines = [line for line in bill(nothing, tier, prices, given) if line.is_idle]
        top = max(lines, key=lambda line: line.usd)
        rows.append(f"| `{tier}` | {_usd(sum(line.usd for line in lines))} | {top.service} {_usd(top.usd)} |")
    return "\n".join(rows) + "\n"


def _lever_table(prices: Mapping[str, Price], given: Assumptions) -> str:
    rows = ["## What dominates, and the lever", ""]
    rows += ["| load, tier | dominant | lever | saves | costs you |", "|---|---|---|--:|---|"]
    for load in LOADS:
        for tier in TIERS:
            shares = Counter[str]()
            for line in bill(load, tier, prices, given):
                shares[line.service] += line.usd  # type: ignore[assignment]  # dollars count too
            (service, usd), *_ = shares.most_common(1)
            share = usd / shares.total()
            lever, saved = best_lever(load, tier, prices, given)
            told = f"{lever.name} | {_usd(saved)} | {lever.costs_you}"
            if saved < 0.05 * shares.total():
                told = _fixed(shares.total(), load, tier, prices, given)
            rows.append(f"| {load.name} `{tier}` | {service} {share:.0%} | {told} |")
    return "\n".join(rows) + "\n"


def _fixed(usd: float, load: Load, tier: Tier, prices: Mapping[str, Price], given: Assumptions) -> str:
    """The lever where what is asked hardly matters: what is paid for being there."""
    if tier == "dev":
        return f"the local profile | {_usd(usd)} | one machine, which is yours to run"
    saved = usd - sum(line.usd for line in bill(load, "dev", prices, given))
    lost = "the second and third of each service, private endpoints, the larger model"
    return f"the tier `dev` | {_usd(saved)} | {lost}"


def _lines(load: Load, bills: Mapping[tuple[str, Tier], list[Line]]) -> str:
    rows = [f"## {load.name} questions, {load.name} documents, line by line", ""]
    rows += ["| | " + " | ".join(f"`{tier}`" for tier in TIERS) + " |", "|---|" + "--:|" * len(TIERS)]
    found: dict[tuple[str, str], dict[str, str]] = {}
    for tier in TIERS:
        for line in bills[load.name, tier]:
            is_sized = line.service in ("AI Search", "DocumentDB", "Redis", "Registry")
            key = (line.service, "" if is_sized else line.what)
            size = f" ({line.what})" if is_sized else ""
            found.setdefault(key, {})[tier] = _usd(line.usd) + size
    for (service, what), cells in found.items():
        name = f"{service}, {what}" if what else service
        rows.append(f"| {name} | " + " | ".join(cells.get(tier, "–") for tier in TIERS) + " |")
    return "\n".join(rows) + "\n"


def _assumed(given: Assumptions) -> str:
    rows = ["## Assumptions", "", "| option | value |", "|---|--:|"]
    for each in fields(given):
        rows.append(f"| `--{each.name.replace('_', '-')}` | {getattr(given, each.name):g} |")
    return "\n".join(rows) + "\n"


def _price_table(prices: Mapping[str, Price]) -> str:
    rows = ["## Prices", "", "East US, US dollars. *Estimate*: no list price was at hand; renew it.", ""]
    rows += ["| price | $ | per | as of | |", "|---|--:|---|---|---|"]
    for each in prices.values():
        kind = "*estimate*" if each.is_estimate else ""
        rows.append(
            f"| [{each.name}]({each.source}) | {each.usd:.10g} | {each.unit} | {each.as_of} | {kind} |"
        )
    return "\n".join(rows) + "\n"


def _usd(amount: float) -> str:
    return f"${amount:,.0f}" if amount >= 10 else f"${amount:,.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--refresh", action="store_true", help="renew the prices first")
    for each in fields(Assumptions):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=float, default=each.default)
    asked = vars(parser.parse_args())
    if asked.pop("refresh"):
        for name in refresh():
            print(f"the price list does not know {name}: kept as it was", file=sys.stderr)
    given = Assumptions(**asked)
    text = page(read_prices(), given)
    if given == Assumptions():
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
