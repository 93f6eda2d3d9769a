"""Odd but readable files of each format, made on the spot."""

import io
import json
from collections.abc import Callable

import openpyxl
import pytest

from shared.domain import ParsedDocument
from shared.errors import DocumentRejected

Parse = Callable[[str, bytes], ParsedDocument]

ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "cp1252",
]


def only_page(document: ParsedDocument) -> str:
    assert len(document.pages) == 1
    return document.pages[0].text


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_in_any_encoding_is_read(parse: Parse, encoding: str) -> None:
    assert (
        only_page(parse("a.txt", "Grüße für 3 €\nnext line".encode(encoding))) == "Grüße für 3 €\nnext line"
    )


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r"])
def test_cyrillic_code_pages_are_recognised(parse: Parse, encoding: str) -> None:
    text = "Быстрая лиса прыгает через ленивую собаку и убегает в тёмный лес за рекой. " * 5
    assert "ленивую собаку" in only_page(parse("a.txt", text.encode(encoding)))


def test_a_utf_16_csv_with_semicolons_becomes_a_table(parse: Parse) -> None:
    text = 'name;"price; net"\r\n"Müller | Co";1,5\r\n;\r\nZoë;"2\n3"\r\n'
    page = only_page(parse("a.csv", text.encode("utf-16")))
    assert page == "| name | price; net |\n| --- | --- |\n| Müller \\| Co | 1,5 |\n| Zoë | 2 3 |"


def test_control_characters_and_lone_surrogates_never_come_out(parse: Parse) -> None:
    text = only_page(parse("a.json", b'{"a": "x\\u0000y\\ud800z\\u0007", "b": "\\ufeffc\\u200bd\\u00a0e"}'))
    assert text == "- a: xyz\n- b: cd e"


def test_form_feeds_part_the_pages_of_a_text(parse: Parse) -> None:
    document = parse("a.txt", b"one\fthree\f")
    assert (document.page_kind, [page.text for page in document.pages]) == ("page", ["one", "three"])


def test_content_decides_the_type_whatever_the_name_says(parse: Parse) -> None:
    assert only_page(parse("report.doc", b"<!DOCTYPE html><html><body><h1>Hi</h1></body></html>")) == "# Hi"
    assert parse("noname", b"From: a@b.c\r\nTo: d@e.f\r\nSubject: Hello\r\n\r\nbody").title == "Hello"


def test_deeply_nested_html_is_read_or_rejected_but_never_crashes(parse: Parse) -> None:
    page = b"<html><body>" + b"<div>" * 100_000 + b"treasure" + b"</div>" * 100_000
    assert "treasure" in only_page(parse("a.html", page))


def test_a_page_whose_declared_charset_is_wrong_is_still_read(parse: Parse) -> None:
    head = '<html><head><meta charset="utf-8"><title>x</title></head><body><p>'
    assert "Grüße" in only_page(parse("a.html", (head + "Grüße").encode("cp1252")))
    declared = '<html><head><meta charset="iso-8859-2"></head><body>Łódź'.encode("iso-8859-2")
    assert only_page(parse("a.html", declared)) == "Łódź"


def test_scripts_links_and_markup_of_a_page_are_left_out(parse: Parse) -> None:
    html = b"<body><script>evil()</script><p>A <a href='http://x/y_(z)'>link</a> <img src=p.png alt=pic></p>"
    assert only_page(parse("a.html", html)) == "A link pic"
    assert "cite" not in only_page(parse("a.html", b"<p>Fact<a href='#cite-1'>[1]</a> and more</p>"))


def test_a_page_of_brackets_takes_no_long_time(parse: Parse) -> None:
    assert "[[[[" in only_page(parse("a.html", b"<p>words" + b"[" * 100_000 + b"](" * 100_000))


def test_a_sheet_with_a_million_empty_rows_is_read_quickly(parse: Parse) -> None:
    workbook = openpyxl.Workbook()
    workbook.worksheets[0]["A1"] = "first"
    workbook.worksheets[0]["B1000000"] = "last"
    target = io.BytesIO()
    workbook.save(target)
    text = only_page(parse("a.xlsx", target.getvalue()))
    assert text == "# Sheet\n\nfirst\n\n(980000 more rows are not indexed.)"


