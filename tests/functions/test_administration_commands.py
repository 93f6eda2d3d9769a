"""`rag organisations|users|groups|folders …` against the API itself: what they do and what they print."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from cli import administration
from cli.errors import CommandError
from functions.api import build_api
from functions.dependencies import Runtime
from shared.settings import read_settings
from tests.functions.conftest import open_without_models
from tests.planted import planted

SECRET = planted("longer password")
Told = Callable[[], str]


@pytest.fixture
def api(tmp_path: Path) -> FastAPI:
    return build_api(Runtime(read_settings(data=tmp_path / "rag"), open_without_models))


@pytest.fixture
def root(api: FastAPI) -> Iterator[TestClient]:
    """Whoever administers, signed in as `rag` does it."""
    with TestClient(api) as client:
        client.post("/api/auth/register", json={"email": "root@example.org", "password": SECRET})
        form = {"grant_type": "password", "username": "root@example.org", "password": SECRET}
        token = client.post("/api/auth/token", data=form).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client
        client.portal.call(api.state.runtime.close)  # type: ignore[union-attr]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    return lambda: capsys.readouterr().out


def test_organisations_are_made_renamed_and_removed(root: TestClient, told: Told) -> None:
    administration.create_organisation(root, "Acme")
    assert told().startswith("Acme is made: ")
    administration.rename_organisation(root, "ACME", "Zeta")
    administration.show_organisations(root)
    renamed, *listed = told().splitlines()
    assert renamed == "ACME is Zeta now"
    assert [line.partition("\t")[0] for line in listed] == ["Default", "Zeta"]
    administration.remove_organisation(root, "Zeta")
    with pytest.raises(CommandError, match="there is no organisation zeta; `rag organisations list`"):
        administration.remove_organisation(root, "zeta")


def test_the_password_of_a_new_account_is_all_that_is_printed(root: TestClient, told: Told) -> None:
    administration.create_user(root, "Ada@example.org", None, None)
    password = told().strip()
    form = {"grant_type": "password", "username": "ada@example.org", "password": password}
    assert root.post("/api/auth/token", data=form).status_code == 200
    administration.create_user(root, "bob@example.org", None, SECRET)
    assert told() == ""


def test_users_are_shown_with_what_they_administer_and_changed(root: TestClient, told: Told) -> None:
    administration.create_organisation(root, "Acme")
    administration.create_user(root, "ada@example.org", "acme", SECRET)
    administration.change_user(root, "ADA@example.org", {"manages_organisation": True, "is_disabled": True})
    administration.sign_out(root, "ada@example.org")
    told()
    administration.show_users(root, None)
    assert told().splitlines() == [
        "ada@example.org\tmanages the organisation, disabled",
        "root@example.org\tadministers the installation",
    ]
    administration.show_users(root, "Acme")
    assert told().startswith("ada@example.org")
    with pytest.raises(CommandError, match="409: nobody takes their own rights"):
        administration.change_user(root, "root@example.org", {"is_disabled": True})


def test_groups_and_their_members(root: TestClient, told: Told) -> None:
    for name in ("ada", "bob"):
        administration.create_user(root, f"{name}@example.org", None, SECRET)
    administration.create_group(root, "HR", None)
    administration.rename_group(root, "hr", "People", None)
    everybody = ["ada@example.org", "bob@example.org", "root@example.org"]
    administration.change_members(root, "people", everybody, None, leave=False)
    administration.change_members(root, "people", ["bob@example.org"], None, leave=True)
    unknown = ["bob@example.org", "eve@example.org"]
    with pytest.raises(CommandError, match=r"there is no user eve@example\.org"):
        administration.change_members(root, "people", unknown, None, leave=False)
    told()
    administration.show_members(root, "People", None)
    assert told().split() == ["ada@example.org", "root@example.org"]
    administration.show_groups(root, None)
    assert told() == "People\tyou are in it\n"
    administration.remove_group(root, "People", None)
    told()
    administration.show_groups(root, "default")
    assert told() == ""


def test_folders_say_who_reads_what_is_new(root: TestClient, told: Told) -> None:
    administration.create_group(root, "HR", None)
    told()
    administration.set_folder(root, "shared/hr & pay", ["group:hr", "root@example.org"])
    administration.show_folders(root)
    assert told().splitlines() == [
        "shared/hr & pay: group:HR, root@example.org",
        "shared/hr & pay\tgroup:HR, root@example.org",
    ]
    administration.clear_folder(root, "shared/hr & pay")
    told()
    administration.show_folders(root)
    assert told() == ""


def test_what_others_named_cannot_command_a_terminal(told: Told) -> None:
    clears_the_screen = "\x1b[2Jshared"
    answer = {"folders": [{"path": clears_the_screen, "readers": ["group:\x9b2J"]}]}
    with httpx.Client(
        base_url="http://host", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    ) as client:
        administration.show_folders(client)
    assert told() == "\\x1b[2Jshared\tgroup:\\x9b2J\n"
