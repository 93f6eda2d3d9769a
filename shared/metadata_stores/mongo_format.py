"""Which release a MongoDB database was last written for: the collection `format`. Used by `mongo_database`.

Fields that a release adds are left alone by the one before it, so both can work on one database during a
release and after it was taken back (docs/adr/0010).
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from shared.errors import ConfigError
from shared.metadata_stores.mongo_writes import repeatable

_KEY = "metadata"


@dataclass(frozen=True, kw_only=True)
class FormatRecord:
    """`readable_from`: the oldest version whose code can work on what this version writes."""

    version: int
    readable_from: int

    async def agree(self, database: AsyncDatabase[dict[str, Any]]) -> None:
        """Record this version, unless a newer one is. Errors: `ConfigError` where that shuts this one out."""
        formats = database["format"]
        found = await formats.find_one({"_id": _KEY}) or {"version": 0, "readable_from": 0}
        if found["readable_from"] > self.version:
            raise ConfigError(
                f"the database {database.name} was written by a newer release (format {found['version']}, "
                f"this release knows {self.version}); upgrade, or name another one by MONGODB_DATABASE"
            )
        if found["version"] < self.version:
            ours = {"version": self.version, "readable_from": self.readable_from}
            with suppress(DuplicateKeyError):  # another process of this release has just recorded it
                await repeatable(lambda: formats.update_one({"_id": _KEY}, {"$max": ours}, upsert=True))
