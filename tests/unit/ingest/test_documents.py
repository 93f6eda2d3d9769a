"""What a blob's name says of its document."""

import unicodedata
from pathlib import Path

import pytest

from shared.domain import EVERYONE, FolderDefault, organisation_reader, user_reader
from shared.errors import InvalidRequest
from shared.ingest.documents import (
    blob_name,
    default_readers,
    display_name,
    document_id,
    folder_name,
    owner_of,
    readers_of_new,
)
from shared.metadata_stores.sqlite import SqliteMetadataStore


def test_an_id_is_the_first_32_digits_of_the_names_sha256() -> None:
    assert document_id("shared/a.md") == "49b4444ab582240d10fd6ace87490ffe"
    assert len(document_id("é" * 500)) == 32
    assert document_id("shared/a.md") != document_id("shared/A.md")


@pytest.mark.parametrize(
    ("name", "owner", "readers", "shown"),
    [
        ("users/u1/a.md", "u1", {user_reader("u1")}, "a.md"),
        ("users/u1/x/y/a.md", "u1", {user_reader("u1")}, "x/y/a.md"),
        ("users/u1/users/u2/a.md", "u1", {user_reader("u1")}, "users/u2/a.md"),
        ("shared/a.md", None, {EVERYONE}, "shared/a.md"),
        ("shared/users/u1/a.md", None, {EVERYONE}, "shared/users/u1/a.md"),
        ("organisations/o1/a.md", None, {organisation_reader("o1")}, "organisations/o1/a.md"),
        ("organisations/a.md", None, set(), "organisations/a.md"),
        ("organisations//a.md", None, set(), "organisations//a.md"),
        ("users/u1/organisations/o1/a.md", "u1", {user_reader("u1")}, "organisations/o1/a.md"),
        ("a.md", None, set(), "a.md"),
        ("users/a.md", None, set(), "users/a.md"),
        ("users//a.md", None, set(), "users//a.md"),
        ("Shared/a.md", None, set(), "Shared/a.md"),
        ("shared", None, set(), "shared"),
    ],
)
def test_a_name_tells_owner_readers_and_what_is_shown(
    name: str, owner: str | None, readers: set[str], shown: str
) -> None:
    assert (owner_of(name), set(default_readers(name)), display_name(name)) == (owner, readers, shown)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.md", "users/u1/a.md"),
        ("x/y.pdf", "users/u1/x/y.pdf"),
        ("shared/a.md", "shared/a.md"),
        ("organisations/o1/x/a.md", "organisations/o1/x/a.md"),
        ("Organisations/o1/a.md", "users/u1/Organisations/o1/a.md"),
        ("Shared/a.md", "users/u1/Shared/a.md"),
        ("users/u2/a.md", "users/u1/users/u2/a.md"),
        ("%2e%2e", "users/u1/%2e%2e"),
        ("日本語 – ملف.txt", "users/u1/日本語 – ملف.txt"),
        ("a" * 1015, "users/u1/" + "a" * 1015),
    ],
)
def test_a_path_lies_in_the_callers_folder_or_a_common_one(path: str, name: str) -> None:
    assert blob_name(path, "u1") == name


def test_one_name_whichever_way_its_letters_are_composed() -> None:
    assert blob_name(unicodedata.normalize("NFD", "Ünïté.md"), "u1") == "users/u1/Ünïté.md"


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "shared/"),
        *("organisations/a", "organisations/", "organisations//a", "organisations/../a", "organisations/o1/"),
        *("shared/../users/u2/a", "a\\b", "..\\a", "a\x00b", "a\nb", "a\x7f", "a\u0085", "a\u2028b"),
        *("a\ud800", "gpj\u202eexe.txt", "a" * 1016, "shared/" + "a" * 1018),
    ],
    ids=ascii,
)
def test_a_path_that_names_no_file_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        blob_name(path, "u1")


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("plans", "users/u1/plans/"),
        ("plans/2026/", "users/u1/plans/2026/"),
        ("shared", "shared/"),
        ("shared/hr/", "shared/hr/"),
        ("organisations/o1", "organisations/o1/"),
    ],
)
def test_a_folder_lies_where_its_documents_do(path: str, folder: str) -> None:
    assert folder_name(path, "u1") == folder


@pytest.mark.parametrize("path", ["", "/", "plans//", "../x", "organisations", "a\nb", "a" * 1015])
def test_a_path_that_names_no_folder_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        folder_name(path, "u1")


@pytest.mark.parametrize(
    ("name", "readers"),
    [
        ("shared/a.md", {EVERYONE}),
        ("shared/hr/a.md", {"group:hr"}),
        ("shared/hr/pay/x/a.md", {"user:boss"}),
        ("shared/hrx/a.md", {EVERYONE}),
        ("users/u1/a.md", {"user:u1"}),
        ("users/u1/plans/a.md", {"user:u1", "group:it"}),
        ("users/u2/plans/a.md", {"user:u2"}),
        ("organisations/o1/a.md", {"group:staff"}),
        ("organisations/o2/a.md", {organisation_reader("o2")}),
        ("a.md", set()),
    ],
)
async def test_what_is_new_is_read_by_whom_the_innermost_folder_says(
    tmp_path: Path, name: str, readers: set[str]
) -> None:
    store = SqliteMetadataStore(tmp_path / "metadata.db")
    for folder, reader in (
        ("shared/hr/", "group:hr"),
        ("shared/hr/pay/", "user:boss"),
        ("users/u1/plans/", "group:it"),
        ("organisations/o1/", "group:staff"),
    ):
        await store.set_folder_default(FolderDefault(folder=folder, readers=frozenset({reader})))
    assert await readers_of_new(name, store) == readers
    await store.close()
