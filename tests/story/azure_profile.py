"""`RAG_PROFILE=azure` without Azure: Azurite, Redis and MongoDB for real, stand-ins for the rest.

Everything that asks for an identity is given the managed identity of the stand-in of Entra ID.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import azurite, mongo, redis
from tests.stand_ins.entra_server import EntraServer
from tests.stand_ins.event_grid import EventGrid
from tests.stand_ins.key_vault import KeyVault
from tests.stand_ins.openai_behaviour import CHAT, EMBEDDING, SMALLER_CHAT
from tests.stand_ins.openai_server import OpenAIServer
from tests.stand_ins.search_service import SearchService


@dataclass(frozen=True, kw_only=True)
class AzureProfile:
    """The services of one test, and the environment of a host over them."""

    environment: dict[str, str]
    entra: EntraServer
    openai: OpenAIServer
    search: SearchService
    vault: KeyVault


@contextmanager
def azure_profile(folder: Path, *, announces: bool = True) -> Iterator[AzureProfile]:
    """An index, a database and a storage account of the test's own. Skips where a server is missing.

    `announces`: whether changes of blobs become events by themselves.
    """
    storage = azurite.run()  # its own: the app's container and queues have fixed names
    database, cache = mongo.address(), redis.address()
    with ExitStack() as stack:
        entra = stack.enter_context(EntraServer())
        openai = stack.enter_context(OpenAIServer(tls=True))
        search = stack.enter_context(SearchService(tls=True, visible_after=0.2))
        vault = stack.enter_context(KeyVault())
        vault.contents.add("mongodb", database)
        if announces:
            stack.enter_context(EventGrid(storage))
        environment = {
            "RAG_PROFILE": "azure",
            "AZURE_OPENAI_ENDPOINT": openai.endpoint,
            "AZURE_OPENAI_CHAT_DEPLOYMENT": CHAT,
            "AZURE_OPENAI_FALLBACK_DEPLOYMENT": SMALLER_CHAT,
            "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": EMBEDDING,
            "AZURE_SEARCH_ENDPOINT": search.url,
            "AZURE_KEY_VAULT_URL": vault.url,
            "AzureWebJobsStorage": storage,
            "MONGODB_URI": "secret:mongodb",
            "MONGODB_DATABASE": mongo.database_for(folder),
            "REDIS_URL": cache,
            **entra.environment,
        }
        yield AzureProfile(environment=environment, entra=entra, openai=openai, search=search, vault=vault)
