"""Storage events are understood however Event Grid and people send them, and nothing else is."""

import json
from base64 import b64encode
from typing import Any

import pytest

from shared.errors import InvalidRequest
from shared.ingest.events import StorageEvent, decode, encode

SUBJECT = "/blobServices/default/containers/uploads/blobs/"
DATA = {
    "api": "PutBlob",
    "eTag": "0x8DE2A1",
    "contentLength": 17,
    "blobType": "BlockBlob",
    "url": "https://acme.blob.core.windows.net/uploads/shared/a%20b.md",
    "sequencer": "0000000000000000000000000000B00D0000000005b058d3",
}
ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acme"


def grid(
    name: str = "shared/a b.md", kind: str = "Microsoft.Storage.BlobCreated", **more: Any
) -> dict[str, Any]:
    envelope = {"topic": ACCOUNT, "subject": SUBJECT + name, "eventType": kind, "data": DATA}
    return {**envelope, "eventTime": "2026-11-22T10:00:00.1234567Z", "dataVersion": "", **more}


def cloud(
    name: str = "shared/a b.md", kind: str = "Microsoft.Storage.BlobCreated", **more: Any
) -> dict[str, Any]:
    envelope = {"source": ACCOUNT, "subject": SUBJECT + name, "type": kind, "data": DATA}
    return {**envelope, "time": "2026-11-22T10:00:00.1234567Z", "specversion": "1.0", **more}


@pytest.mark.parametrize("schema", [grid, cloud])
@pytest.mark.parametrize("wrap", [lambda event: event, lambda event: [event]], ids=["alone", "in an array"])
@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        lambda event: json.dumps(event, indent=2, ensure_ascii=False) + "\n",
        lambda event: b64encode(json.dumps(event).encode()).decode(),
        lambda event: b64encode(json.dumps(event, ensure_ascii=False).encode()).decode() + "\n",
    ],
    ids=["json", "pretty json", "base64", "base64 of utf-8"],
)
@pytest.mark.parametrize("kind", ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"])
def test_an_event_is_understood_in_every_form(schema: Any, wrap: Any, write: Any, kind: Any) -> None:
    name = "shared/naïve 🦊.md"
    assert decode(write(wrap(schema(name, kind)))) == StorageEvent(name=name, type=kind)


ODD_NAMES = [
    *("100%25.md", "a+b &?#=.md", "blobs/containers/uploads/blobs/x", "a\nb", '"quoted".md', "a//b", " a "),
    *("naïve.md", "nai\u0308ve.md", "\U0001f98a"),
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_is_taken_as_it_stands(name: str) -> None:
    assert decode(json.dumps(grid(name))).name == name
    assert decode(json.dumps(cloud(name))).name == name
    assert decode(encode(StorageEvent(name=name))).name == name


def test_our_own_events_are_understood() -> None:
    event = StorageEvent(name="users/u/a.md", type="Microsoft.Storage.BlobDeleted")
    assert decode(encode(event)) == event


@pytest.mark.parametrize(
    "body",
    [
        *(
            "",
            " ",
            "{",
            "null",
            "1",
            '"text"',
            "[]",
            "[1]",
            "[[]]",
            "{}",
            "%%%",
            "bm8ganNvbg==",
            "/+==",
            "[" * 60_000,
        ),
        json.dumps([grid(), grid()]),
        json.dumps(grid(subject=None)),
        json.dumps(grid(subject=["a"])),
        json.dumps(grid("\ud800.md")),
        json.dumps({"subject": SUBJECT + "a"}),
        json.dumps(cloud(specversion="1.0", type=None)),
        b64encode(b"\xff\xfe{}").decode(),
        b64encode(b64encode(json.dumps(grid()).encode())).decode(),
    ],
    ids=lambda body: body[:30],
)
def test_what_is_no_storage_event_is_refused(body: str) -> None:
    with pytest.raises(InvalidRequest):
        decode(body)


@pytest.mark.parametrize("schema", [grid, cloud])
@pytest.mark.parametrize(
    "subject",
    [
        "/blobServices/default/containers/other/blobs/a.md",
        "/blobServices/default/containers/uploads2/blobs/a.md",
        "/blobServices/default/containers/uploads/blobs/",
        "/blobServices/default/containers/uploads",
        "BlobDataManagement/BlobInventory",
        "x/blobServices/default/containers/uploads/blobs/a.md",
    ],
)
def test_events_of_anything_else_are_refused(schema: Any, subject: str) -> None:
    with pytest.raises(InvalidRequest, match="container uploads"):
        decode(json.dumps(schema(subject=subject)))


@pytest.mark.parametrize("schema", [grid, cloud])
@pytest.mark.parametrize("kind", ["BlobRenamed", "BlobTierChanged", "DirectoryCreated", "DirectoryDeleted"])
def test_other_changes_are_refused_by_name(schema: Any, kind: str) -> None:
    with pytest.raises(InvalidRequest, match=f"not a created or deleted event: Microsoft.Storage.{kind}"):
        decode(json.dumps(schema("a.md", f"Microsoft.Storage.{kind}")))
