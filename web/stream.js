/**
 * Server-sent events out of a response's body. Used by api: EventSource can neither POST nor send a token.
 * As the HTML standard says, but for `id` and `retry`.
 */

import { Problem, isAbort } from "./problems.js";

/**
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<{event: string, data: string}>} events that the stream completed
 */
export async function* eventsOf(body) {
  let event = "message";
  /** @type {string[]} */
  let data = [];
  for await (const line of linesOf(body)) {
    if (line === "") {
      if (data.length) yield { event, data: data.join("\n") };
      event = "message";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    if (colon === 0) continue; // a comment: the server's heartbeat
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    if (name === "event") event = value;
  }
}

/** Lines end in CR, LF or CRLF, and a piece of the stream may end between any two bytes. */
async function* linesOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(brokenOff);
      rest += decoder.decode(value, { stream: !done });
      // A CR at the very end may be half of a CRLF: it waits for the next piece.
      const whole = done || !rest.endsWith("\r") ? rest : rest.slice(0, -1);
      const lines = whole.split(/\r\n|\r|\n/);
      rest = lines.pop() + rest.slice(whole.length);
      yield* lines;
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => {}); // the connection is gone already: nothing left to cancel
  }
}

/** @param {unknown} error @returns {never} */
function brokenOff(error) {
  throw isAbort(error) ? error : new Problem("The connection broke off before the answer was complete.");
}
