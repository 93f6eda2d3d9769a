/**
 * Server-sent events out of a response's body. Used by api: EventSource can neither POST nor send a token.
 * As the HTML standard says, but for `id` and `retry`.
 */

import { Problem, isAbort } from "./problems.js";

const SLICE = 10; // milliseconds of events at a time: the browser draws between them

/** The events that the stream completed, as `{event, data}`. @param {ReadableStream<Uint8Array>} body */
export async function* eventsOf(body) {
  let event = "message";
  let data = [];
  let begun = performance.now();
  for await (const line of linesOf(body)) {
    if (line === "") {
      if (performance.now() - begun > SLICE) {
        await breath();
        begun = performance.now();
      }
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

/** Let the browser do other things first. A message, since timers of hidden pages are held up. */
function breath() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
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
