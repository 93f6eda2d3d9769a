"""An answer with the OpenAI package, streamed: RAG_URL=… RAG_TOKEN=… python with_openai.py "A question?" """

import os
import sys

from openai import OpenAI

host = os.environ.get("RAG_URL", "http://127.0.0.1:7071")
client = OpenAI(base_url=f"{host}/api/v1", api_key=os.environ["RAG_TOKEN"])

sources: dict[str, str] = {}
with client.chat.completions.create(
    model="rag", messages=[{"role": "user", "content": sys.argv[1]}], stream=True
) as stream:
    for chunk in stream:
        delta = chunk.choices[0].delta
        print(delta.content or "", end="", flush=True)
        for annotation in delta.to_dict().get("annotations", []):
            cited = annotation["url_citation"]
            sources[cited["url"]] = cited["title"]
print()
for url, title in sources.items():
    print(f"{title} <{url}>")
