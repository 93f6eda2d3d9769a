/** Says in what way an answer is less than it could be, and why. Loaded by turn with the first one that is. */

import { el } from "../dom.js";

const WAYS = {
  smaller_model: "A smaller model wrote this answer",
  cached: "This is an earlier answer to the same question",
  extractive: "This answer quotes the documents word for word, without the language model",
  text_search: "The documents were searched by words alone, not by meaning",
};

/** @param {import("../types.d.ts").Answer} answer */
export function degradedNote({ degraded, degraded_reason: reason }) {
  const words = `${WAYS[degraded] ?? "This answer was made in a reduced way"}${reason ? `: ${reason}` : ""}`;
  return el("p", { class: "note degraded" }, el("span", {}, /[.!?]$/.test(words) ? words : `${words}.`));
}
