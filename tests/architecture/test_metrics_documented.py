"""docs/operations.md names every metric of the product, and none that does not exist."""

import re
from pathlib import Path

from shared.telemetry.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_page_names_the_metrics_that_there_are() -> None:
    families = {family.name for family in Metrics().registry.collect()}
    declared = {name for name in families if name.startswith("rag_")}
    named = set(re.findall(r"`(rag_\w+)`", PAGE.read_text(encoding="utf-8")))
    assert {name.removesuffix("_total") for name in named} == declared
