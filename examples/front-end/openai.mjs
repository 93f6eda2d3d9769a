// An answer with the OpenAI package, streamed: RAG_URL=… RAG_TOKEN=… node openai.mjs "A question?"
import OpenAI from "openai";

const { RAG_URL = "http://127.0.0.1:7071", RAG_TOKEN } = process.env;
const client = new OpenAI({ baseURL: `${RAG_URL}/api/v1`, apiKey: RAG_TOKEN });

const stream = await client.chat.completions.create({
  model: "rag",
  messages: [{ role: "user", content: process.argv[2] }],
  stream: true,
});
const sources = new Set();
for await (const { choices } of stream) {
  const delta = choices[0]?.delta;
  process.stdout.write(delta?.content ?? "");
  for (const { url_citation } of delta?.annotations ?? []) sources.add(`${url_citation.title} <${url_citation.url}>`);
}
console.log();
for (const source of sources) console.log(source);
