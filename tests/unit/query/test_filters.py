"""Folder, type, tags and dates of a document against the filters of a question."""

from dataclasses import replace

import pytest

from shared.domain import Document, DocumentStatus, Filters
from shared.ingest.documents import display_name, owner_of
from shared.query.filters import fits


def document(name: str, *, tags: set[str] | None = None, indexed_at: float | None = 10.0) -> Document:
    return Document(
        id="d",
        name=name,
        owner_id=owner_of(name),
        readers=frozenset(),
        status=DocumentStatus.INDEXED,
        tags=frozenset(tags or ()),
        indexed_at=indexed_at,
    )


@pytest.mark.parametrize(
    ("name", "folder", "does_fit"),
    [
        ("users/u1/handbooks/a.pdf", "handbooks", True),
        ("users/u1/handbooks/eu/a.pdf", "handbooks", True),
        ("users/u1/handbooks/eu/a.pdf", "handbooks/eu", True),
        ("users/u1/handbooks2/a.pdf", "handbooks", False),
        ("users/u1/old/handbooks/a.pdf", "handbooks", False),
        ("users/u1/handbooks", "handbooks", False),
        ("users/u1/handbooks/a.pdf", "users", False),
        ("users/u1/handbooks/a.pdf", "users/u1/handbooks", False),
        ("users/u1/users/u1/a.pdf", "users/u1", True),
        ("shared/handbooks/a.pdf", "shared", True),
        ("shared/handbooks/a.pdf", "shared/handbooks", True),
        ("shared/handbooks/a.pdf", "handbooks", False),
        ("users/u1/Handbooks/a.pdf", "handbooks", False),
        ("users/u1/100%/a.pdf", "1__%", False),
    ],
)
def test_a_folder_is_the_beginning_of_the_shown_name_up_to_a_slash(
    name: str, folder: str, does_fit: bool
) -> None:
    assert fits(document(name), Filters(folder=folder)) is does_fit
    assert display_name(name).startswith(folder + "/") is does_fit, "what people see decides"


@pytest.mark.parametrize(
    ("name", "type_", "does_fit"),
    [
        ("shared/a.pdf", "pdf", True),
        ("shared/a.PDF", "pdf", True),
        ("shared/a.htm", "html", True),
        ("shared/a.html", "htm", True),
        ("shared/a.jpeg", "jpg", True),
        ("shared/a.markdown", "md", True),
        ("shared/a.yml", "yaml", True),
        ("shared/a.tar.gz", "gz", True),
        ("shared/a.tar.gz", "tar", False),
        ("shared/a.pdf.txt", "pdf", False),
        ("shared/report.pdf/scan", "pdf", False),
        ("shared/.pdf", "pdf", False),
        ("shared/pdf", "pdf", False),
        ("shared/a.xhtml", "html", False),
        ("shared/a.\u212aml", "kml", False),  # a Kelvin sign, which is k in lower case
    ],
)
def test_a_type_is_the_ending_of_the_name_whatever_its_spelling(
    name: str, type_: str, does_fit: bool
) -> None:
    assert fits(document(name), Filters(types=frozenset({type_, "docx"}))) is does_fit


def test_one_of_the_tags_is_enough() -> None:
    filed = document("shared/a.pdf", tags={"hr", "2026"})
    assert fits(filed, Filters(tags=frozenset({"2026", "legal"})))
    assert not fits(filed, Filters(tags=frozenset({"legal"})))
    assert not fits(document("shared/a.pdf"), Filters(tags=frozenset({"legal"})))


def test_the_first_and_the_last_moment_belong_to_the_time() -> None:
    filed = document("shared/a.pdf", indexed_at=10.0)
    assert fits(filed, Filters(since=10.0, until=10.0))
    assert not fits(filed, Filters(since=10.1))
    assert not fits(filed, Filters(until=9.9))


@pytest.mark.parametrize("filters", [Filters(since=0.0), Filters(until=1e12)])
def test_what_was_never_indexed_is_of_no_time(filters: Filters) -> None:
    assert not fits(document("shared/a.pdf", indexed_at=None), filters)


def test_every_filter_has_to_fit() -> None:
    filed = document("users/u1/hr/a.pdf", tags={"hr"})
    every = Filters(folder="hr", types=frozenset({"pdf"}), tags=frozenset({"hr"}), since=9.0, until=11.0)
    assert fits(filed, Filters())
    assert fits(filed, every)
    for other in (
        {"folder": "eu"},
        {"types": frozenset({"md"})},
        {"tags": frozenset({"eu"})},
        {"since": 11.0},
    ):
        assert not fits(filed, replace(every, **other))
