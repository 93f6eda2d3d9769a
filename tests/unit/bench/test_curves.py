"""Curves are drawn from what is stored; a picture is well-formed and puts every point where its axes say."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.curves.__main__ import draw_all
from bench.curves.chart import Axis, Line, Panel, Scale, draw, label_of, ticks_of
from bench.results import store_result

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("axis", "values", "ticks"),
    [
        (Axis(label="", starts_at_zero=True), [40, 58], [0, 20, 40, 60]),
        (Axis(label=""), [40, 58], [40, 45, 50, 55, 60]),
        (Axis(label="", starts_at_zero=True), [0, 0], [0.0, 0.2]),
        (Axis(label="", is_log=True), [2.7, 700], [1, 10, 100, 1000]),
        (Axis(label="", is_log=True), [10_000, 1_000_000], [10_000, 100_000, 1_000_000]),
        (Axis(label="", is_log=True), [10, 10], [10, 100]),
        (Axis(label="", ticks=(1, 2, 3)), [1.5], [1, 2, 3]),
    ],
)
def test_ticks_are_round_numbers_around_what_is_shown(
    axis: Axis, values: list[float], ticks: list[float]
) -> None:
    assert ticks_of(axis, values) == pytest.approx(ticks)


def test_a_logarithmic_scale_gives_each_power_of_ten_as_much_room() -> None:
    scale = Scale(low=1, high=1000, first=100, last=400, is_log=True)
    assert [scale(value) for value in (1, 10, 100, 1000)] == [100, 200, 300, 400]


def test_large_numbers_are_short() -> None:
    assert [label_of(value) for value in (0, 0.5, 250, 10_000, 2_500_000)] == [
        "0",
        "0.5",
        "250",
        "10k",
        "2.5M",
    ]


def test_a_picture_has_a_line_per_series_and_its_names_as_they_are() -> None:
    panel = Panel(
        title="Search",
        x=Axis(label="chunks"),
        y=Axis(label="ms", starts_at_zero=True),
        lines=[
            Line(name="p50 < p99 & more", points=[(0, 0), (10, 5)]),
            Line(name="p99", points=[(0, 1), (10, 10)], is_dashed=True, has_marks=False),
        ],
    )
    picture = ElementTree.fromstring(draw([panel, panel], title="Two & two"))
    texts = [each.text for each in picture.iter(f"{SVG}text")]
    assert texts.count("p50 < p99 & more") == 2
    assert picture.attrib["aria-label"] == "Two & two"
    dashed, plain = (
        [each for each in picture.iter(f"{SVG}polyline") if ("stroke-dasharray" in each.attrib) is is_dashed]
        for is_dashed in (True, False)
    )
    assert len(dashed) == len(plain) == 4  # in each panel the line, and its legend
    assert len(list(picture.iter(f"{SVG}circle"))) == 4
    first, last = plain[0].attrib["points"].split()
    assert float(first.split(",")[0]) < float(last.split(",")[0])
    assert float(first.split(",")[1]) > float(last.split(",")[1])  # upwards


def test_what_is_stored_is_drawn_and_what_is_not_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"workers": 1, "per_second": 2.0, "passed": [0, 1, 2, 3], "indexed": [0, 1, 1, 3]}
    store_result("workers", {"rows": [row, row | {"workers": 2}]}, folder=tmp_path)
    draw_all(tmp_path, tmp_path / "plots")
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["workers.svg"]
    assert "2 workers" in (tmp_path / "plots/workers.svg").read_text(encoding="utf-8")
    assert "python -m bench.soak measures it" in capsys.readouterr().out


def test_every_stored_result_of_the_project_can_be_drawn(tmp_path: Path) -> None:
    draw_all(plots=tmp_path)
    for path in tmp_path.iterdir():
        assert ElementTree.fromstring(path.read_text(encoding="utf-8")).tag == f"{SVG}svg"
