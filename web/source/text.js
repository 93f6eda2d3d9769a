/**
 * Views of what is text: Markdown with its headings, lists and tables, JSON with its indents, all else as it is.
 * A web page is shown as its words. Used by views.
 */

import { el } from "../dom.js";
import { blocksOf, nodeOf } from "../markdown.js";
import { textOfHtml } from "./html.js";
import { findPassage } from "./passage.js";

const MOST = 400_000; // characters shown of a long text
const KEY = /("(?:[^"\\\n]|\\.)*"\s*:)/; // which passages, made of the values, do not have
const LABEL = { tabindex: 0, role: "group", "aria-label": "Text of the document" };

/** @typedef {import("./views.js").View} View */

/** @param {string} text @param {string} snippet @returns {View} */
export function textView(text, snippet) {
  return { node: el("pre", { class: "source-text", dir: "auto", ...LABEL }, around(text, snippet)) };
}

/** @param {string} html @param {string} snippet @returns {View} */
export function htmlView(html, snippet) {
  return textView(textOfHtml(html), snippet);
}

/** @param {string} text @param {string} snippet @returns {View} */
export function jsonView(text, snippet) {
  let written = text;
  try {
    written = JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error; // shown as it is
  }
  const parts = around(written, snippet).split(KEY).map((part, index) => (index % 2 ? el("span", { class: "unsaid" }, part) : part));
  return { node: el("pre", { class: "source-text", ...LABEL }, ...parts) };
}

/** @param {string} text @param {string} snippet @returns {View} */
export function markdownView(text, snippet) {
  return { node: el("div", { class: "source-markdown answer-text", ...LABEL }, ...markdownNodes(around(text, snippet))) };
}

/** @param {string} text @returns {HTMLElement[]} */
export function markdownNodes(text) {
  return blocksOf(text).map((block) => nodeOf(block, () => null));
}

/** As much of a long text as can be shown, with the passage in its middle. */
function around(text, snippet) {
  if (text.length <= MOST) return text;
  const from = Math.max(0, (findPassage(text, snippet)?.start ?? 0) - MOST / 2);
  return (from > 0 ? "…\n" : "") + text.slice(from, from + MOST) + (from + MOST < text.length ? "\n…" : "");
}

/** @param {ArrayBuffer} bytes @returns {string} */
export function decoded(bytes) {
  const [first, second] = new Uint8Array(bytes);
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
