// What the unmodified npm package makes of the API. Called by npm_client.py: a job as JSON on standard
// input, what came of it as JSON on standard output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { folder, endpoint, token, messages, sessionState, streamed } = JSON.parse(readFileSync(0, "utf8"));
const file = createRequire(`${folder}/`).resolve("@microsoft/ai-chat-protocol/package.json");
const esm = new URL("dist/esm/index.js", pathToFileURL(file));
const { AIChatProtocolClient } = await import(esm);

const client = new AIChatProtocolClient(endpoint, { retryOptions: { maxRetries: 0 } });
const options = { sessionState, requestOptions: { headers: { Authorization: `Bearer ${token}` } } };
const told = {};
try {
  if (streamed) {
    told.deltas = [];
    for await (const delta of await client.getStreamedCompletion(messages, options)) told.deltas.push(delta);
  } else {
    told.completion = await client.getCompletion(messages, options);
  }
} catch (error) {
  told.error = { code: error.code, message: error.message };
}
process.stdout.write(JSON.stringify(told));
