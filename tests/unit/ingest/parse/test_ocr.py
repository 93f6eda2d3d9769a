"""What tesseract makes of pages that the tests draw; where it is not installed, only how it is looked for."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from shared.errors import ConfigError
from shared.ingest.parse.limits import ParseLimits
from shared.ingest.parse.ocr import read_scan
from shared.ingest.parse.ocr_layout import reading
from shared.ingest.parse.scanned import Scan
from shared.ingest.parse.tesseract import find_tesseract
from tests.unit.ingest.parse.scans import HEAD, page_with, saved, scanned_pdf

needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="tesseract is not installed")
LETTER = [
    "The calibration of the balance is due in March.",
    "Please send it to the laboratory in Lisbon, together",
    "with its certificate.",
]
AS_TEXT = LETTER[0] + "\n" + LETTER[1] + " " + LETTER[2]
REAL_FILES = Path(__file__).parents[5] / "shared" / "data" / "documents"
KINDS = ["PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF"]


def read(folder: Path, content: bytes, page: int = 1) -> str:
    path = folder / "scan"
    path.write_bytes(content)
    tesseract = find_tesseract("eng")
    assert tesseract is not None
    (read,) = read_scan(path, Scan(page=page, tesseract=tesseract), ParseLimits()).pages
    assert read.number == page
    return read.text


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_is_read_in_every_format(tmp_path: Path, kind: str) -> None:
    assert read(tmp_path, saved(page_with(LETTER), kind)) == AS_TEXT


@needs_tesseract
@pytest.mark.slow
def test_each_page_of_a_scanned_pdf_is_read_by_its_number(tmp_path: Path) -> None:
    scan = scanned_pdf(page_with(["The first page."]), page_with(["The second page."]))
    assert read(tmp_path, scan, 2) == "The second page."


@needs_tesseract
@pytest.mark.slow
def test_a_table_becomes_markdown(tmp_path: Path) -> None:
    rows = ["Instrument\tSerial\tPrice", "Balance\tA-100\t1,250", "Scale\tB-200\t980", "Meter\tC-300\t75"]
    assert read(tmp_path, scanned_pdf(page_with(rows))) == (
        "| Instrument | Serial | Price |\n| --- | --- | --- |\n"
        "| Balance | A-100 | 1,250 |\n| Scale | B-200 | 980 |\n| Meter | C-300 | 75 |"
    )


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_that_lies_on_its_side_or_head_is_read(tmp_path: Path, degrees: int) -> None:
    turned = page_with(LETTER * 5).rotate(degrees, expand=True)
    assert "together with its certificate." in read(tmp_path, saved(turned, "PNG"))


@needs_tesseract
@pytest.mark.slow
def test_the_camera_s_note_of_how_it_was_held_counts(tmp_path: Path) -> None:
    held = Image.Exif()
    held[0x0112] = 6  # the orientation tag: turn it by 90° clockwise
    turned = page_with(LETTER).rotate(90, expand=True)
    assert read(tmp_path, saved(turned, "JPEG", exif=held)) == AS_TEXT


@needs_tesseract
@pytest.mark.slow
def test_black_letters_on_nothing_are_read(tmp_path: Path) -> None:
    page = page_with(LETTER)
    paper = Image.new("RGBA", page.size, (0, 0, 0, 0))
    paper.paste(Image.new("RGBA", page.size, "black"), mask=page.convert("L").point(lambda v: 255 - v))
    assert read(tmp_path, saved(paper, "PNG")) == AS_TEXT


@needs_tesseract
@pytest.mark.slow
def test_sixteen_bits_of_grey_are_read(tmp_path: Path) -> None:
    grey = page_with(LETTER).convert("I").point(lambda value: value * 256).convert("I;16")
    assert read(tmp_path, saved(grey, "TIFF")) == AS_TEXT


@needs_tesseract
def test_a_blank_page_gives_no_text(tmp_path: Path) -> None:
    assert read(tmp_path, saved(Image.new("L", (800, 1000), 255), "PNG")) == ""


@needs_tesseract
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kreuzberg__test_hello_world.png", "Hello World"),
        ("docling__qr_bill_example.jpg", "| 1 | Garden work |"),
        ("pypdf__test_watermarking_reportlab_rendering.png", "Name: Foo Bar"),
        ("unstructured__layout-parser-paper-with-table.jpg", "3.1 Layout Detection Models"),
        ("unstructured__loremipsum-flat.pdf", "Lorem ipsum dolor sit amet"),
        ("markitdown__MEDRPT-2024-PAT-3847_medical_report_scan.pdf", "| Heart Rate | 78 bpm |"),
    ],
)
def test_real_scans_are_read(tmp_path: Path, name: str, words: str) -> None:
    if not (REAL_FILES / name).exists():
        pytest.skip("no folder of real files at hand")
    assert words in read(tmp_path, (REAL_FILES / name).read_bytes())


def test_specks_that_are_taken_for_letters_are_left_out() -> None:
    words = [
        "5 1 1 1 1 1 100 100 90 40 91 Balance",
        "5 1 1 1 1 2 210 100 20 40 12 ~|",
        "4 1 1 1 1 0 0 0 9 9 -1 ",
    ]
    read = reading("\n".join([HEAD, *words]).replace(" ", "\t"))
    assert read.markdown == "Balance"
    assert 60 < read.confidence < 91


def installed(folder: Path, *languages: str) -> None:
    listing = "\n".join([f'List of available languages in "{folder}/" ({len(languages)}):', *languages])
    program = folder / "tesseract"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{listing}\nEND\n")
    program.chmod(0o700)


@pytest.mark.parametrize(
    ("languages", "asked", "chosen"),
    [
        (("deu", "eng", "osd"), "", "eng+deu"),
        (("deu", "eng", "fra", "ita", "osd", "spa"), "", "eng"),
        (("deu", "fra", "osd"), "", "deu+fra"),
        (("deu", "eng", "fra", "ita", "osd", "spa"), "fra, deu", "fra+deu"),
    ],
)
def test_installed_languages_are_used_if_they_are_few_and_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, languages: tuple[str, ...], asked: str, chosen: str
) -> None:
    installed(tmp_path, *languages)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = find_tesseract(asked)
    assert found is not None
    assert (found.languages, found.folder, found.finds_rotation) == (chosen, f"{tmp_path}/", True)


def test_a_language_that_is_not_installed_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "eng", "osd")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(ConfigError, match=r"RAG_OCR_LANGUAGES names deu, .* install tesseract-ocr-deu"):
        find_tesseract("eng+deu")


@pytest.mark.parametrize("script", [None, "#!/bin/sh\nexit 1\n"], ids=["absent", "broken"])
def test_a_tesseract_that_is_absent_or_broken_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    if script:
        (tmp_path / "tesseract").write_text(script)
        (tmp_path / "tesseract").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tesseract() is None
