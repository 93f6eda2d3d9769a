"""The work of `rag organisations|users|groups|folders …`, over the host's API.

People name organisations and groups by their names and users by their addresses; the API knows ids.
"""

from typing import Any
from urllib.parse import quote

import httpx
import typer

from cli.bulk.failures import printable
from cli.client import check
from cli.errors import CommandError
from cli.progress import counted
from cli.tables import Column, Row, show

_NAME = Column(title="name", value=lambda each: str(each["name"]))
_ID = Column(title="id", value=lambda each: str(each["id"]))
_EMAIL = Column(title="user", value=lambda each: str(each["email"]))


def show_organisations(client: httpx.Client, *, as_json: bool = False) -> None:
    show(_listed(client, "organisations"), _NAME, _ID, as_json=as_json)


def create_organisation(client: httpx.Client, name: str) -> None:
    made = check(client.post("/api/organisations", json={"name": name})).json()
    _say(f"{made['name']} is made: {made['id']}; its documents go under organisations/{made['id']}/")


def rename_organisation(client: httpx.Client, name: str, new: str) -> None:
    path = f"/api/organisations/{_organisation(client, name)}"
    _say(f"{name} is {check(client.patch(path, json={'name': new})).json()['name']} now")


def remove_organisation(client: httpx.Client, name: str) -> None:
    check(client.delete(f"/api/organisations/{_organisation(client, name)}"))
    _say(f"{name} is removed")


def show_users(client: httpx.Client, organisation: str | None, *, as_json: bool = False) -> None:
    users = _listed(client, "users", **_in(client, organisation))
    show(users, _EMAIL, Column(title="", value=_told_of), as_json=as_json)


def create_user(client: httpx.Client, email: str, organisation: str | None, password: str | None) -> None:
    """A password that the host made is all that the output has, so that a script can take it from there."""
    wish = {"email": email, **_in(client, organisation)} | ({"password": password} if password else {})
    made = check(client.post("/api/users", json=wish)).json()
    typer.echo(f"{printable(made['email'])} has an account", err=True)
    if "password" in made:
        typer.echo(made["password"])
        typer.echo("is its password; it is shown this once", err=True)


def change_user(client: httpx.Client, email: str, changes: dict[str, bool | str]) -> None:
    check(client.patch(f"/api/users/{_user(client, email)}", json=changes))
    _say(f"{email} is changed")


def sign_out(client: httpx.Client, email: str) -> None:
    check(client.delete(f"/api/users/{_user(client, email)}/sessions"))
    _say(f"{email} is signed out everywhere")


def show_groups(client: httpx.Client, organisation: str | None, *, as_json: bool = False) -> None:
    groups = _listed(client, "groups", **_in(client, organisation))
    yours = Column(title="", value=lambda each: "you are in it" if each["is_member"] else "")
    show(groups, _NAME, yours, as_json=as_json)


def create_group(client: httpx.Client, name: str, organisation: str | None) -> None:
    wish = {"name": name, **_in(client, organisation)}
    _say(f"{check(client.post('/api/groups', json=wish)).json()['name']} is made")


def rename_group(client: httpx.Client, name: str, new: str, organisation: str | None) -> None:
    path = f"/api/groups/{_group(client, name, organisation)}"
    _say(f"{name} is {check(client.patch(path, json={'name': new})).json()['name']} now")


def remove_group(client: httpx.Client, name: str, organisation: str | None) -> None:
    check(client.delete(f"/api/groups/{_group(client, name, organisation)}"))
    _say(f"{name} is removed: nobody reads anything by it any more")


def show_members(client: httpx.Client, name: str, organisation: str | None, *, as_json: bool = False) -> None:
    group = check(client.get(f"/api/groups/{_group(client, name, organisation)}")).json()
    if "members" not in group:
        raise CommandError("its members are told to who manages the organisation")
    show(group["members"], _EMAIL, as_json=as_json)


def change_members(
    client: httpx.Client, name: str, emails: list[str], organisation: str | None, *, leave: bool
) -> None:
    """Each of them. Errors: `CommandError`, before any is changed if one is not there."""
    group = _group(client, name, organisation)
    there = _listed(client, "users")
    members = [_id_of(email, "email", there, "user") for email in emails]
    for user_id in members:
        path = f"/api/groups/{group}/members/{user_id}"
        check(client.delete(path) if leave else client.put(path))
    _say(f"{counted(len(members), 'user')} {'left' if leave else 'came into'} {name}")


def show_folders(client: httpx.Client, *, as_json: bool = False) -> None:
    path = Column(title="folder", value=lambda each: str(each["path"]))
    readers = Column(title="readers", value=lambda each: ", ".join(each["readers"]) or "nobody any more")
    show(_listed(client, "folders"), path, readers, as_json=as_json)


def set_folder(client: httpx.Client, path: str, readers: list[str]) -> None:
    told = check(client.put(f"/api/folders/{quote(path)}", json={"readers": readers})).json()
    _say(f"{told['path']}: {', '.join(told['readers'])}")


def clear_folder(client: httpx.Client, path: str) -> None:
    check(client.delete(f"/api/folders/{quote(path)}"))
    _say(f"{path} says nothing any more of who reads what is new in it")


def _told_of(user: Row) -> str:
    told = [
        *(["administers the installation"] if user["is_administrator"] else []),
        *(["manages the organisation"] if user["manages_organisation"] else []),
        *(["disabled"] if user["is_disabled"] else []),
    ]
    return ", ".join(told)


def _listed(client: httpx.Client, what: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = check(client.get(f"/api/{what}", params=query)).json()[what]
    return found


def _in(client: httpx.Client, organisation: str | None) -> dict[str, str]:
    return {} if organisation is None else {"organisation_id": _organisation(client, organisation)}


def _organisation(client: httpx.Client, name: str) -> str:
    return _id_of(name, "name", _listed(client, "organisations"), "organisation")


def _group(client: httpx.Client, name: str, organisation: str | None) -> str:
    return _id_of(name, "name", _listed(client, "groups", **_in(client, organisation)), "group")


def _user(client: httpx.Client, email: str) -> str:
    return _id_of(email, "email", _listed(client, "users"), "user")


def _id_of(wanted: str, key: str, among: list[dict[str, Any]], kind: str) -> str:
    for each in among:
        if each[key].casefold() == wanted.casefold():
            return str(each["id"])
    raise CommandError(f"there is no {kind} {printable(wanted)}; `rag {kind}s list` shows them")


def _say(line: str) -> None:
    typer.echo(printable(line))
