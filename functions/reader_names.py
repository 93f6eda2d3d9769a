"""How the API calls those who may read a document, or what is new in a folder: `readers`, both ways.

Called by the routes of documents and folders. What is stored names ids, so that nobody who takes over an
address or a group's name reads anything by it.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from shared.auth import sessions
from shared.auth.access import is_directory_reader, organisation_of
from shared.domain import (
    DEFAULT_ORGANISATION,
    EVERYONE,
    Group,
    Principal,
    group_reader,
    organisation_reader,
    user_reader,
)
from shared.errors import InvalidRequest
from shared.ingest.documents import SHARED
from shared.metadata_stores.base import MetadataStore
from shared.metadata_stores.base_people import name_key
from shared.services import Services

_ORGANISATION = "organisation"
_USER, _GROUP, _OF_ORGANISATION = user_reader(""), group_reader(""), organisation_reader("")
_UNKNOWN = "one of these readers is neither an account nor a group here"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something lies, and so whose people its readers may be."""

    organisation_id: str
    is_shared: bool  # under shared/, where they may be of any organisation

    @property
    def everyone(self) -> str:
        return EVERYONE if self.is_shared else organisation_reader(self.organisation_id)

    def takes(self, organisation_id: str) -> bool:
        return self.is_shared or organisation_id == self.organisation_id


def place_of(blob_name: str, caller: Principal) -> Place:
    """Of a blob, or a folder, that the caller may change: what has an owner is of their organisation."""
    return Place(
        organisation_id=organisation_of(blob_name) or caller.organisation_id,
        is_shared=blob_name.startswith(SHARED),
    )


async def stored_readers(wanted: Collection[str], place: Place, services: Services) -> frozenset[str]:
    """What the metadata store calls them.

    Errors: one `InvalidRequest` for whom nobody knows and who is of another organisation.
    """
    groups: dict[str, str] = {}
    if any(each.startswith(_GROUP) for each in wanted):
        there = await services.metadata.groups(place.organisation_id)
        groups = {name_key(group.name): group.id for group in there}
    readers = [await _stored(each, place, groups, services) for each in wanted]
    if None in readers:
        raise InvalidRequest(_UNKNOWN)
    return frozenset(filter(None, readers))


async def _stored(name: str, place: Place, groups: Mapping[str, str], services: Services) -> str | None:
    if name == EVERYONE:
        return place.everyone
    if name == _ORGANISATION:
        return organisation_reader(place.organisation_id)
    if is_directory_reader(name):
        is_taken = services.entra_tokens is not None and place.takes(DEFAULT_ORGANISATION)
        return name if is_taken else None
    if name.startswith(_GROUP):
        called = name.removeprefix(_GROUP).strip()
        group_id = groups.get(name_key(called)) or await _by_id(called, place, services.metadata)
        return group_reader(group_id) if group_id else None
    if name.startswith(_OF_ORGANISATION):
        known = {organisation_reader(each.id) for each in await services.metadata.organisations()}
        return name if place.is_shared and name in known else None
    user = await services.metadata.user_by_email(sessions.normalised_email(name))
    return user_reader(user.id) if user is not None and place.takes(user.organisation_id) else None


async def _by_id(group_id: str, place: Place, store: MetadataStore) -> str | None:
    """As groups of other organisations are shown under shared/."""
    group = await store.group(group_id)
    return group.id if group is not None and place.takes(group.organisation_id) else None


@dataclass(frozen=True, kw_only=True)
class Known:
    """The accounts and groups among some readers. What is gone has no name any more."""

    emails: Mapping[str, str]
    groups: Mapping[str, Group]

    def names(self, readers: Iterable[str], place: Place) -> list[str]:
        """What sharing calls them, everyone first."""
        names = {name for reader in readers if (name := self._name(reader, place)) is not None}
        return sorted(names, key=lambda name: (name != EVERYONE, name))

    def _name(self, reader: str, place: Place) -> str | None:
        if reader in (EVERYONE, place.everyone):
            return EVERYONE
        if reader == organisation_reader(place.organisation_id):
            return _ORGANISATION
        if is_directory_reader(reader) or reader.startswith(_OF_ORGANISATION):
            return reader
        if group := self.groups.get(reader):
            is_ours = group.organisation_id == place.organisation_id
            return group_reader(group.name if is_ours else group.id)
        return self.emails.get(reader)


async def known_among(readers: Iterable[str], store: MetadataStore) -> Known:
    ours = [reader for reader in set(readers) if not is_directory_reader(reader)]
    user_ids = [reader.removeprefix(_USER) for reader in ours if reader.startswith(_USER)]
    group_ids = [reader.removeprefix(_GROUP) for reader in ours if reader.startswith(_GROUP)]
    users = await asyncio.gather(*map(store.user, user_ids))
    groups = await asyncio.gather(*map(store.group, group_ids))
    return Known(
        emails={user_reader(user.id): user.email for user in users if user is not None},
        groups={group_reader(group.id): group for group in groups if group is not None},
    )
