"""What narrows a search, as it is sent: tags in one spelling, folders, types, days. Used by the query and the
documents routes."""

import unicodedata
from datetime import UTC, date, datetime, time
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.domain import Filters
from shared.ingest.documents import MAX_NAME, is_writable

MOST_TAGS = 50
_TAG_CHARS = 64


def _tag(given: str) -> str:
    tag = unicodedata.normalize("NFC", given.strip().casefold())
    if not 1 <= len(tag) <= _TAG_CHARS:
        raise ValueError(f"a tag has 1 to {_TAG_CHARS} characters")
    if not is_writable(tag):
        raise ValueError("a tag has no control characters")
    return tag


def _folder(given: str) -> str:
    folder = unicodedata.normalize("NFC", given.strip("/"))
    if not folder or not is_writable(folder):
        raise ValueError("a folder is a path such as reports/2026")
    return folder


def _type(given: str) -> str:
    ending = given.lower().removeprefix(".")
    if not (ending.isascii() and ending.isalnum()):
        raise ValueError("a type is the ending of a name, such as pdf")
    return ending


def _moment(given: str) -> str:
    try:
        datetime.fromisoformat(given)
    except ValueError as error:
        raise ValueError("a date or time of ISO 8601 is 2026-03-31 or 2026-03-31T12:00:00Z") from error
    return given


Tag: TypeAlias = Annotated[str, AfterValidator(_tag)]
_Type: TypeAlias = Annotated[str, Field(max_length=16), AfterValidator(_type)]
_Moment: TypeAlias = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
DocumentIds: TypeAlias = Annotated[
    list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=1000)
]


class FiltersBody(BaseModel):
    """Which documents are searched: those that fit every filter that is given."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    folder: Annotated[str, Field(max_length=MAX_NAME), AfterValidator(_folder)] | None = None
    types: Annotated[list[_Type], Field(min_length=1, max_length=50)] | None = None
    tags: Annotated[list[Tag], Field(min_length=1, max_length=MOST_TAGS)] | None = None
    since: _Moment | None = None
    until: _Moment | None = None
    document_ids: DocumentIds | None = None

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "FiltersBody":
        filters = self.asked()
        if filters.since is not None and filters.until is not None and filters.since > filters.until:
            raise ValueError("`since` is later than `until`")
        return self

    def asked(self) -> Filters:
        """All of them but the ids."""
        return Filters(
            folder=self.folder,
            types=frozenset(self.types or ()),
            tags=frozenset(self.tags or ()),
            since=None if self.since is None else _seconds(self.since, time.min),
            until=None if self.until is None else _seconds(self.until, time.max),
        )


def _seconds(given: str, of_day: time) -> float:
    """A date alone is that time of its day; what names no offset is in UTC."""
    try:
        moment = datetime.combine(date.fromisoformat(given), of_day)
    except ValueError:
        moment = datetime.fromisoformat(given)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
