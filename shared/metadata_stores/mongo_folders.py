"""Who may read what is new in a folder, in MongoDB: a part of the `PeopleStore` of `MongoMetadataStore`."""

import re
from collections.abc import Sequence

from shared.domain import FolderDefault
from shared.metadata_stores.mongo_database import MongoDatabase, Row
from shared.metadata_stores.mongo_writes import by_id, change, insert, repeatable


class MongoFolders:
    _mongo: MongoDatabase

    async def set_folder_default(self, folder: FolderDefault) -> None:
        same, readers = by_id(folder.folder), sorted(folder.readers)
        async with self._mongo.calling() as database:
            folders = database["folder_defaults"]
            if not readers:
                await repeatable(lambda: folders.delete_one(same))
                return
            while not (
                await change(folders, same, {"$set": {"readers": readers}})
                or await insert(folders, {"_id": folder.folder, "readers": readers})
            ):
                pass  # somebody inserted it between the two

    async def folder_defaults(self, folders: Sequence[str]) -> list[FolderDefault]:
        return await self._find_folders({"$in": [str(folder) for folder in folders]})

    async def list_folder_defaults(self, *, prefix: str) -> list[FolderDefault]:
        return await self._find_folders({"$regex": f"^{re.escape(prefix)}"})

    async def _find_folders(self, which: Row) -> list[FolderDefault]:
        async with self._mongo.calling() as database:
            rows = await database["folder_defaults"].find({"_id": which}, sort=[("_id", 1)]).to_list()
            return [FolderDefault(folder=row["_id"], readers=frozenset(row["readers"])) for row in rows]
