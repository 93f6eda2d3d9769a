"""Which plugs are guarded, and how long a question waits for them: those that others run, over a network.

What runs in this process needs no breaker, and is left as it is.
"""

from shared.breaker import Breaker, Dependency, Guard, Watcher
from shared.chat_models.base import ChatModel
from shared.embedders.base import Embedder
from shared.search_indexes.base import SearchIndexes
from shared.settings import Settings

# Of the time to the first word; after that passages are searched for by words alone.
_EMBEDDER_SHARE = 0.5
# Of the time for the whole answer.
_SEARCH_SHARE = 1 / 3


class Guards:
    """One guard per dependency of this process, however many adapters it has."""

    def __init__(self, settings: Settings, watcher: Watcher) -> None:
        self._settings = settings
        self._watcher = watcher
        self._embedders: Guard | None = None

    def embedder(self, embedder: Embedder) -> Embedder:
        if not embedder.name.startswith("azure_openai:"):
            return embedder
        from shared.embedders.guarded import GuardedEmbedder

        self._embedders = self._embedders or Guard("embedder", self._watcher)
        timeout = self._settings.first_token_seconds * _EMBEDDER_SHARE
        return GuardedEmbedder(embedder, self._embedders, timeout=timeout)

    def chat_model(self, model: ChatModel) -> ChatModel:
        """The main one."""
        if self._settings.chat_model == "extractive":
            return model
        # LangChain's packages retry by themselves.
        return self._guarded(
            model, "chat_model", retries=not self._settings.chat_model.startswith("langchain:")
        )

    def smaller_model(self, model: ChatModel | None) -> ChatModel | None:
        return model and self._guarded(model, "smaller_chat_model", retries=True)

    def search_indexes(self, indexes: SearchIndexes) -> SearchIndexes:
        if self._settings.search_index != "azure_search":
            return indexes
        from shared.search_indexes.guarded import GuardedSearchIndexes

        timeout = self._settings.answer_timeout_seconds * _SEARCH_SHARE
        return GuardedSearchIndexes(indexes, Guard("search_index", self._watcher), timeout=timeout)

    def metadata(self) -> Breaker:
        return Breaker("metadata", self._watcher)

    def _guarded(self, model: ChatModel, dependency: Dependency, *, retries: bool) -> ChatModel:
        from shared.chat_models.guarded import GuardedChatModel

        return GuardedChatModel(model, Guard(dependency, self._watcher), retries=retries)
