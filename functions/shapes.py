"""What answers and questions look like, for the API's description. Used by description.

Nothing is checked against it at run time; tests/functions and tests/hostile hold every answer against it.
"""

from functions import answer_shapes as answers
from functions import people_shapes as people

# By operation. What is not here is described as its route says it: as an object.
SHAPES: dict[str, type[answers.Shape]] = {
    "query": answers.AnswerShape,
    "search": answers.FoundPassages,
    "chat": answers.ProtocolAnswer,
    "create_completion": answers.Completion,
    "create_token": people.TokenAnswer,
    "list_documents": answers.DocumentsPage,
    "document": answers.DocumentShape,
    "document_page": answers.PageText,
    "update_document": answers.DocumentShape,
    "upload_document": answers.QueuedDocument,
    "upload_documents": answers.QueuedDocuments,
    "retry_document": answers.QueuedDocument,
    "create_upload": answers.UploadTicket,
    "list_conversations": answers.ConversationsPage,
    "conversation": answers.WholeConversation,
    "rename_conversation": answers.WholeConversation,
    "export_conversation": answers.WholeConversation,
    "list_indexes": answers.IndexesList,
    "build_index": answers.IndexShape,
    "promote_index": answers.IndexShape,
    "rollback_index": answers.IndexShape,
    "give_feedback": answers.FeedbackGiven,
    "retry_documents": answers.RetriedDocuments,
    "live": answers.Probe,
    "ready": answers.Readiness,
    "register": people.Registered,
    "revoke_token": people.Nothing,
    "sign_in_options": people.SignInOptions,
    "me": people.Me,
    "list_sessions": people.SessionsList,
    "list_tokens": people.PersonalTokensList,
    "create_personal_token": people.NewPersonalToken,
    "list_users": people.UsersList,
    "create_user": people.NewUserShape,
    "user": people.UserShape,
    "update_user": people.UserShape,
    "list_groups": people.GroupsList,
    "create_group": people.GroupShape,
    "group": people.WholeGroup,
    "rename_group": people.GroupShape,
    "list_organisations": people.OrganisationsList,
    "create_organisation": people.OrganisationShape,
    "rename_organisation": people.OrganisationShape,
    "list_folders": people.FoldersList,
    "set_folder": people.FolderShape,
}
# What is no JSON, or not always.
MEDIA_TYPES: dict[str, tuple[str, ...]] = {
    "query": ("text/event-stream",),
    "create_completion": ("text/event-stream",),
    "chat_stream": ("application/jsonl",),
    "document_content": ("*/*",),
    "export_conversations": ("application/jsonl",),
    "export_conversation": ("text/markdown",),
    "metrics": ("text/plain",),
}
