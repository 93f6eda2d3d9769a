"""`bench/RESULTS.md`: a script renews its own section and leaves the others as they are."""

import json
from pathlib import Path

from bench.results import publish, read_result, replace_section, store_result, tables_of


def test_a_first_section_comes_under_a_heading_with_its_circumstances(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    replace_section("one", "## One\n\nfast\n", packages=["numpy"], results=results)
    text = results.read_text(encoding="utf-8")
    assert text.startswith("# Speed and size, measured\n")
    section = text.partition("<!-- begin one -->\n")[2]
    assert section.startswith("## One\n\nfast\n\n_Measured 20")
    assert "logical cores, Python 3." in section
    assert ", numpy " in section
    assert section.endswith("._\n<!-- end one -->\n")


def test_a_section_is_replaced_in_its_place_and_no_other_changes(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    for name in ("one", "two", "three"):
        replace_section(name, f"## {name}\n\nold {name}", results=results)
    before = results.read_text(encoding="utf-8")
    replace_section("two", r"new \1 \g<0> 100 %", results=results)
    after = results.read_text(encoding="utf-8")
    begin, end = "<!-- begin two -->\n", "<!-- end two -->"
    assert after.partition(begin)[0] == before.partition(begin)[0]
    assert after.partition(end)[2] == before.partition(end)[2]
    assert r"new \1 \g<0> 100 %" in after
    assert "old two" not in after


def test_what_people_wrote_between_sections_stays(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    results.write_text("# Mine\n\nA remark.\n", encoding="utf-8")
    replace_section("one", "x", results=results)
    replace_section("one", "y", results=results)
    text = results.read_text(encoding="utf-8")
    assert text.startswith("# Mine\n\nA remark.\n\n<!-- begin one -->\ny\n")
    assert text.count("<!-- begin one -->") == 1


def test_figures_are_stored_with_what_they_depend_on(tmp_path: Path) -> None:
    assert read_result("one", folder=tmp_path) is None
    store_result("one", {"ms": [1.5, 2]}, seed=7, packages=["numpy"], folder=tmp_path)
    store_result("two", {}, folder=tmp_path)
    assert read_result("one", folder=tmp_path) == {"ms": [1.5, 2]}
    stored = json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))
    assert stored["seed"] == 7
    assert stored["date"].startswith("20")
    assert "logical cores" in stored["machine"]
    assert set(stored["versions"]) == {"python", "numpy"}


def test_the_tables_of_a_section_are_read_with_their_numbers() -> None:
    section = """## One

|  | p50 | p50 | failures |
|---|---|:---|---|
| first | 1,000.5 | 3 | – |
| second | 5% |  | 2 cut off |

And another:

| what | figure |
| --- | --- |
| pool | 12 ms |"""
    first, second = tables_of(section)
    assert first["columns"] == ["", "p50", "p50", "failures"]
    assert first["rows"] == [["first", 1000.5, 3.0, "–"], ["second", "5%", "", "2 cut off"]]
    assert second == {"columns": ["what", "figure"], "rows": [["pool", "12 ms"]]}


def test_what_is_published_is_told_and_stored(tmp_path: Path) -> None:
    publish("one", "## One\n\n| what | ms |\n|---|---|\n| this | 2.5 |", folder=tmp_path)
    assert "| this | 2.5 |" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    assert read_result("one", folder=tmp_path / "results") == {
        "tables": [{"columns": ["what", "ms"], "rows": [["this", 2.5]]}]
    }
