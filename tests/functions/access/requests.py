"""A request for every operation of the API, made of the things it is about. Used by the matrix."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import uuid4

import httpx

from tests.functions.access.things import Things

QUESTION = "How long is the warranty?"
_READERS = {"readers": ["everyone"]}
_MESSAGES = {"messages": [{"role": "user", "content": QUESTION}]}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request. `path` without ids in it stands for itself."""

    method: str
    path: str
    json: Any = None
    content: bytes | None = None
    form: dict[str, str] | None = None

    async def by(self, http: httpx.AsyncClient, headers: dict[str, str]) -> httpx.Response:
        return await http.request(
            self.method, self.path, json=self.json, content=self.content, data=self.form, headers=headers
        )


Build: TypeAlias = Callable[[Things], Sent]


def _sent(method: str, path: str, **body: Any) -> Build:
    """`{document}` and the like in the path and in the values of a JSON body are filled in."""

    def build(things: Things) -> Sent:
        given = vars(things) | {"unique": uuid4().hex}
        filled = {
            member: {k: v.format(**given) if isinstance(v, str) else v for k, v in value.items()}
            if isinstance(value, dict)
            else value
            for member, value in body.items()
        }
        return Sent(method=method, path=path.format(**given), **filled)

    return build


# By operation; what follows a slash is another request for the same one.
REQUESTS: dict[str, Build] = {
    "query": _sent("POST", "/api/query", json={"question": QUESTION}),
    "query/conversation": _sent(
        "POST", "/api/query", json={"question": QUESTION, "conversation_id": "{conversation}"}
    ),
    "search": _sent("POST", "/api/search", json={"question": QUESTION}),
    "chat": _sent("POST", "/api/chat", json=_MESSAGES),
    "chat/conversation": _sent("POST", "/api/chat", json=_MESSAGES | {"sessionState": "{conversation}"}),
    "chat_stream": _sent("POST", "/api/chat/stream", json=_MESSAGES),
    "chat_stream/conversation": _sent(
        "POST", "/api/chat/stream", json=_MESSAGES | {"sessionState": "{conversation}"}
    ),
    "list_models": _sent("GET", "/api/v1/models"),
    "model": _sent("GET", "/api/v1/models/rag"),
    "create_completion": _sent("POST", "/api/v1/chat/completions", json=_MESSAGES),
    "register": _sent("POST", "/api/auth/register", json={"email": "no address", "password": "x"}),
    "create_token": _sent("POST", "/api/auth/token", form={"grant_type": "none"}),
    "revoke_token": _sent("POST", "/api/auth/revoke", form={"token": "unknown"}),
    "me": _sent("GET", "/api/auth/me"),
    "sign_in_options": _sent("GET", "/api/auth/options"),
    "jwks": _sent("GET", "/.well-known/jwks.json"),
    "list_sessions": _sent("GET", "/api/auth/sessions"),
    "end_sessions": _sent("DELETE", "/api/auth/sessions"),
    "end_session": _sent("DELETE", "/api/auth/sessions/{session}"),
    "change_password": _sent(
        "PUT", "/api/auth/password", json={"current_password": "a wrong one", "new_password": "x"}
    ),
    "list_tokens": _sent("GET", "/api/auth/tokens"),
    "create_personal_token": _sent(
        "POST", "/api/auth/tokens", json={"name": "{unique}", "scopes": ["query"], "expires_in_days": 1}
    ),
    "revoke_personal_token": _sent("DELETE", "/api/auth/tokens/{token}"),
    "documents_summary": _sent("GET", "/api/documents/summary"),
    "list_documents": _sent("GET", "/api/documents"),
    "document": _sent("GET", "/api/documents/{document}"),
    "update_document": _sent("PATCH", "/api/documents/{document}", json=_READERS),
    "delete_document": _sent("DELETE", "/api/documents/{document}"),
    "retry_document": _sent("POST", "/api/documents/{document}/retry"),
    "retry_documents": _sent("POST", "/api/documents/retry", json={"ids": []}),
    "document_page": _sent("GET", "/api/documents/{document}/pages/1"),
    "document_content": _sent("GET", "/api/documents/{document}/content"),
    "upload_document": _sent("PUT", "/api/documents/{unique}.txt", content=b"A note."),
    "upload_document/shared": _sent("PUT", "/api/documents/shared/{unique}.txt", content=b"A note."),
    "upload_document/organisation": _sent(
        "PUT", "/api/documents/organisations/{organisation}/{unique}.txt", content=b"A note."
    ),
    "upload_documents": _sent("POST", "/api/documents", form={"nothing": "here"}),
    "create_upload": _sent("POST", "/api/documents/uploads", json={"name": "{unique}.txt", "size": 9}),
    "create_upload/shared": _sent(
        "POST", "/api/documents/uploads", json={"name": "shared/{unique}.txt", "size": 9}
    ),
    "list_folders": _sent("GET", "/api/folders"),
    "set_folder": _sent("PUT", "/api/folders/{unique}", json=_READERS),
    "set_folder/shared": _sent("PUT", "/api/folders/shared/{unique}", json=_READERS),
    "set_folder/organisation": _sent(
        "PUT", "/api/folders/organisations/{organisation}/{unique}", json=_READERS
    ),
    "delete_folder": _sent("DELETE", "/api/folders/{unique}"),
    "delete_folder/shared": _sent("DELETE", "/api/folders/shared/{unique}"),
    "export_conversations": _sent("GET", "/api/conversations/export"),
    "export_conversation": _sent("GET", "/api/conversations/{conversation}/export"),
    "list_conversations": _sent("GET", "/api/conversations"),
    "delete_conversations": _sent("DELETE", "/api/conversations"),
    "conversation": _sent("GET", "/api/conversations/{conversation}"),
    "rename_conversation": _sent("PATCH", "/api/conversations/{conversation}", json={"title": "New"}),
    "delete_conversation": _sent("DELETE", "/api/conversations/{conversation}"),
    "give_feedback": _sent(
        "POST",
        "/api/feedback",
        json={"conversation_id": "{conversation}", "request_id": "request", "rating": "up"},
    ),
    "list_organisations": _sent("GET", "/api/organisations"),
    "create_organisation": _sent("POST", "/api/organisations", json={"name": "{unique}"}),
    "rename_organisation": _sent("PATCH", "/api/organisations/{organisation}", json={"name": "{unique}"}),
    "delete_organisation": _sent("DELETE", "/api/organisations/{organisation}"),
    "list_users": _sent("GET", "/api/users"),
    "list_users/organisation": _sent("GET", "/api/users?organisation_id={organisation}"),
    "create_user": _sent(
        "POST", "/api/users", json={"email": "{unique}@example.org", "password": "plain enough words"}
    ),
    "create_user/organisation": _sent(
        "POST", "/api/users", json={"email": "no address", "organisation_id": "{organisation}"}
    ),
    "user": _sent("GET", "/api/users/{user}"),
    "update_user": _sent("PATCH", "/api/users/{user}", json={"is_disabled": False}),
    "update_user/administrator": _sent("PATCH", "/api/users/{user}", json={"is_administrator": False}),
    "end_user_sessions": _sent("DELETE", "/api/users/{user}/sessions"),
    "list_groups": _sent("GET", "/api/groups"),
    "list_groups/organisation": _sent("GET", "/api/groups?organisation_id={organisation}"),
    "create_group": _sent("POST", "/api/groups", json={"name": "{unique}!"}),
    "create_group/organisation": _sent(
        "POST", "/api/groups", json={"name": "{unique}!", "organisation_id": "{organisation}"}
    ),
    "group": _sent("GET", "/api/groups/{group}"),
    "rename_group": _sent("PATCH", "/api/groups/{group}", json={"name": "{unique}!"}),
    "delete_group": _sent("DELETE", "/api/groups/{group}"),
    "add_member": _sent("PUT", "/api/groups/{group}/members/{user}"),
    "remove_member": _sent("DELETE", "/api/groups/{group}/members/{user}"),
    "usage": _sent("GET", "/api/usage"),
    "usage/user": _sent("GET", "/api/usage?user={user}"),
    "list_indexes": _sent("GET", "/api/indexes"),
    "build_index": _sent("POST", "/api/indexes", json={"chunk_chars": 1}),
    "rollback_index": _sent("POST", "/api/indexes/rollback"),
    "gate_index": _sent("POST", "/api/indexes/{index}/gate"),
    "promote_index": _sent("POST", "/api/indexes/{index}/promote"),
    "remove_index": _sent("DELETE", "/api/indexes/{index}"),
    "live": _sent("GET", "/api/health/live"),
    "ready": _sent("GET", "/api/health/ready"),
    "metrics": _sent("GET", "/api/metrics"),
    "openapi": _sent("GET", "/api/openapi.json"),
    "api_docs": _sent("GET", "/api/docs"),
    "home": _sent("GET", "/"),
    "chat_page": _sent("GET", "/chat"),
    "web_file": _sent("GET", "/chat/app.js"),
}
