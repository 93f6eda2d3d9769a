// An answer over Microsoft's AI Chat Protocol, streamed: RAG_URL=… RAG_TOKEN=… node ai-chat-protocol.mjs "A question?"
import { AIChatProtocolClient } from "@microsoft/ai-chat-protocol";

const { RAG_URL = "http://127.0.0.1:7071", RAG_TOKEN } = process.env;
const client = new AIChatProtocolClient(`${RAG_URL}/api/chat`);
const options = { requestOptions: { headers: { Authorization: `Bearer ${RAG_TOKEN}` } } };

let citations = [];
for await (const { delta } of await client.getStreamedCompletion([{ role: "user", content: process.argv[2] }], options)) {
  process.stdout.write(delta?.content ?? "");
  citations = delta?.context?.citations ?? citations;
}
console.log();
for (const { marker, document, page, page_kind } of citations) console.log(`[${marker}] ${document}, ${page_kind} ${page}`);
