"""SECURITY.md names code and tests that are there, and fields that the audit trail has."""

import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

from shared.telemetry.audit import Act, audit

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
FOLDERS = "shared|functions|host|cli|tests|docs|evals|web|[.]github"
NAMED = sorted(set(re.findall(rf"`((?:{FOLDERS})/[^`* ]*)`", PAGE)))


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_is_there(name: str) -> None:
    path = ROOT / name
    assert path.is_dir() if name.endswith("/") else path.is_file()


def test_every_kind_of_attacker_is_stopped_by_something_that_a_test_keeps() -> None:
    threats = PAGE.split("| who attacks |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(threats) >= 10
    for threat in threats:
        _, who, stops, kept, _ = threat.split("|")
        assert who.strip()
        assert stops.strip()
        assert "`tests/" in kept, threat


def test_the_fields_of_the_audit_trail_are_named() -> None:
    fields = {*inspect.signature(audit).parameters, "request_id"}
    assert {field for field in fields if f"`{field}`" in PAGE} == fields


def test_targets_that_the_page_names_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make (\w+)`", PAGE))
    assert named
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in named)


def test_every_act_of_the_audit_trail_is_explained_to_operators() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert [act for act in get_args(Act) if f"`{act}`" not in page] == []
