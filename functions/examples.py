"""Examples of what is sent and of what is answered, by operation. Used by description.

They are of one small story, in which each can be sent after those before it; tests/hostile sends them all.
Ids are whatever the host gives out: who tries them puts in their own.
"""

from typing import Any

QUESTION = "How long does the pump run?"
_ASKED = [{"role": "user", "content": QUESTION}]
_DOCUMENT = "3b5c2e0f9a1d4c7e8b6a5f4e3d2c1b0a"
_CONVERSATION = "9f0c1b7e5d3a4f2c8e6b7a9d0c1e2f3a"
_REQUEST = "7f0c2d1e-4b5a-4c3d-9e8f-0a1b2c3d4e5f"
_USER = "5d2f8c1b7a6e4d3c9b0a1f2e3d4c5b6a"
_ORGANISATION = "default"
_THEN = "2026-11-22T15:50:36+00:00"
_PASSWORD = "a sentence of your own"  # noqa: S105  # nosec B105 (an example)

REQUESTS: dict[str, Any] = {
    "register": {"email": "ada@example.com", "password": _PASSWORD},
    "create_token": {"grant_type": "password", "username": "ada@example.com", "password": _PASSWORD},
    "create_personal_token": {"name": "Nightly import", "scopes": ["ingest"], "expires_in_days": 90},
    "upload_document": "The pump runs for nine hours on one charge.\n",
    "upload_documents": {"files": ["The pump runs for nine hours on one charge.\n"]},
    "create_upload": {"name": "reports/2026.pdf", "size": 1024},
    "update_document": {"readers": ["everyone"], "tags": ["pumps"]},
    "retry_documents": {"prefix": "reports/", "parked_only": True},
    "set_folder": {"readers": ["everyone"]},
    "query": {"question": QUESTION},
    "search": {"question": QUESTION, "top_k": 5, "filters": {"types": ["pdf"]}},
    "chat": {"messages": _ASKED},
    "chat_stream": {"messages": _ASKED},
    "create_completion": {"model": "rag", "messages": _ASKED},
    "rename_conversation": {"title": "Pumps"},
    "give_feedback": {"conversation_id": _CONVERSATION, "request_id": _REQUEST, "rating": "up"},
    "create_organisation": {"name": "Northwind"},
    "rename_organisation": {"name": "Northwind Traders"},
    "create_user": {"email": "bob@example.com", "password": "a sentence of his own"},
    "update_user": {"manages_organisation": True},
    "create_group": {"name": "HR"},
    "rename_group": {"name": "People"},
    "build_index": {"chunk_chars": 600, "chunk_overlap": 80},
    "gate_index": {
        "questions": [{"question": QUESTION, "answers": [{"document": "reports/2026.pdf", "page": 7}]}]
    },
    "revoke_token": {"token": "the refresh token of the session"},
    "change_password": {"current_password": _PASSWORD, "new_password": "another sentence of your own"},
}

_CITATION = {
    "marker": 1,
    "document_id": _DOCUMENT,
    "document": "reports/2026.pdf",
    "page": 7,
    "page_kind": "page",
    "snippet": "The pump runs for nine hours on one charge.",
    "url": f"/api/documents/{_DOCUMENT}/content#page=7",
    "score": 0.92,
}
_CONTEXT = {
    "citations": [_CITATION],
    "conversation_id": _CONVERSATION,
    "degraded": None,
    "degraded_reason": None,
    "model": "gpt-4.1-mini",
    "cached": False,
    "index": "documents-v1-20261001t080000",
    "nearest": [],
    "follow_ups": ["How long does it take to charge the pump?"],
    "usage": {"prompt_tokens": 812, "completion_tokens": 21},
    "timings": {"retrieve": 18.4, "first_token": 402.1, "total": 911.0},
    "request_id": _REQUEST,
}
_ANSWER = "It runs for nine hours [1]."
_QUEUED = {"id": _DOCUMENT, "name": "reports/2026.pdf", "status": "queued"}
_MESSAGE = {"role": "assistant", "content": _ANSWER, "context": _CONTEXT}
_LINKED = {"start_index": 23, "end_index": 26, "title": "reports/2026.pdf, page 7", "url": _CITATION["url"]}
_SHOWN = {
    **_QUEUED,
    "title": "Annual report",
    "status": "indexed",
    "status_text": "indexed",
    "reason": None,
    "is_parked": False,
    "is_owner": True,
    "may_change": True,
    "readers": ["everyone"],
    "tags": ["pumps"],
    "size": 482113,
    "pages": 48,
    "page_kind": "page",
    "chunks": 160,
    "is_searchable": True,
    "created_at": _THEN,
    "updated_at": _THEN,
    "indexed_at": _THEN,
    "timings": {"parse": 310.2, "embed": 4031.7, "total": 4480.0},
}
_BOB = {
    "id": _USER,
    "email": "bob@example.com",
    "organisation_id": _ORGANISATION,
    "is_administrator": False,
    "manages_organisation": False,
    "is_disabled": False,
    "created_at": _THEN,
}
_GROUP = {
    "id": "6a1b",
    "organisation_id": _ORGANISATION,
    "name": "HR",
    "is_member": False,
    "created_at": _THEN,
}
_NORTHWIND = {"id": "4c2d", "name": "Northwind", "created_at": _THEN}
_TALK = {"id": _CONVERSATION, "title": "Pumps", "created_at": _THEN, "updated_at": _THEN}
_TURN = {
    "question": QUESTION,
    "answer": _ANSWER,
    "citations": [_CITATION],
    "withheld": False,
    "model": "gpt-4.1-mini",
}
_INDEX = {
    "name": "documents-v2-20261122t101010",
    "state": "building",
    "embedder": "multilingual-e5-small-int8",
    "dimension": 384,
    "chunk_chars": 600,
    "chunk_overlap": 80,
    "documents": 0,
    "missing": 312,
    "chunks": 0,
    "gate": None,
    "created_at": _THEN,
    "changed_at": _THEN,
}

