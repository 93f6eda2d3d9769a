"""Citations as OpenAI has them, so that its clients can show and link sources. Used by chat_completions.

Reference: https://platform.openai.com/docs/api-reference/chat/object (`message.annotations`)
"""

import re
from typing import Any

from functions.answers import citation_json
from shared.domain import Answer

_MARKER = re.compile(r"\[(\d{1,3})\]")  # as answers have them, whatever the model wrote


def annotations(answer: Answer, host: str) -> list[dict[str, Any]]:
    """A `url_citation` for each marker in the text, in their order; `host` is the address the page is at.

    The indices count characters of the text, the end exclusive. The link opens the source on the chat page,
    as the API itself lets no document be read without a token.
    """
    cited = {citation.marker: citation_json(citation) for citation in answer.citations}
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": marker.start(),
                "end_index": marker.end(),
                "title": f"{known['document']}, {known['page_kind']} {known['page']}",
                "url": f"{host.rstrip('/')}/chat#document/{known['document_id']}/{known['page']}",
            },
        }
        for marker in _MARKER.finditer(answer.text)
        if (known := cited.get(int(marker[1])))
    ]
