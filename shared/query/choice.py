"""Which model writes an answer: the host's, unless the question names another.

Called by query.answer and the edge.
"""

from dataclasses import replace

from shared.errors import InvalidRequest
from shared.services import Services

HOSTS_OWN = "rag"  # the host's model, whichever it is


def models(services: Services) -> tuple[str, ...]:
    """What questions may name: the host's model first, then the one that quotes."""
    return tuple(dict.fromkeys((services.chat_model.name, services.fallback_chat_model.name)))


def is_to_quote(name: str | None, services: Services) -> bool:
    """Whether quotations were asked for, which no language model is needed for, nor paid for."""
    return name == services.fallback_chat_model.name


def with_model(name: str | None, services: Services) -> Services:
    """The same services with the named model as their chat model. Errors: `InvalidRequest`."""
    if name in (None, HOSTS_OWN, services.chat_model.name):
        return services
    if is_to_quote(name, services):
        return replace(services, chat_model=services.fallback_chat_model, smaller_chat_model=None)
    raise InvalidRequest(f"there is no such model; choose one of {', '.join(models(services))}")