ANSWERS: dict[str, Any] = {
    "register": {"user_id": _USER, "email": "ada@example.com", "is_administrator": True},
    "create_token": {
        "access_token": "eyJhbGciOiJFUzI1NiIs…",
        "token_type": "bearer",
        "expires_in": 900,
        "refresh_token": "kK3…",
        "scope": "query ingest admin",
    },
    "create_personal_token": {
        "id": "8e7d",
        "name": "Nightly import",
        "scopes": ["ingest"],
        "created_at": _THEN,
        "expires_at": "2027-02-20T15:50:36+00:00",
        "token": "rag_…",
    },
    "upload_document": _QUEUED,
    "upload_documents": {"documents": [_QUEUED]},
    "create_upload": {
        "method": "PUT",
        "url": "/api/documents/reports/2026.pdf",
        "headers": {},
        "expires_in": 900,
        "needs_token": True,
    },
    "update_document": _SHOWN,
    "document": _SHOWN,
    "document_page": {"page": 7, "page_kind": "page", "text": "## Pumps\n\nThe pump runs for nine hours."},
    "list_documents": {"documents": [_SHOWN], "next": None},
    "retry_document": _QUEUED,
    "retry_documents": {"retried": 3},
    "set_folder": {"path": "reports", "readers": ["everyone"]},
    "query": {"answer": _ANSWER, **_CONTEXT},
    "search": {"degraded": None, "passages": [{**_CITATION, "content": _CITATION["snippet"]}]},
    "chat": {"message": _MESSAGE, "sessionState": _CONVERSATION},
    "chat_stream": '{"delta": {"role": "assistant", "content": "It runs for nine hours [1]."}}\n',
    "create_completion": {
        "id": _REQUEST,
        "object": "chat.completion",
        "created": 1795362636,
        "model": "rag",
        "choices": [
            {
                "index": 0,
                "message": {
                    **_MESSAGE,
                    "annotations": [{"type": "url_citation", "url_citation": _LINKED}],
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 812, "completion_tokens": 21, "total_tokens": 833},
    },
    "rename_conversation": {**_TALK, "turns": [{**_TURN, "asked_at": _THEN, "request_id": _REQUEST}]},
    "give_feedback": {"rating": "up"},
    "create_organisation": _NORTHWIND,
    "rename_organisation": {**_NORTHWIND, "name": "Northwind Traders"},
    "create_user": _BOB,
    "update_user": {**_BOB, "manages_organisation": True},
    "create_group": _GROUP,
    "rename_group": {**_GROUP, "name": "People"},
    "build_index": _INDEX,
    "promote_index": {**_INDEX, "state": "live"},
    "gate_index": {
        "compared_with": "documents-v1-20261001t080000",
        "judged_at": _THEN,
        "documents": 312,
        "missing": 0,
        "questions": 180,
        "live": {"recall": 0.91, "answered": 0.84},
        "other": {"recall": 0.93, "answered": 0.85},
        "refusal": None,
    },
    "revoke_token": {},
}