def test_sheets_keep_their_numbers_labels_and_blocks(parse: Parse) -> None:
    workbook = openpyxl.Workbook()
    workbook.worksheets[0].title = "Empty"
    sheet = workbook.create_sheet("Two tables")
    for row in (["Note"], [], ["a", "b"], [1, 2.5], [], ["c", None, "d"], [True, None, 0.1]):
        sheet.append(row)
    target = io.BytesIO()
    workbook.save(target)
    document = parse("a.xlsx", target.getvalue())
    assert [(page.number, page.label) for page in document.pages] == [(1, "Empty"), (2, "Two tables")]
    assert document.pages[1].text == (
        "# Two tables\n\nNote\n\n| a | b |\n| --- | --- |\n| 1 | 2.5 |\n\n"
        "| c | d |\n| --- | --- |\n| TRUE | 0.1 |"
    )


def test_a_mail_with_odd_charsets_and_nested_messages_is_read(parse: Parse) -> None:
    inner = b"Subject: =?koi8-r?B?8NLJ18XU?=\nFrom: c@d\n\ninner text"
    mail = (
        b"From: =?utf-8?q?Zo=C3=AB?= <z@x>\nSubject: =?no-such-charset?q?caf=E9?=\n"
        b"Content-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain; charset=windows-1250\n\nD\xf9le\x9eit\xe9\n"
        b"--b\nContent-Type: text/plain; charset=no-such-charset\n\nplain too\n"
        b"--b\nContent-Type: application/pdf; name=\"=?utf-8?q?r=C3=A9sum=C3=A9=2Epdf?=\"\n"
        b"Content-Transfer-Encoding: base64\n\nJVBERi0=\n"
        b"--b\nContent-Type: message/rfc822\n\n" + inner + b"\n--b--\n"
    )  # fmt: skip
    document = parse("a.eml", mail)
    text = only_page(document)
    for expected in ("From: Zoë <z@x>", "Důležité", "plain too", "résumé.pdf", "## Привет", "inner text"):
        assert expected in text
    assert document.title == "café"


def test_a_mail_without_plain_text_gives_its_html(parse: Parse) -> None:
    page = b"<html><body><h2>Big</h2><p>deal</p></body></html>"
    mail = b"From: a@b\nSubject: Offer\nContent-Type: text/html\n\n" + page
    assert "## Big\n\ndeal" in only_page(parse("a.eml", mail))


def test_endlessly_forwarded_messages_end(parse: Parse) -> None:
    mail = b"core"
    for depth in range(60):
        mail = b"Subject: level %d\nContent-Type: message/rfc822\n\n" % depth + mail
    assert parse("a.eml", mail).title == "level 59"


def test_json_lines_and_lists_of_objects_become_tables(parse: Parse) -> None:
    lines = b'{"id": 1, "name": "a"}\n{"id": 2, "name": null}\n'
    assert only_page(parse("a.jsonl", lines)) == "| id | name |\n| --- | --- |\n| 1 | a |\n| 2 | null |"
    nested = json.dumps({"tags": ["x", "y"], "deep": [[1], {"k": "v"}]}).encode()
    assert only_page(parse("a.json", nested)) == (
        "- tags:\n  - x\n  - y\n- deep:\n  - 1.\n    - 1\n  - 2.\n    - k: v"
    )


def test_underlined_headings_of_markdown_become_hashed_ones(parse: Parse) -> None:
    document = parse("a.md", b"Big Title\n=========\n\ntext\n\nPart\n----\n\n- item\n---\n")
    assert document.pages[0].text.startswith("# Big Title\n\ntext\n\n## Part")
    assert document.title == "Big Title"


@pytest.mark.parametrize(
    "stated", ["Microsoft Word - x.doc", "untitled", "PowerPoint Presentation", "a.indd", "--"]
)
def test_a_filler_is_no_title(parse: Parse, stated: str) -> None:
    page = f"<html><head><title>{stated}</title></head><body><p>text".encode()
    assert parse("folder/annual_report-2025.html", page).title == "annual report 2025"


def test_one_broken_character_does_not_make_a_text_binary(parse: Parse) -> None:
    assert "fine" in only_page(
        parse("a.txt", b"all is fine here " * 9 + b"but \x81 is not, and \x00 neither")
    )
    with pytest.raises(DocumentRejected):
        parse("a.txt", b"\x00\x01\x02ab" * 100)


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.csv"])
def test_long_runs_of_spaces_take_no_long_time(parse: Parse, name: str) -> None:
    assert parse(name, b"# a" + b" " * 300_000 + b"b\n\tend").pages[0].text.endswith(("end", "| end |"))
